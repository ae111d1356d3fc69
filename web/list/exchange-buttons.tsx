import type { JSX } from 'preact'
import { useActs } from '../acts/context.js'
import { Icon } from '../page/icons.js'
import { saveText } from '../page/save.js'
import { say } from '../page/ui.js'
import { words } from '../text/words.js'
import { fromJson, toJson } from '../storage/exchange.js'
import { fromMarkdown, toMarkdown } from '../storage/markdown.js'

/** Conversations out of this browser and into it. */
export function ExchangeButtons(): JSX.Element {
  const { chats } = useActs()
  const w = words.value
  const exportAll = async (): Promise<void> => {
    const all = await Promise.all(
      chats.all.value.map(async (conversation) => ({
        conversation,
        messages: await chats.store.messagesOf(conversation.id),
      })),
    )
    saveText('kaiyuan-conversations.json', toJson(all), 'application/json')
  }
  const importFile = async (file: File): Promise<void> => {
    try {
      const text = await file.text()
      // By what it is and not by its name.
      const all = /^\s*[{[]/.test(text) ? fromJson(text) : [fromMarkdown(text, file.name)]
      for (const { conversation, messages } of all) {
        await chats.store.putMessages(messages)
        await chats.keep(conversation)
      }
      const [first] = all
      if (first && all.length === 1) await chats.show(first.conversation)
      say(w.imported(all.length))
    } catch (error) {
      say(w.importFailed(file.name, error instanceof Error ? error.message : String(error)))
    }
  }
  const exportOne = (as: 'json' | 'markdown'): void => {
    const conversation = chats.current.value
    const name = conversation.title || w.untitled
    if (as === 'json') {
      const whole = { conversation, messages: chats.messages.value }
      saveText(`${name}.json`, toJson([whole]), 'application/json')
    } else saveText(`${name}.md`, toMarkdown(conversation, chats.path.value, w), 'text/markdown')
  }
  const isEmpty = chats.path.value.length === 0
  return (
    <details class="exchange">
      <summary class="tool">
        <Icon name="exchange" />
        {w.exchange}
      </summary>
      <div>
        <label class="button">
          {w.import}
          <input
            type="file"
            accept=".json,.md,application/json,text/markdown"
            class="offscreen"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0]
              if (file) void importFile(file)
              currentTarget.value = ''
            }}
          />
        </label>
        <button type="button" disabled={isEmpty} onClick={() => exportOne('markdown')}>
          {w.exportMarkdown}
        </button>
        <button type="button" disabled={isEmpty} onClick={() => exportOne('json')}>
          {w.exportJson}
        </button>
        <button type="button" disabled={chats.all.value.length === 0} onClick={() => void exportAll()}>
          {w.exportAll}
        </button>
      </div>
    </details>
  )
}
