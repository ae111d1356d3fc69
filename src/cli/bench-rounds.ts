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
  const sessions = Array.from({ length: rounds.streams }, () => engine.session())
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

/** The prompts of all streams, then their answers. A session keeps the first `depth` tokens from round to round. */
async function measure(engine: Engine, sessions: Session[], rounds: Rounds, round: number): Promise<Speeds> {
  const { promptTokens, newTokens, depth, streams, signal } = rounds
  const options = { ignoreEos: true, temperature: 0, speculate: 'off' as const, signal }
  const run = async (session: Session, ids: number[], maxTokens: number): Promise<number[]> => {
    const result = await session.generate(ids, { ...options, maxTokens }).result
    if (result.finishReason === 'abort') throw new UserError('cancelled', 'aborted')
    return result.ids
  }
  const all = (work: (session: Session, stream: number) => Promise<number[]>): Promise<number[][]> =>
    Promise.all(sessions.map(work))
  // Every stream has a beginning of its own, or all would share its pages.
  const deep = sessions.map((_, stream) => promptIds(engine, depth, 100 + stream))
  if (depth > 0 && round === 0) await all((session, stream) => run(session, deep[stream]!, 1))
  const prompts = deep.map((ids, stream) => [...ids, ...promptIds(engine, promptTokens, round * streams + stream)])
  const started = performance.now()
  const firsts = await all((session, stream) => run(session, prompts[stream]!, 1))
  const prefilled = performance.now()
  const rests = await all((session, stream) => run(session, [...prompts[stream]!, ...firsts[stream]!], newTokens - 1))
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
