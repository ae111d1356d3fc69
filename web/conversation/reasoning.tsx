import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { Icon } from '../page/icons.js'
import type { Message } from '../storage/types.js'
import { number, words } from '../text/words.js'
import { Body } from './body.js'
import type { Running } from '../acts/running.js'

/** What the model thought, folded until somebody opens it. */
export function Reasoning({
  message,
  running,
}: {
  message: Message
  running?: Running | undefined
}): JSX.Element | null {
  const isOpen = useSignal(false)
  const isThinking = running?.phase.value === 'thinking'
  const text = running?.reasoning ?? message.reasoning ?? ''
  if (text === '' && !isThinking) return null
  const { thinking, thought, thoughtShort, seconds } = words.value
  const took = message.reasoningSeconds
  const label = isThinking
    ? thinking
    : took === undefined
      ? thoughtShort
      : thought(seconds(number(took, took < 10 ? 1 : 0)))
  return (
    <div class={isThinking ? 'reasoning live' : 'reasoning'}>
      <button type="button" class="fold" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
        <Icon name="thought" />
        <span>{label}</span>
        <Icon name={isOpen.value ? 'down' : 'right'} />
      </button>
      {isOpen.value && <Body text={message.reasoning ?? ''} of="reasoning" running={running} />}
    </div>
  )
}
