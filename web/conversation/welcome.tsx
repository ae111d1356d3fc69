import type { JSX } from 'preact'
import { useActs } from '../acts/context.js'
import { words } from '../text/words.js'

/** What an empty conversation shows. */
export function Welcome(): JSX.Element {
  const acts = useActs()
  const w = words.value
  const isServed = acts.desk.place.kind === 'server'
  const isMini = acts.model === 'mini'
  return (
    <section class="welcome">
      <h2>{w.greeting}</h2>
      <p class="muted">{isServed ? w.greetingServed : w.greetingWorker}</p>
      {isMini && (
        <ul>
          {w.tryOne.map((question) => (
            <li key={question}>
              <button type="button" dir="auto" onClick={() => void acts.send(question, [])}>
                {question}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
