import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { UserError } from '../../src/errors.js'
import { Automaton, DEAD } from '../../src/grammar/automaton/automaton.js'
import { TokenMasks } from '../../src/grammar/masks/masks.js'
import * as nodes from '../../src/grammar/syntax/nodes.js'
import { Vocabulary } from '../../src/grammar/vocabulary/vocabulary.js'
import { randomTree } from './random-nodes.js'

const encode = (text: string) => new TextEncoder().encode(text)
const WORDS = [
  ...Array.from('abcé,"\\\n '),
  'ab',
  'ba',
  'aab',
  'abc',
  'é,',
  'a"',
  '","',
  'a'.repeat(20),
  'ab'.repeat(10),
  'aé'.repeat(20),
  'é"',
]
/** Every byte, words, two tokens of the same bytes, one without text, one that is special, one that ends an answer. */
const TOKENS = [
  ...Array.from({ length: 256 }, (_, b) => Uint8Array.of(b)),
  ...WORDS.map(encode),
  encode('ab'),
  undefined,
  undefined,
  undefined,
]
const SPECIAL = TOKENS.length - 2
const END = TOKENS.length - 1
const NAME = '<|call|>'

let vocabulary: Vocabulary
beforeAll(async () => {
  vocabulary = await Vocabulary.of(TOKENS, new Map([[NAME, SPECIAL]]))
})

function isIn(mask: Int32Array, id: number): boolean {
  return ((mask[id >> 5]! >> (id & 31)) & 1) === 1
}

/** What a mask has to be, one token at a time. */
function differences(masks: TokenMasks, state: number): number[] {
  const mask = masks.mask(state)
  const wrong: number[] = []
  TOKENS.forEach((bytes, id) => {
    let to = bytes ? state : DEAD
    for (const byte of bytes ?? []) to = byte >= 0xf5 ? DEAD : masks.automaton.go(to, byte)
    if (id === END) to = masks.automaton.accepts(state) ? 1 : DEAD
    if (id === SPECIAL) to = masks.automaton.goSpecial(state, NAME)
    if (isIn(mask, id) !== (to !== DEAD)) wrong.push(id)
    else if (id !== END && masks.after(state, id) !== to) wrong.push(id)
  })
  return wrong
}

function masksOf(root: nodes.Node): TokenMasks | undefined {
  try {
    return new TokenMasks(new Automaton(root), vocabulary, new Set([END]))
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

describe('masks of counts', () => {
  it('are right near both bounds and far from them, for counts within counts', () => {
    const letters = nodes.chars([
      [97, 99],
      [0xe9, 0xe9],
    ])
    const word = nodes.repeat(letters, 70, 150)
    const list = nodes.repeat(nodes.sequence(word, nodes.text(',')), 1, 90)
    const outer = nodes.repeat(nodes.sequence(nodes.text('"'), list, nodes.text('"')), 0, 300)
    const masks = masksOf(nodes.sequence(outer, nodes.optional(nodes.special(NAME))))!
    const random = seededRandom(5)
    let state = masks.automaton.initial
    for (let i = 0; i < 500; i++) {
      expect(differences(masks, state)).toEqual([])
      const next = Array.from('aébc,"', encode).filter((bytes) => masks.automaton.after(state, bytes) !== DEAD)
      // Long words, so that the bounds are met.
      const letter = next.filter((bytes) => bytes[0] !== 0x22 && bytes[0] !== 0x2c)
      const from = letter.length > 0 && random() < 0.98 ? letter : next
      state = masks.automaton.after(state, from[Math.floor(random() * from.length)]!)
      if (i % 97 === 96) state = masks.trim([state])[0]!
    }
  })

  it('are made once for all that are far from their bounds', () => {
    const masks = masksOf(nodes.sequence(nodes.text('"'), nodes.repeat(nodes.chars([[97, 99]]), 0, 10_000)))!
    let state = masks.automaton.after(masks.automaton.initial, encode('"a'))
    const mask = masks.mask(state)
    const before = masks.automaton.steps
    for (let i = 0; i < 1000; i++) {
      state = masks.automaton.go(state, 0x62)
      expect(masks.mask(state)).toEqual(mask)
    }
    // What the text itself takes, and nothing for masks.
    expect(masks.automaton.steps - before).toBeLessThan(1000 * 15)
  })
})

describe('masks', () => {
  it('are what each token by itself is, along random walks of random trees, trimmed or not', () => {
    const quote = nodes.text('"')
    let states = 0
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed)
      const tree = randomTree(random, 4)
      const root = nodes.sequence(quote, tree, nodes.choice([nodes.special(NAME), nodes.repeat(tree, 0, 30)]), quote)
      const masks = masksOf(root)
      if (!masks) continue
      let state = masks.automaton.initial
      for (let step = 0; step < 12; step++, states++) {
        if (differences(masks, state).length > 0) throw new Error(`seed ${seed}: ${JSON.stringify(root)}`)
        const mask = masks.mask(state)
        const open = TOKENS.map((_, id) => id).filter((id) => isIn(mask, id))
        if (open.length === 0) throw new Error(`seed ${seed}: nothing may come`)
        const id = open[Math.floor(random() * open.length)]!
        if (id === END) break
        const before = state
        state = masks.after(state, id)
        if (step % 4 === 3) {
          const [back, again] = masks.trim([before, state])
          expect(Array.from(masks.mask(back!))).toEqual(Array.from(mask))
          state = again!
        }
      }
    }
    expect(states).toBeGreaterThan(500)
  })

  it.each<[string, nodes.Node]>([
    ['any', nodes.repeat(nodes.chars([[0, 0x10ffff]]), 0)],
    [
      'content of a string',
      nodes.repeat(
        nodes.chars([
          [0x20, 0x21],
          [0x23, 0x5b],
          [0x5d, 0x10ffff],
        ]),
        0,
      ),
    ],
    ['counted', nodes.repeat(nodes.chars([[0x20, 0x10ffff]]), 0, 25)],
    ['counted, few', nodes.repeat(nodes.chars([[0x20, 0x10ffff]]), 2, 3)],
    ['every second', nodes.repeat(nodes.sequence(nodes.text('a'), nodes.chars([[0x20, 0x10ffff]])), 0, 25)],
    [
      'or an escape',
      nodes.repeat(
        nodes.choice([
          nodes.chars([
            [0x20, 0x21],
            [0x23, 0x5b],
            [0x5d, 0x10ffff],
          ]),
          nodes.text('\\n'),
        ]),
        0,
        5,
      ),
    ],
    ['until', nodes.until(['"', 'abab'])],
    ['longer than', nodes.both(nodes.repeat(nodes.chars([[0x20, 0x10ffff]]), 19, 23), nodes.until(['c'], true))],
  ])('of content are exact: %s', (_, root) => {
    const masks = masksOf(nodes.sequence(root, nodes.text('"')))!
    for (const text of ['', 'a', 'aé', 'abc', 'aaab', 'a'.repeat(18)]) {
      let state = masks.automaton.initial
      for (const byte of encode(text)) state = masks.automaton.go(state, byte)
      if (state !== DEAD) expect(differences(masks, state)).toEqual([])
    }
  })

  it('stay sound and are not empty where the steps end, with tokens for single bytes or without', async () => {
    // Exponential as a table: any text with an a at the 21st place from the end.
    const any = nodes.chars([[97, 122]])
    const root = nodes.choice(
      Array.from('abcdefghijkl').map((letter) =>
        nodes.sequence(nodes.repeat(any, 0), nodes.text(letter), nodes.repeat(any, 12, 12)),
      ),
    )
    const longer = TOKENS.filter((bytes) => bytes === undefined || bytes.length > 1)
    const words = [
      ...longer.slice(0, -1),
      ...Array.from({ length: 300 }, (_, i) => encode(`l${i.toString(26)}kij`)),
      undefined,
    ]
    for (const tokens of [TOKENS, words]) {
      const made = await Vocabulary.of(tokens, new Map())
      const masks = new TokenMasks(new Automaton(root, { steps: 50 }), made, new Set([tokens.length - 1]))
      const all = new TokenMasks(new Automaton(root), made, new Set([tokens.length - 1]))
      const few = masks.mask(masks.automaton.initial)
      const most = all.mask(all.automaton.initial)
      expect(few.some((word) => word !== 0)).toBe(true)
      expect(few.every((word, i) => (word & ~most[i]!) === 0)).toBe(true)
    }
  })

  it('are kept within a bound of bytes', async () => {
    const tokens = Array.from({ length: 40_000 }, (_, i) => encode(i < 256 ? String.fromCharCode(i) : `${i}`))
    const large = await Vocabulary.of(tokens, new Map())
    const masks = new TokenMasks(new Automaton(nodes.repeat(nodes.chars([[0x20, 0x7e]]), 0, 2000)), large, new Set())
    let state = masks.automaton.initial
    const first = Array.from(masks.mask(state))
    for (let i = 0; i < 600; i++, state = masks.automaton.go(state, 97)) masks.mask(state)
    expect(masks.bytes - masks.automaton.bytes).toBeLessThan(1_100_000)
    expect(Array.from(masks.mask(masks.automaton.initial))).toEqual(first)
  })

  it('ask for special tokens that the model has', () => {
    expect(() => new TokenMasks(new Automaton(nodes.special('<|none|>')), vocabulary, new Set())).toThrow(/<\|none\|>/)
  })
})
