import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { Composer } from './conversation/composer.js'
import { ConversationList } from './list/list.js'
import { Log } from './conversation/log.js'
import { ModelsPanel } from './models/panel.js'
import { useActs } from './acts/context.js'
import { IconButton } from './page/icons.js'
import { KeyDialog } from './page/key-dialog.js'
import { KeysPanel } from './keys.js'
import { isListOpen, panel, status, toast } from './page/ui.js'
import { SettingsPanel } from './settings/panel.js'
import { words } from './text/words.js'

/** The whole page. */
export function App(): JSX.Element {
  const acts = useActs()
  const { chats } = acts
  const w = words.value
  useSignalEffect(() => {
    const title = chats.current.value.title
    document.title = title === '' ? words.value.name : `${title} · ${words.value.name}`
  })
  useSignalEffect(() => speakStatus(acts))
  return (
    <>
      <a class="skip" href="#message">
        {w.skip}
      </a>
      <ConversationList />
      {isListOpen.value && <div class="veil" onClick={() => (isListOpen.value = false)} />}
      <main>
        <header class="top">
          <IconButton icon="menu" class="open-list" label={w.conversations} onClick={() => (isListOpen.value = true)} />
          <h1 class="title" dir="auto">
            {chats.current.value.title || w.newConversation}
          </h1>
          <ModelChoice />
          <IconButton icon="sliders" label={w.settings} onClick={() => (panel.value = 'settings')} />
        </header>
        <Notices />
        <Log />
        <Composer />
      </main>
      {panel.value === 'settings' && <SettingsPanel />}
      {panel.value === 'models' && <ModelsPanel />}
      {panel.value === 'keys' && <KeysPanel />}
      <KeyDialog />
      <p class="offscreen" role="status">
        {status.value}
      </p>
      {toast.value && (
        <div class="toast" role="alert">
          <span>{toast.value.text}</span>
          {toast.value.action && (
            <button
              type="button"
              onClick={() => {
                toast.value?.action?.run()
                toast.value = undefined
              }}
            >
              {toast.value.action.label}
            </button>
          )}
        </div>
      )}
    </>
  )
}

/** Which model is asked in this conversation. */
function ModelChoice(): JSX.Element | null {
  const acts = useActs()
  const { desk, chats } = acts
  const { model } = acts
  // What a server says of its model costs nothing; an engine of the page is loaded when it is asked.
  useEffect(() => {
    if (desk.place.kind === 'server' && model !== undefined) desk.engine(model).catch(() => undefined)
  }, [model])
  if (desk.entries.value.length === 0) return null
  return (
    <select
      class="model-choice"
      aria-label={words.value.model}
      value={model}
      onChange={(event) => void chats.change({ model: event.currentTarget.value })}
    >
      {desk.entries.value
        .filter(({ state }) => state !== 'partial')
        .map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
    </select>
  )
}

/** What is wrong with the page as a whole, in a line each. */
function Notices(): JSX.Element | null {
  const { chats, desk } = useActs()
  const w = words.value
  return (
    <>
      {!chats.store.isKept && <p class="notice">{w.keepsNothing}</p>}
      {desk.failure.value !== undefined && (
        <p class="notice" role="alert" title={desk.failure.value}>
          {w.noAnswer(location.host)} {w.startIt}
          <button type="button" onClick={() => void desk.refresh()}>
            {w.tryAgain}
          </button>
        </p>
      )}
      {desk.place.notice?.value !== undefined && <p class="notice">{w[desk.place.notice.value]}</p>}
    </>
  )
}

/** A screen reader hears where the answer is, once at each place, and never the pieces. */
function speakStatus({ chats }: ReturnType<typeof useActs>): void {
  const [message] = chats.shownRunning.value
  const running = message && chats.running.value.get(message.id)
  const w = words.value
  if (running) {
    const phases = { reading: w.statusReading, thinking: w.statusThinking, answering: w.statusAnswering }
    status.value = phases[running.phase.value]
  } else if (status.peek() !== '') {
    const last = chats.path.value.at(-1)
    if (last?.role === 'assistant' && last.state !== 'answering')
      status.value = w.statusFinished(last.text.split(/\s+/).length)
  }
}
