import { describe, expect, it } from 'vitest'
import type { CodeRanges } from '../../src/grammar/syntax/characters.js'
import { ignoringCase, propertyRanges, type Folding } from '../../src/grammar/text/unicode.js'

function codesOf(ranges: CodeRanges): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
}

describe('properties', () => {
  it.each([
    ...['L', 'Lu', 'Nd', 'Cn', 'Co', 'Any', 'ASCII', 'Script=Greek', 'Script_Extensions=Hira', 'General_Category=Pc'],
    ...['Emoji', 'Noncharacter_Code_Point', 'Default_Ignorable_Code_Point', 'Extended_Pictographic', 'Pattern_Syntax'],
  ])('%s has the characters that the runtime says', (name) => {
    const expected = new RegExp(`^\\p{${name}}$`, 'u')
    const has = new Set(codesOf(propertyRanges(name)!))
    const wrong: number[] = []
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code === 0xd800) code = 0xe000
      if (has.has(code) !== expected.test(String.fromCodePoint(code))) wrong.push(code)
    }
    expect(wrong).toEqual([])
  })

  it.each(['Nonsense', 'L}|[^]{1,9', '', 'Script=', 'RGI_Emoji'])('%j is not one', (name) => {
    expect(propertyRanges(name)).toBeUndefined()
  })
})

describe('characters that are equal where case is ignored', () => {
  it.each<[Folding, string]>([
    ['unicode', 'giu'],
    ['legacy', 'gi'],
  ])('%s, as the runtime has it', (folding, flags) => {
    const cased = codesOf(propertyRanges('Changes_When_Casemapped')!).filter(
      (code) => flags === 'giu' || code <= 0xffff,
    )
    const all = cased.map((code) => String.fromCodePoint(code)).join('')
    const wrong = cased
      .filter((_, i) => i % 5 === 0 || i < 200)
      .filter((code) => {
        const found = all.match(new RegExp(String.fromCodePoint(code), flags)) ?? []
        const expected = found.map((char) => char.codePointAt(0)!).sort((a, b) => a - b)
        return expected.join() !== codesOf(ignoringCase([[code, code]], folding)).join()
      })
    expect(wrong).toEqual([])
  })

  it('and sets of them', () => {
    expect(codesOf(ignoringCase([[0x41, 0x42], [0x6b, 0x6b]], 'unicode'))).toEqual([0x41, 0x42, 0x4b, 0x61, 0x62, 0x6b, 0x212a]) // prettier-ignore
    expect(ignoringCase([[0x30, 0x39]], 'unicode')).toEqual([[0x30, 0x39]])
  })
})
