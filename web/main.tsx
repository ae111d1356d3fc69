import { render } from 'preact'
import { App } from './app.js'
import { Acts } from './acts/acts.js'
import { Chats } from './acts/chats.js'
import { Desk } from './engine/desk.js'
import { ActsContext } from './acts/context.js'
import { listenToKeys } from './keys.js'
import { savedTheme, theme } from './page/ui.js'
import { openStore } from './storage/database.js'
import { preferredLanguage, speak } from './text/words.js'
import { openPlace } from './place.js'
import './style/tokens.css'
import './style/layout.css'
import './style/parts.css'
import './style/messages.css'
import './style/composer.css'
import './style/dialogs.css'
import './style/prose.css'

async function start(host: HTMLElement): Promise<void> {
  theme.value = savedTheme()
  const store = await openStore()
  const saved = await store.setting('language')
  await speak(saved === 'en' || saved === 'zh' ? saved : preferredLanguage())
  const chats = new Chats(store)
  const acts = new Acts(chats, new Desk(openPlace()))
  await chats.load()
  addEventListener('popstate', () => void chats.open(/^#\/c\/(\w+)/.exec(location.hash)?.[1] ?? ''))
  render(
    <ActsContext.Provider value={acts}>
      <App />
    </ActsContext.Provider>,
    host,
  )
  listenToKeys(acts)
  await acts.desk.refresh()
}

const host = document.getElementById('app')
if (host) void start(host)
