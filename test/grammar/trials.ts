// One grammar under trial: its automaton and masks over the small vocabulary, tried until something is wrong.
import { seededRandom } from '../../src/engine/sample/random.js'
import { UserError } from '../../src/errors.js'
import type { Automaton } from '../../src/grammar/automaton/automaton.js'
import { TokenMasks } from '../../src/grammar/masks/masks.js'
import { automatonOf } from '../../src/grammar/build.js'
import type { GrammarSpec, JsonStyle } from '../../src/grammar/spec.js'
import { walk } from './walks.js'
import { STOPS, vocabulary } from './words.js'

export interface Trial {
  readonly automaton: Automaton
  readonly masks: TokenMasks
  /** Texts of walks, the same each time. The first walk compares each of its masks token by token. */
  walks(count: number): string[]
  accepts(text: string): boolean
}

/** @throws UserError */
export async function trialOf(spec: GrammarSpec): Promise<Trial> {
  const automaton = await automatonOf(spec, {})
  const masks = new TokenMasks(automaton, await vocabulary(), STOPS)
  return {
    automaton,
    masks,
    walks: (count) => {
      const random = seededRandom(7)
      return Array.from({ length: count }, (_, i) => walk(automaton, masks, { random, brute: i === 0 }))
    },
    accepts: (text) => {
      let state = automaton.initial
      for (const byte of Buffer.from(text)) state = automaton.go(state, byte)
      return automaton.accepts(state)
    },
  }
}

/** The trial of a schema, or the refusal. */
export async function schemaTrial(schema: unknown, style: JsonStyle = {}): Promise<Trial | UserError> {
  try {
    return await trialOf({ kind: 'json-schema', schema, ...style })
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}

/** The keyword at the end of the path that a refusal begins with, or its first words. */
export function refusedFor({ message }: UserError): string {
  const path = /(#\/[^\s:]*|#):/.exec(message)?.[1]
  return path?.slice(path.lastIndexOf('/') + 1) ?? message.slice(0, 40)
}

/** Counts by name, most first: `not 12, contains 3`. */
export class Tally {
  private readonly counts = new Map<string, number>()

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  toString(): string {
    const sorted = [...this.counts].sort(([, a], [, b]) => b - a)
    return sorted.map(([name, count]) => `${name} ${count}`).join(', ')
  }
}
