import type { JSX } from 'preact'
import { useActs } from '../acts/context.js'
import { say } from '../page/ui.js'
import { number, words } from '../text/words.js'
import type { Message } from '../storage/types.js'
import type { Acts } from '../acts/acts.js'
import { optionsOf, promptOf } from '../acts/prompt.js'
import type { Full } from '../acts/room.js'

/** What can be done when a conversation does not fit the context. */
export function FullPanel({ message, full }: { message: Message; full: Full }): JSX.Element {
  const acts = useActs()
  const w = words.value
  const run = (work: Promise<void>): void =>
    void work.catch((error: unknown) => say(error instanceof Error ? error.message : String(error)))
  return (
    <section class="full" aria-label={w.contextFull}>
      <h3>{w.contextFull}</h3>
      <p>{w.contextFullText(number(full.needed), number(full.of))}</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => run(dropOldest(acts, message))}>
          {w.dropOldest}
        </button>
        <button type="button" onClick={() => run(summarised(acts))}>
          {w.newWithSummary}
        </button>
      </div>
    </section>
  )
}

/** A third of what is sent goes, in whole turns: a part at a time, so that the cache is not lost with each question. */
async function dropOldest(acts: Acts, message: Message): Promise<void> {
  const { chats } = acts
  const path = chats.path.value
  const from = path.findIndex(({ id }) => id === chats.current.value.sentAfter) + 1
  const questions = path.flatMap(({ role }, i) => (role === 'user' && i > from ? [i] : []))
  const next = questions.find((i) => i - from >= (path.length - from) / 3) ?? questions.at(-1)
  if (next === undefined) throw new Error(words.value.questionTooLong)
  await chats.change({ sentAfter: path[next - 1]?.id })
  await acts.retry(message)
}

/** The model writes what a new conversation begins with. */
async function summarised(acts: Acts): Promise<void> {
  const { chats, desk, model } = acts
  if (model === undefined) return
  const before = chats.current.value
  const engine = await desk.engine(model, before.settings.precision)
  const said = chats.path.value.filter(({ state }) => state === 'done' || state === 'cut')
  const question = said.findLast(({ role }) => role === 'user')
  // The later half fits, with room for the summary.
  const half = said.slice(Math.floor(said.length / 2), said.length - 1)
  const ask = [
    ...promptOf(half, { settings: before.settings }),
    { role: 'user' as const, content: words.value.summarise },
  ]
  let summary = ''
  const settings = { ...before.settings, schema: undefined, tools: undefined }
  const limit = Math.floor(engine.info.contextLength / 4)
  for await (const part of engine.chat(ask, { ...optionsOf(settings), maxTokens: limit }))
    if (part.kind === 'text') summary += part.text
  const system = [before.settings.system, words.value.summaryOf(summary.trim())].filter(Boolean).join('\n\n')
  chats.begin({ ...before.settings, system })
  // What was asked last waits in the field of the new one.
  if (question) await chats.store.putDraft(chats.current.value.id, question.text)
  chats.drafted.value++
}
