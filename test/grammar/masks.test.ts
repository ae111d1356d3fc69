// Masks against the automaton, token by token and byte by byte, over trees made at random.
import { expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { UserError } from '../../src/errors.js'
import { Automaton } from '../../src/grammar/automaton/automaton.js'
import { TokenMasks } from '../../src/grammar/masks/masks.js'
import { Vocabulary } from '../../src/grammar/vocabulary/vocabulary.js'
import { randomTree } from './random-nodes.js'
import { isAllowed } from './walks.js'

const encoder = new TextEncoder()
const TEXTS = ['a', 'b', 'ab', 'ba', 'aab', 'éé', 'bbb', 'aé', 'cba', 'ababab', 'abcabcabc', 'a', ',a']
const BYTES = Array.from({ length: 256 }, (_, byte) => [byte])
const PIECES = [...BYTES, [0xa9, 0x61], [0x61, 0xc3], [0xc3, 0xa9, 0xc3], [0xc0, 0x80]]
const TOKENS = [...TEXTS.map((t) => encoder.encode(t)), ...PIECES.map((p) => Uint8Array.from(p)), undefined, undefined]
const STOP = TOKENS.length - 1
const TREES = Number(process.env['KAIYUAN_TREES'] ?? 400)
const STATES = 25

/** Nothing where the tree is refused. */
function made(seed: number): Automaton | undefined {
  try {
    return new Automaton(randomTree(seededRandom(seed)), { steps: 1e9 })
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

/** The state after a token; 0 is dead. */
function after(automaton: Automaton, from: number, bytes: Uint8Array): number {
  let state = from
  for (const byte of bytes) if (state !== 0) state = automaton.go(state, byte)
  return state
}

/** The first states of a walk in all directions. */
function statesOf(automaton: Automaton, masks: TokenMasks): number[] {
  const states = new Set([automaton.initial])
  for (const state of states)
    for (const id of TOKENS.keys()) {
      const next = masks.after(state, id)
      if (next !== 0 && states.size < STATES) states.add(next)
    }
  return [...states]
}

it('have exactly the tokens that the automaton takes, and the end where it accepts', async () => {
  const vocabulary = await Vocabulary.of(TOKENS, new Map())
  let followed = 0
  for (let seed = 0; seed < TREES; seed++) {
    const automaton = made(seed)
    if (!automaton) continue
    const masks = new TokenMasks(automaton, vocabulary, new Set([STOP]))
    for (const state of statesOf(automaton, masks)) {
      const mask = masks.mask(state)
      const allowed = TOKENS.flatMap((bytes, id) => (bytes && after(automaton, state, bytes) !== 0 ? [id] : []))
      const expected = automaton.accepts(state) ? [...allowed, STOP] : allowed
      const found = [...TOKENS.keys()].filter((id) => isAllowed(mask, id))
      expect(found, `tree ${seed}, state ${state}`).toEqual(expected)
      // Otherwise a model would have nothing left to say in the middle of a text.
      expect(expected.length, `tree ${seed}, state ${state}`).toBeGreaterThan(0)
      followed++
    }
  }
  expect(followed).toBeGreaterThan(TREES)
})
