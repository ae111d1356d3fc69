import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { Automaton } from '../../src/grammar/automaton/automaton.js'
import { UserError } from '../../src/errors.js'
import { randomTree, SimpleMatcher } from './random-nodes.js'

const ALPHABET = ['a', 'b', 'c', 'é', ',']

/** All texts of at most so many characters. */
function texts(longest: number): string[][] {
  const result: string[][] = [[]]
  for (let from = 0, length = 0; length < longest; length++) {
    const end = result.length
    for (; from < end; from++) for (const character of ALPHABET) result.push([...result[from]!, character])
  }
  return result
}
const TEXTS = texts(4)

describe('the automaton', () => {
  it('matches what a simple matcher does, for trees made at random', () => {
    let nothing = 0
    let accepted = 0
    let refused = 0
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed)
      const tree = randomTree(random)
      let automaton: Automaton
      try {
        automaton = new Automaton(tree)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        if (error.message.includes('left recursion')) {
          refused++
          continue
        }
        nothing++
        for (const text of TEXTS.slice(0, 200))
          if (new SimpleMatcher(text).matches(tree)) throw new Error(`seed ${seed}: ${text.join('')} matches`)
        continue
      }
      for (const text of TEXTS) {
        const state = follow(automaton, text.join(''))
        const expected = new SimpleMatcher(text).matches(tree)
        if (automaton.accepts(state) !== expected)
          throw new Error(`seed ${seed}: ${text.join('')} ${expected} ${JSON.stringify(tree)}`)
        if (expected) accepted++
      }
    }
    expect(nothing).toBeGreaterThan(10)
    expect(refused).toBeGreaterThan(0)
    expect(accepted).toBeGreaterThan(1000)
  })
})

function follow(automaton: Automaton, text: string): number {
  let state = automaton.initial
  for (const byte of new TextEncoder().encode(text)) state = automaton.go(state, byte)
  return state
}
