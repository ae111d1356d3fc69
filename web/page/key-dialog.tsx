import { signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { words } from '../text/words.js'

const asked = signal<((key: string | undefined) => void) | undefined>(undefined)

/** Asks the person for the key of the server. */
export function askKey(): Promise<string | undefined> {
  return new Promise((resolve) => {
    asked.peek()?.(undefined)
    asked.value = (key) => {
      asked.value = undefined
      resolve(key)
    }
  })
}

export function KeyDialog(): JSX.Element | null {
  return asked.value ? <Question answer={asked.value} /> : null
}

function Question({ answer }: { answer: (key: string | undefined) => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const key = useSignal('')
  const w = words.value
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="question" aria-labelledby="key-title" onClose={() => answer(undefined)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          answer(key.value)
        }}
      >
        <h2 id="key-title">{w.keyTitle}</h2>
        <label>
          {w.keyLabel}
          <input
            type="password"
            required
            autocomplete="off"
            value={key.value}
            onInput={(event) => (key.value = event.currentTarget.value)}
          />
        </label>
        <div class="row">
          <button type="submit" class="primary">
            {w.keyUse}
          </button>
          <button type="button" onClick={() => answer(undefined)}>
            {w.cancel}
          </button>
        </div>
      </form>
    </dialog>
  )
}
