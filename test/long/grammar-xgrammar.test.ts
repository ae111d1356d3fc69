// The masks of the engine here and of xgrammar are the same along random walks, for grammars that both take.
import { beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { TokenMasks } from '../../src/grammar/masks/masks.js'
import { automatonOf } from '../../src/grammar/build.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'
import { allowedIn, isAllowed } from '../grammar/walks.js'
import { STOPS, WORDS, vocabulary } from '../grammar/words.js'
import { EBNF, REGEX } from './grammar-cases.js'
import { OldLibrary, type OldGrammar } from './xgrammar.js'

const WALKS = Number(process.env['KAIYUAN_WALKS'] ?? 8)
const LONGEST = 60
/** What no UTF-8 has, and the library's classes have: some bytes, forms that are too long, halves of surrogate pairs, codes above the last. */
const NO_UTF8 = /[\xc0\xc1\xf5-\xff]|\xe0[\x80-\x9f]|\xed[\xa0-\xbf]|\xf0[\x80-\x8f]|\xf4[\x90-\xbf]/

let old: OldLibrary
beforeAll(async () => {
  old = await OldLibrary.of(WORDS, [...STOPS])
})

const bytesOf = (id: number): string => Buffer.from(WORDS[id] ?? []).toString('latin1')
const quoted = (id: number): string => JSON.stringify(bytesOf(id))

/** Tokens that are in one mask alone, those left out that make no UTF-8 of the last byte before, which are in none here. */
function difference(ours: Int32Array, theirs: Int32Array, before: string): string {
  const wrong = WORDS.map((_, id) => id).filter((id) =>
    NO_UTF8.test(before + bytesOf(id)) ? isAllowed(ours, id) : isAllowed(ours, id) !== isAllowed(theirs, id),
  )
  const names = wrong.map((id) => `${STOPS.has(id) ? 'the end' : quoted(id)} ${isAllowed(ours, id) ? 'here' : 'there'}`)
  return names.slice(0, 10).join(', ')
}

/** Compares masks along walks. @returns how many */
async function compare(spec: GrammarSpec, source: OldGrammar): Promise<number> {
  const automaton = await automatonOf(spec, {})
  const masks = new TokenMasks(automaton, await vocabulary(), STOPS)
  const { begin, dispose } = await old.matchers(source)
  const random = seededRandom(11)
  let compared = 0
  for (let walk = 0; walk < WALKS; walk++) {
    const matcher = await begin()
    const path: number[] = []
    let last = ''
    for (let state = automaton.initial; path.length < LONGEST; compared++) {
      const mask = masks.mask(state)
      const wrong = difference(mask, await matcher.getNextTokenBitmask(), last)
      if (wrong) throw new Error(`after ${path.map(quoted).join(' ')}, only: ${wrong}`)
      const ids = allowedIn(mask)
      if (ids.length === 0) break
      const id = chosen(ids, random)
      if (!matcher.acceptToken(id))
        throw new Error(`the library refuses ${quoted(id)} after ${path.map(quoted).join(' ')}`)
      path.push(id)
      last = bytesOf(id).slice(-1)
      state = masks.after(state, id)
      expect(state).not.toBe(0)
    }
    matcher.dispose()
  }
  dispose()
  masks.trim([])
  return compared
}

/** Half of the tokens are longer than a byte, where there are such. */
function chosen(ids: readonly number[], random: () => number): number {
  const long = ids.filter((id) => WORDS[id]!.length > 1)
  const from = long.length > 0 && random() < 0.5 ? long : ids
  return from[Math.floor(random() * from.length)]!
}

let total = 0

it.each(Object.entries(EBNF))('EBNF: %s', async (_, grammar) => {
  const compared = await compare({ kind: 'ebnf', grammar }, { ebnf: grammar })
  expect(compared).toBeGreaterThan(WALKS)
  total += compared
})

it.each(REGEX)('expression: %s', async (pattern) => {
  const compared = await compare({ kind: 'regex', pattern }, { regex: pattern })
  expect(compared).toBeGreaterThan(WALKS)
  total += compared
})

it('has a token that the library leaves out, though the text can continue to its end', async () => {
  const ebnf = 'root ::= "a" root "a" | "b" root "b" | "c"\n'
  const automaton = await automatonOf({ kind: 'ebnf', grammar: ebnf }, {})
  const reach = (text: string): number =>
    Buffer.from(text).reduce((state, byte) => automaton.go(state, byte), automaton.initial)
  expect(automaton.accepts(reach('bacab'))).toBe(true)
  const { begin, dispose } = await old.matchers({ ebnf })
  const matcher = await begin()
  const mask = new TokenMasks(automaton, await vocabulary(), STOPS).mask(reach('ba'))
  for (const letter of 'ba') matcher.acceptToken(letter.charCodeAt(0))
  expect(difference(mask, await matcher.getNextTokenBitmask(), 'a')).toBe('"ca" here')
  matcher.dispose()
  dispose()
})

it('compares thousands of masks in all', () => {
  expect(total).toBeGreaterThan(1000 * WALKS)
})
