import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/engine/sample/random.js'
import type { Quoting } from '../../../src/grammar/text/quoting.js'
import { regexNode } from '../../../src/grammar/text/regex.js'
import { below, mutated, oneOf, recognizer, refusal } from './recognizer.js'

const QUOTINGS: readonly Quoting[] = ['plain', 'json']

function written(text: string, quoting: Quoting): string {
  return quoting === 'plain' ? text : JSON.stringify(text).slice(1, -1)
}

/** Compares with the runtime's own RegExp, as a search and for whole texts, plain and as in JSON. */
function compare(pattern: string, flags: string, texts: readonly string[]): void {
  const unicode = /[uv]/.test(flags) ? flags : `${flags}u`
  for (const whole of flags.includes('m') ? [false] : [true, false]) {
    const expected = new RegExp(whole ? `^(?:${pattern})$` : pattern, unicode)
    for (const quoting of QUOTINGS) {
      const accepts = recognizer(regexNode(pattern, { quoting, whole, flags }))
      const wrong = texts.filter((text) => accepts(written(text, quoting)) !== expected.test(text))
      expect(wrong, `/${pattern}/${flags}, ${quoting}, ${whole ? 'whole' : 'search'}`).toEqual([])
    }
  }
}

function randomTexts(random: () => number, letters: string, count: number, longest = 7): string[] {
  const all = Array.from(letters)
  return Array.from({ length: count }, () =>
    Array.from({ length: below(random, longest + 1) }, () => oneOf(random, all)).join(''),
  )
}

describe('an expression matches what RegExp does', () => {
  const letters = 'aabbcc,A\n"\\ ſ😀ä1_'
  it.each([
    ['a{2,3}b*|c'],
    ['(?<name>a)(?:b|c)??,+?'],
    ['[^a-c\\n]|.b'],
    ['\\w\\W\\s|\\S\\d\\D'],
    ['\\x61\\u0062|\\u{1f600}|\\cJ|\\t|\\0'],
    ['["\\\\]+'],
    ['😀+|[😀ä]b'],
    ['\\p{Lu}\\P{Lu}|\\p{Script=Latin}{2}'],
    ['\\p{Script_Extensions=Common}a'],
    ['a{0}b|(?:)c{0,0}'],
    ['[]|a[^]b'],
    // anchors
    ['(^a|b$)'],
    ['^(?:a|b)$'],
    ['^a|b|c$'],
    ['(?:^|,)a'],
    ['a(?:,|$)'],
    ['a^|$b|^$'],
    ['(?:a|^)+b'],
    ['(?:a,?|b$)*c?'],
    ['^(?:(?:^|,)a)+$'],
    ['^(?:a(?:,|$))+'],
    ['(?:^|$|a)*b'],
    ['(?:^a){2}|(?:a$){1,2}|(?:b|^a){0,3}$'],
    ['^a$|^b', 'm'],
    ['a$\\n^b', 'm'],
    // what comes after
    ['^(?=.*a)b'],
    ['^(?!ab).*$'],
    ['a(?=b$)'],
    ['a(?!b)'],
    ['(?=a)(?=.b)...'],
    ['(?!.*aa)(?=.*b).{3}'],
    ['(?:a(?=b)|b(?!c)){1,3}'],
    ['(?=a|b$)(?:a|b)c?'],
    ['(?!)|a'],
    ['(?=)a'],
    ['(?:a(?=b)){0}c'],
    ['^(?=a(?!b))'],
    // what comes before
    ['(?<=a)b'],
    ['(?<!a)b'],
    ['(?<=^|,)a'],
    ['(?<![a-c]|^)b'],
    ['a*(?<=a|b)c'],
    ['(?<=ab|^)c'],
    ['(?<!ab)c$'],
    ['a(?<=ba)c(?<!aac)b'],
    ['(?<=(?:a|bb))c'],
    ['\\bab\\b'],
    ['a\\Bb|\\B,\\B'],
    ['\\b.\\b'],
    ['(?:\\b|a)b'],
    ['\\ba*\\b,'],
    // in repeated parts
    ['^(?:(?!,)[a-c,]{1,3}(?<!a)_)+b'],
    ['^(?:(?!ab)[abc]{2}|,(?=a)a\\B1)*$'],
    ['(?:a\\b,|(?=b)[ab]c){2,}'],
    ['^(?:(?:(?!b).)+,)*$'],
    // case
    ['[^a]b', 'i'],
    ['\\w\\b.|s', 'i'],
    ['\\P{Lu}', 'i'],
    ['\\P{Lu}', 'iv'],
    ['[\\p{L}--[a-b]]', 'iv'],
    // sets
    ['[\\w--a]', 'v'],
    ['[\\p{L}&&[a-bA]]+', 'v'],
    ['[\\q{ab|c|}a]b', 'v'],
    ['[^\\d[a-b]]', 'v'],
    ['a.b', 's'],
  ])('%s %s', (pattern, flags = '') => {
    compare(pattern, flags, randomTexts(seededRandom(7), letters, 300))
  })

  it('of random parts', () => {
    const random = seededRandom(11)
    let compared = 0
    for (let i = 0; i < 120; i++) {
      const pattern = randomPattern(random, 3)
      const texts = randomTexts(random, 'abc,\n', 40, 6)
      const refused = refusal(() => {
        compare(pattern, '', texts)
      })
      if (refused === 'taken') compared++
      else expect(refused).toMatch(/depend on each other in too many ways/)
    }
    expect(compared).toBeGreaterThan(110)
  })

  it('in modes of a part', () => {
    const accepts = recognizer(regexNode('(?i:a)b(?s-i:.)(?m:$)', { quoting: 'plain', whole: false }))
    const texts = ['Ab\n', 'ab\n', 'abc', 'AB\n', 'abcd', 'abc\nd']
    expect(texts.filter(accepts)).toEqual(['Ab\n', 'ab\n', 'abc', 'abc\nd'])
  })

  it('without the flag u where it is malformed with it', () => {
    const accepts = recognizer(regexNode('^[\\w\\.\\@]+\\-\\"😀\\_$', { quoting: 'plain', whole: false }))
    expect(['a.@-"😀_', 'a-"😀_', '-"😀_', 'a-"😀'].filter(accepts)).toEqual(['a.@-"😀_', 'a-"😀_'])
    const backslash = recognizer(regexNode('^\\\\A\\-$', { quoting: 'plain', whole: false }))
    expect(['\\A-', 'A-'].filter(backslash)).toEqual(['\\A-'])
  })

  it('with flags of any case and repetition of any size', () => {
    const accepts = recognizer(regexNode('^(?:a{1,100000}b){2,}$', { quoting: 'plain', whole: false }))
    expect(accepts(`${'a'.repeat(500)}b`.repeat(40))).toBe(true)
    expect(accepts('ab')).toBe(false)
  })
})

/** An expression of characters, classes, groups, repetitions and assertions. */
function randomPattern(random: () => number, depth: number): string {
  const alternatives = Array.from({ length: 1 + below(random, 2) }, () =>
    Array.from({ length: below(random, 4) }, () => randomItem(random, depth)).join(''),
  )
  return alternatives.join('|')
}

function randomItem(random: () => number, depth: number): string {
  const kind = below(random, depth > 0 ? 12 : 6)
  if (kind < 3) return oneOf(random, ['a', 'b', 'c', ',', '.', '[ab]', '[^a]', '\\w', '\\n'])
  if (kind === 3) return oneOf(random, ['a*', 'b+', '[bc]?', '.{1,2}', 'a{2}', '.*?'])
  if (kind === 4) return oneOf(random, ['^', '$', '\\b', '\\B'])
  if (kind === 5) return oneOf(random, ['(?<=a)', '(?<!b)', '(?<=^|,)', 'a', 'b', 'c'])
  const inner = randomPattern(random, depth - 1)
  if (kind < 8) return `(?:${inner})`
  if (kind === 8) return `(${inner})${oneOf(random, ['?', '{0,2}', '{1,2}'])}`
  if (kind === 9) return `(?=${inner})`
  if (kind === 10) return `(?!${inner})`
  // Without assertions, so that it can be repeated without end.
  return `(?:${inner.replace(/\(\?<?[=!]|\\[bB]|[\^$]/g, (part) => (part.startsWith('(') ? '(?:' : ''))})*`
}

describe('an expression is refused with its place', () => {
  const node = (pattern: string, flags = '') => regexNode(pattern, { quoting: 'plain', whole: false, flags })
  it.each<[string, string, RegExp]>([
    ['(a', '', /regular expression "\(a", character \d+: unterminated group/i],
    ['a**', '', /nothing to repeat/],
    ['[b-a]', '', /character class/],
    ['ab\\1(c)', '', /taken|back reference/],
    ['(a)\\1', '', /character 4: a back reference is not regular/],
    ['(?<n>a)\\k<n>', '', /character 8: a back reference/],
    ['\\p{Nonsense}', '', /character \d+: invalid property name/],
    ['\\p{RGI_Emoji}', 'v', /character 1: .*several characters/],
    [
      '(?:(?!ab).)*',
      '',
      /character 1: look-around and \\b in a part that is repeated without end may ask about that part only/,
    ],
    ['(?:a(?=b)){0,100}', '', /character 1: .*at most 64 times/],
    ['(a(?<=ba)c|d)+', '', /look-/],
    ['a(?=b)(?<=aa)', '', /character 2: an assertion before a look-behind/],
    ['a{3000000000}', '', /at most 2147483647 repetitions/],
    ['[\\q{ab}]', 'iv', /where case is ignored/],
    ['\\-[😀]', '', /half of a character/],
    ['\\A\\d+\\Z', '', /character \d+: invalid escape/],
    ['^\\h+\\-$', '', /character \d+: invalid escape/],
    ['a', 'uv', /flags/],
    ['a', 'x', /flags/],
    ['('.repeat(201) + ')'.repeat(201), '', /nested more than 200 deep/],
    ['['.repeat(300), 'v', /nested more than 200 deep/],
    ['a'.repeat(300_000), '', /300000 characters/],
    ['(?=a)'.repeat(201), '', /at most 200 assertions/],
    ['^(?:a(?=.*b).?){12}$', '', /too complex: .*depend on each other in too many ways/],
    [`(?:(?:(?:a(?=bc)){40}b){40}c){40}`, '', /assertions when repetitions are written out/],
  ])('%.40s %s', (pattern, flags, message) => {
    expect(refusal(() => node(pattern, flags))).toMatch(message)
  })

  it('with a long expression cut', () => {
    expect(refusal(() => node(`${'ab'.repeat(500)}(`)).length).toBeLessThan(250)
  })

  it('and nothing else comes of expressions with errors', () => {
    const random = seededRandom(5)
    const pieces = ['(', ')', '[', ']', '{', '}', '*', '+', '?', '|', '\\', '^', '$', '-', ',', '1', '(?=', '(?<!', '\\b', '\\p{L}', '\\u{', '😀', '\ud800'] // prettier-ignore
    const seeds = [
      '^(?=.*a)[\\w.-]{1,64}@(?:[a-z]+\\.)+[a-z]{2,}$',
      '(?<y>\\d{4})-\\d\\d|\\p{Lu}+?\\b',
      '[^\\s"]*(?!a|b$)',
    ]
    for (let i = 0; i < 500; i++) {
      const pattern = mutated(oneOf(random, seeds), random, pieces)
      for (const flags of ['', 'iv']) refusal(() => recognizer(node(pattern, flags))('abc'))
    }
  })
})
