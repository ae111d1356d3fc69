import type { JSX } from 'preact'
import { useActs } from '../acts/context.js'
import { Answer } from './message.js'
import type { Message } from '../storage/types.js'
import { number, words } from '../text/words.js'

const NAMES = ['A', 'B']

/** Answers to one question side by side, and where they part. */
export function Compared({ message, isLast }: { message: Message; isLast: boolean }): JSX.Element {
  const acts = useActs()
  const { chats } = acts
  const w = words.value
  const lanes = chats.messages.value
    .filter(({ compare, parent }) => compare === message.compare && parent === message.parent)
    .sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
  const isRunning = lanes.some(({ id, state }) => chats.running.value.has(id) || state === 'answering')
  const [a, b] = lanes
  const same = !isRunning && a && b ? sameWords(a.text, b.text) : undefined
  const keep = async (lane: Message): Promise<void> => {
    await chats.put(...lanes.map((each) => ({ ...each, compare: undefined })))
    await acts.choose(lane)
  }
  return (
    <section class="compared" aria-label={w.compare}>
      <div class="lanes">
        {lanes.map((lane, i) => (
          <article key={lane.id} class="message assistant lane" data-id={lane.id} aria-label={NAMES[i] ?? ''}>
            <header>
              <h2>
                {NAMES[i] ?? ''} · {lane.model}
              </h2>
              <span class="muted">{settingsOf(lane)}</span>
            </header>
            <Answer message={lane} running={chats.running.value.get(lane.id)} isLast={isLast} />
            {!isRunning && (
              <button type="button" onClick={() => void keep(lane)}>
                {w.keep(NAMES[i] ?? '')}
              </button>
            )}
          </article>
        ))}
      </div>
      {same !== undefined && <p class="counts">{same === Infinity ? w.same : w.sameUntil(same)}</p>}
    </section>
  )
}

function settingsOf({ recipe }: Message): string {
  const { temperature, precision, seed } = recipe?.settings ?? {}
  return [
    ...(precision === undefined ? [] : [precision]),
    ...(temperature === undefined ? [] : [`T ${number(temperature, 2)}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
  ].join(' · ')
}

/** How many words two texts begin alike with; Infinity where they are the same. */
export function sameWords(a: string, b: string): number {
  if (a === b) return Infinity
  const [left, right] = [a, b].map((text) => text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+/gu) ?? [])
  let count = 0
  while (left![count] !== undefined && left![count] === right![count]) count++
  return count
}
