import { useSignal } from '@preact/signals'
import type { JSX, TargetedEvent } from 'preact'
import { useActs } from '../acts/context.js'
import type { ModelStore } from '../engine/line.js'
import { say } from '../page/ui.js'
import { words } from '../text/words.js'

/** Waits for a model, and asks it in this conversation from then on. */
export function useAdding(): (adding: Promise<string | undefined>) => Promise<void> {
  const { desk, chats } = useActs()
  return async (adding) => {
    try {
      const name = await adding
      if (name === undefined) return
      await desk.refresh()
      await chats.change({ model: name })
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
    }
  }
}

/** Browsers keep what a page stores through want of space where it asked for that, within a click. */
export function keepStorage(): void {
  const { storage } = navigator as { storage?: StorageManager }
  void storage?.persist().catch(() => false)
}

/** Models from this machine, and by a name or an address. */
export function AddModel({ store }: { store: ModelStore }): JSX.Element {
  const { desk } = useActs()
  const address = useSignal('')
  const add = useAdding()
  const w = words.value
  const onFiles = ({ currentTarget }: TargetedEvent<HTMLInputElement>): void => {
    void add(store.add([...(currentTarget.files ?? [])]))
    currentTarget.value = ''
  }
  return (
    <section class="add">
      <h3>{w.addModel}</h3>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault()
          const given = address.value.trim()
          address.value = ''
          keepStorage()
          const isRead = /^https?:/i.test(given) && !/\.gguf([?#]|$)/i.test(given)
          void add(isRead ? store.addAddress(given) : desk.pull(given))
        }}
      >
        <input
          type="text"
          required
          aria-label={w.addAddress}
          placeholder={w.addAddressHint}
          value={address.value}
          onInput={(event) => (address.value = event.currentTarget.value)}
        />
        <button type="submit">{w.add}</button>
      </form>
      <div class="row">
        <label class="button">
          {w.addFiles}
          <input type="file" multiple class="offscreen" onChange={onFiles} />
        </label>
        <label class="button">
          {w.addFolder}
          <input
            type="file"
            class="offscreen"
            ref={(input) => input?.setAttribute('webkitdirectory', '')}
            onChange={onFiles}
          />
        </label>
      </div>
      <p class="muted">{w.addDropped}</p>
    </section>
  )
}
