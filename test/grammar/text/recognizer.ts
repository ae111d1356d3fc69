import { Automaton } from '../../../src/grammar/automaton/automaton.js'
import { UserError } from '../../../src/errors.js'
import type { Node } from '../../../src/grammar/syntax/nodes.js'

/** Whether a text matches `root` as a whole, for many texts. */
export function recognizer(root: Node): (text: string) => boolean {
  let automaton: Automaton
  try {
    automaton = new Automaton(root)
  } catch (error) {
    if (!(error instanceof UserError) || !/allows nothing/.test(error.message)) throw error
    return () => false
  }
  const encoder = new TextEncoder()
  return (text) => {
    let state = automaton.initial
    for (const byte of encoder.encode(text)) state = automaton.go(state, byte)
    return automaton.accepts(state)
  }
}

/** What `run` refuses, or `taken`; anything but a refusal is thrown on. */
export function refusal(run: () => unknown): string {
  try {
    run()
    return 'taken'
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return error.message
  }
}

/** A number from 0, smaller than `count`. */
export function below(random: () => number, count: number): number {
  return Math.floor(random() * count)
}

export function oneOf<T>(random: () => number, values: readonly T[]): T {
  return values[below(random, values.length)]!
}

/** `text` with some of its characters left out, doubled, exchanged or replaced by `pieces`. */
export function mutated(text: string, random: () => number, pieces: readonly string[]): string {
  const chars = Array.from(text)
  for (let i = 1 + below(random, 4); i > 0; i--) {
    const at = below(random, chars.length + 1)
    const kind = below(random, 4)
    if (kind === 0) chars.splice(at, 1 + below(random, 3))
    else if (kind === 1) chars.splice(at, 0, oneOf(random, pieces))
    else if (kind === 2) chars.splice(at, 1, oneOf(random, pieces))
    else chars.splice(at, 0, ...chars.slice(at, at + 1 + below(random, 8)))
  }
  return chars.join('')
}
