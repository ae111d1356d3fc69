// Broken schemas and grammars, tried in a thread that can be ended (grammar-fuzz.test.ts): each is refused with a UserError, or
// made and followed for some tokens.
import { seededRandom } from '../../src/engine/sample/random.js'
import { UserError } from '../../src/errors.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'
import { trialOf, type Trial } from '../grammar/trials.js'
import { allowedIn } from '../grammar/walks.js'
import { TEXT_KINDS, mutatedSchema, mutatedText, type TextKind } from './grammar-mutations.js'

export type FuzzKind = 'json-schema' | TextKind

/** Cases from `first` on. */
export interface Batch {
  readonly kind: FuzzKind
  readonly first: number
  readonly count: number
}

export interface Outcome {
  refused: number
  followed: number
  /** What went wrong, with the case. */
  readonly faults: string[]
  slowest: { ms: number; what: string }
}

const TOKENS = 40

/** The case of a number, the same each time. */
export function fuzzCase(kind: FuzzKind, number: number): GrammarSpec {
  const random = seededRandom(number * 8 + (kind === 'json-schema' ? 0 : 1 + TEXT_KINDS.indexOf(kind)))
  if (kind === 'regex') return { kind, pattern: mutatedText(kind, random) }
  if (kind !== 'json-schema') return { kind, grammar: mutatedText(kind, random) }
  const properties = random() < 0.5 ? 'any' : 'in-order'
  return { kind, schema: mutatedSchema(random), properties }
}

export async function tried({ kind, first, count }: Batch): Promise<Outcome> {
  const outcome: Outcome = { refused: 0, followed: 0, faults: [], slowest: { ms: 0, what: '' } }
  for (let number = first; number < first + count; number++) {
    const spec = fuzzCase(kind, number)
    const what = `${number}: ${JSON.stringify(spec).slice(0, 1500)}`
    const before = process.cpuUsage()
    try {
      follow(await trialOf(spec), number)
      outcome.followed++
    } catch (error) {
      if (error instanceof UserError && error.message !== '') outcome.refused++
      else outcome.faults.push(`${what}: ${error instanceof Error ? error.stack?.slice(0, 600) : String(error)}`)
    }
    const { user, system } = process.cpuUsage(before)
    const ms = (user + system) / 1000
    if (ms > outcome.slowest.ms) outcome.slowest = { ms, what }
  }
  return outcome
}

/** @throws Error where a mask is empty, or a token of it is refused */
function follow({ automaton, masks }: Trial, seed: number): void {
  const random = seededRandom(seed)
  let state = automaton.initial
  for (let i = 0; i < TOKENS; i++) {
    const ids = allowedIn(masks.mask(state))
    if (ids.length === 0 && !automaton.accepts(state)) throw new Error(`nothing may follow after ${i} tokens`)
    if (ids.length === 0) return
    const id = ids[Math.floor(random() * ids.length)]!
    state = masks.after(state, id)
    if (state === 0) throw new Error(`token ${id} is in the mask and refused, after ${i} tokens`)
  }
}
