import type { Engine } from '../engine/engine.js'
import type { Session } from '../engine/answer/session.js'
import { UserError } from '../errors.js'

export interface Rounds {
  readonly promptTokens: number
  readonly newTokens: number
  readonly rounds: number
  /** Tokens that are in the cache before a round begins. */
  readonly depth: number
  /** Answers that continue side by side. */
  readonly streams: number
  readonly signal: AbortSignal
}

/** Tokens per second, of all streams together. */
interface Speeds {
  readonly prefill: number
  readonly decode: number
  /** The answer of the first stream in the first counted round: what another engine's may be compared with. */
  readonly answerIds: readonly number[]
}

/** Fills the cache, warms up once, and takes the medians of the rounds. */
export async function measureRounds(engine: Engine, rounds: Rounds): Promise<Speeds> {
  checkRoom(engine, rounds)
  const sessions = await openSessions(engine, rounds)
  const prefill: number[] = []
  const decode: number[] = []
  let answerIds: readonly number[] = []
  for (let round = 0; round <= rounds.rounds; round++) {
    const speeds = await measure(engine, sessions, rounds, round)
    if (round === 0) continue
    if (round === 1) answerIds = speeds.answerIds
    prefill.push(speeds.prefill)
    decode.push(speeds.decode)
  }
  await Promise.all(sessions.map((session) => session.close()))
  return { prefill: median(prefill), decode: median(decode), answerIds }
}

/** A full context would end the answers early. @throws UserError */
function checkRoom(engine: Engine, { depth, promptTokens, newTokens }: Rounds): void {
  const { contextLength } = engine.info
  const tokens = depth + promptTokens + newTokens
  if (tokens <= contextLength) return
  throw new UserError(
    `expected --depth, -p and -n of at most ${contextLength} tokens together, which is the context; ` +
      `found ${depth} + ${promptTokens} + ${newTokens} = ${tokens}; lower one of them`,
    'invalid_argument',
  )
}

/** A session for each stream, with `depth` tokens in its cache: of its own, or all would share the pages. */
export async function openSessions(engine: Engine, { streams, depth, signal }: Rounds): Promise<Session[]> {
  const sessions = Array.from({ length: streams }, () => engine.session())
  if (depth > 0)
    await Promise.all(sessions.map((session, stream) => run(session, deepIds(engine, depth, stream), 1, signal)))
  return sessions
}

async function run(session: Session, ids: number[], maxTokens: number, signal: AbortSignal): Promise<number[]> {
  const options = { ignoreEos: true, temperature: 0, speculate: 'off' as const, signal }
  const result = await session.generate(ids, { ...options, maxTokens }).result
  if (result.finishReason === 'abort') throw new UserError('cancelled', 'aborted')
  return result.ids
}

function deepIds(engine: Engine, depth: number, stream: number): number[] {
  return promptIds(engine, depth, 100 + stream)
}

/** Prompts and answers of all streams in one round: first all prompts, each with one token after it, then the others. */
export function roundOf(
  engine: Engine,
  sessions: readonly Session[],
  { promptTokens, newTokens, depth, streams, signal }: Rounds,
  round: number,
): { readPrompts: () => Promise<number[][]>; answer: (firsts: readonly number[][]) => Promise<number[][]> } {
  const prompts = sessions.map((_, stream) => [
    ...deepIds(engine, depth, stream),
    ...promptIds(engine, promptTokens, round * streams + stream),
  ])
  const all = (ids: (stream: number) => number[], maxTokens: number): Promise<number[][]> =>
    Promise.all(sessions.map((session, stream) => run(session, ids(stream), maxTokens, signal)))
  return {
    readPrompts: () => all((stream) => prompts[stream]!, 1),
    answer: (firsts) => all((stream) => [...prompts[stream]!, ...firsts[stream]!], newTokens - 1),
  }
}

async function measure(engine: Engine, sessions: Session[], rounds: Rounds, round: number): Promise<Speeds> {
  const { promptTokens, streams } = rounds
  const { readPrompts, answer } = roundOf(engine, sessions, rounds, round)
  const started = performance.now()
  const firsts = await readPrompts()
  const prefilled = performance.now()
  const rests = await answer(firsts)
  const seconds = (performance.now() - prefilled) / 1000
  return {
    prefill: (promptTokens * streams * 1000) / (prefilled - started),
    decode: rests.reduce((sum, ids) => sum + ids.length, 0) / seconds,
    answerIds: [...firsts[0]!, ...rests[0]!],
  }
}

/** Any ids do: time does not depend on them. Another prompt each round, so that nothing is reused. */
export function promptIds(engine: Engine, count: number, round: number): number[] {
  const vocabulary = Math.min(engine.info.vocabSize, 250)
  return Array.from({ length: count }, (_, i) => (i * 37 + round * 11) % vocabulary)
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
