import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useActs } from '../acts/context.js'
import { Icon } from '../page/icons.js'
import type { Call, Message } from '../storage/types.js'
import { words } from '../text/words.js'

/** A call that the model made. The page runs nothing: a person gives the result, or refuses. */
export function CallCard({ call, message, isOpen }: { call: Call; message: Message; isOpen: boolean }): JSX.Element {
  const acts = useActs()
  const result = useSignal('')
  const w = words.value
  const give = (text: string): void => void acts.giveResult(message, call.id, text)
  const answered = acts.chats.path.value.some(({ role, callId }) => role === 'tool' && callId === call.id)
  return (
    <section class="call" aria-label={w.call(call.name)}>
      <h3>
        <Icon name="tool" />
        <code>{call.name}</code>
      </h3>
      <Arguments text={call.arguments} />
      {isOpen && !answered && (
        <form
          class="give"
          onSubmit={(event) => {
            event.preventDefault()
            give(result.value)
          }}
        >
          <label>
            {w.callResult}
            <textarea rows={2} value={result.value} onInput={(e) => (result.value = e.currentTarget.value)} />
          </label>
          <div class="row">
            <button type="submit" class="primary">
              {w.giveResult}
            </button>
            <button type="button" onClick={() => give(w.refused)}>
              {w.refuse}
            </button>
          </div>
        </form>
      )}
    </section>
  )
}

/** Arguments as a table of their keys; what is no object yet, as it is. */
function Arguments({ text }: { text: string }): JSX.Element {
  const parsed = objectOf(text)
  if (!parsed) return <pre tabIndex={0}>{text}</pre>
  return (
    <dl>
      {Object.entries(parsed).map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
