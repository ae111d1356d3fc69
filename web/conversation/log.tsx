import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useActs } from '../acts/context.js'
import { Icon } from '../page/icons.js'
import { words } from '../text/words.js'
import { Compared } from './compared.js'
import { copied } from '../page/clipboard.js'
import { MessageView } from './message.js'
import { Follower } from './scroll.js'
import { Welcome } from './welcome.js'

/** The messages of the shown path. */
export function Log(): JSX.Element {
  const { chats } = useActs()
  const log = useRef<HTMLDivElement>(null)
  const follower = useSignal<Follower | undefined>(undefined)
  const path = chats.path.value
  const { id, sentAfter } = chats.current.value
  const w = words.value
  useEffect(() => {
    if (log.current) follower.value = new Follower(log.current)
  }, [])
  const lastQuestion = path.findLast(({ role }) => role === 'user')?.id
  // Opening a conversation and asking go to the end.
  useEffect(() => follower.value?.toEnd(), [id, lastQuestion, follower.value])
  const dropped = path.findIndex((message) => message.id === sentAfter) + 1
  return (
    <>
      <div ref={log} class="log" tabIndex={0} role="region" aria-label={w.conversations} onClick={onCodeButton}>
        <div class="column" aria-live="off" aria-busy={chats.shownRunning.value.length > 0}>
          {path.length === 0 && <Welcome />}
          {path.map((message, i) => (
            <div key={message.id} class={i < dropped ? 'dropped' : 'kept'}>
              {dropped > 0 && i === dropped && <p class="mark">{w.noLongerSent(dropped)}</p>}
              {message.compare === undefined ? (
                <MessageView message={message} isLast={i === path.length - 1} />
              ) : (
                <Compared message={message} isLast={i === path.length - 1} />
              )}
            </div>
          ))}
        </div>
      </div>
      {follower.value && !follower.value.isAtEnd.value && (
        <button type="button" class="to-end" onClick={() => follower.value?.toEnd()}>
          <Icon name="down" />
          {w.newLines}
        </button>
      )}
    </>
  )
}

/** The buttons of blocks of code, which the renderer makes without handlers. */
function onCodeButton({ target }: { target: EventTarget | null }): void {
  if (!(target instanceof HTMLElement)) return
  const block = target.closest('.code')
  const { act } = target.dataset
  if (!block || act === undefined) return
  if (act === 'wrap') block.classList.toggle('wrapped')
  else void copied(block.querySelector('code')?.textContent ?? '')
}
