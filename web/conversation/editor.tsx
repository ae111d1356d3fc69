import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useActs } from '../acts/context.js'
import type { Message } from '../storage/types.js'
import { words } from '../text/words.js'
import { isComposing } from '../page/composing.js'

/** Changes a message: a question is asked again, an answer gets another version. Neither takes the place of the first. */
export function Editor({ message, onClose }: { message: Message; onClose: () => void }): JSX.Element {
  const acts = useActs()
  const text = useSignal(message.text)
  const field = useRef<HTMLTextAreaElement>(null)
  const w = words.value
  useLayoutEffect(() => field.current?.focus(), [])
  const save = (): void => {
    onClose()
    void acts.edit(message, text.value)
  }
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <textarea
        ref={field}
        dir="auto"
        aria-label={w.edit}
        rows={Math.min(16, message.text.split('\n').length + 1)}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (isComposing(event)) return
          if (event.key === 'Escape') {
            event.stopPropagation()
            onClose()
          } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save()
        }}
      />
      <div class="row">
        <button type="submit" class="primary" disabled={text.value.trim() === ''}>
          {message.role === 'user' ? w.saveAndAsk : w.save}
        </button>
        <button type="button" onClick={onClose}>
          {w.cancel}
        </button>
      </div>
    </form>
  )
}
