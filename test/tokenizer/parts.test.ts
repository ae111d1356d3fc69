// Parts of tokenizer.json alone, compared with what huggingface/tokenizers 0.23.2 makes of them (tools/oracle/make_tokenizer_parts.py).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { expression } from '../../src/tokenizer/expressions/expression.js'
import { PUBLISHED } from '../../src/tokenizer/expressions/published.js'
import { normalizer } from '../../src/tokenizer/json/normalizers.js'
import { Part } from '../../src/tokenizer/json/part.js'
import { preTokenizer } from '../../src/tokenizer/json/pre-tokenizers.js'

type Cases<T> = [part: Record<string, unknown>, cases: [text: string, result: T][]][]

const PARTS = JSON.parse(readFileSync(new URL('../fixtures/tokenizers/parts.json', import.meta.url), 'utf8')) as {
  normalizers: Cases<string>
  preTokenizers: Cases<string[]>
}

const partOf = (value: unknown, origin: 'ours' | 'file' = 'file'): Part =>
  Part.of(value, 'tokenizer.json', 'p', origin)!
const named = <T>(all: Cases<T>) => all.map(([part, cases]) => [JSON.stringify(part), part, cases] as const)

describe('as in the reference', () => {
  it.each(named(PARTS.normalizers))('normalizer %s', (_, part, cases) => {
    const normalize = normalizer(partOf(part))
    expect(cases.map(([text]) => [text, normalize(text)])).toEqual(cases)
  })

  it.each(named(PARTS.preTokenizers))('pre-tokenizer %s', (_, part, cases) => {
    // On the machine and, as ours are run, in the engine of JavaScript.
    for (const origin of ['file', 'ours'] as const) {
      const cut = preTokenizer(partOf(part, origin))
      expect(cases.map(([text]) => [text, cut([{ text, first: true }]).map((piece) => piece.text)])).toEqual(cases)
    }
  })

  it('published expressions find the same on the machine as in the engine of JavaScript', () => {
    const texts = PARTS.preTokenizers.flatMap(([, cases]) => cases.map(([text]) => text)).join('\n') + '   \n\n  x '
    for (const source of PUBLISHED) {
      // A comment at the end makes it another expression.
      expect(expression(`${source}(?#)`, 'file').matches(texts)).toEqual(expression(source, 'file').matches(texts))
    }
  })
})

describe('expressions of files', () => {
  const matches = (source: string, text: string) => expression(source, 'file').matches(text)

  it('that take exponential or square time in the engine of JavaScript do not here', () => {
    const many = 'a'.repeat(50_000)
    expect(matches('(a+)+$', `${many}!`)).toEqual([])
    expect(matches('(a|aa)+$', `${many}!`)).toEqual([])
    expect(matches('(a*)*b', many)).toEqual([])
    expect(matches('\\s+$', `${' '.repeat(50_000)}x`)).toEqual([])
    expect(matches('a*a*a*a*a*c', many)).toEqual([])
    expect(matches('(x+x+)+y', 'x'.repeat(50_000))).toEqual([])
  })

  it('that look ahead through the whole text at each place are stopped', () => {
    expect(() => matches('(?=.*z).', `${'a'.repeat(60_000)}z`)).toThrow(/takes too long/)
  })

  it.each([
    ['(a', 'a ( without its )'],
    ['a)', 'a ) without its ('],
    ['[a', 'a [ without its ]'],
    ['*a', 'a repetition of nothing'],
    ['(a)\\1', 'the escape \\1'],
    ['a{2,1}', 'the repetition {2,1}'],
    ['a{5000}', 'the repetition {5000}'],
    ['\\p{Nonsense}', 'the property "Nonsense"'],
    ['(?<=a+)b', 'it looks behind without a limit'],
    ['(a{1000}){1000}', 'the expression is too large'],
    ['('.repeat(200) + ')'.repeat(200), 'more than 100 levels'],
  ])('that cannot be read are refused: %s', (source, message) => {
    expect(() => expression(source, 'file')).toThrow(SyntaxError)
    expect(() => expression(source, 'file')).toThrow(message)
    expect(() =>
      preTokenizer(partOf({ type: 'Split', pattern: { Regex: source }, behavior: 'Isolated', invert: false })),
    ).toThrow(UserError)
  })
})

describe('parts that are not read, or contradict themselves', () => {
  it.each([
    [{ type: 'UnicodeScripts' }, /p\.type: expected ByteLevel, .*found "UnicodeScripts"\. Tokenizers of this kind/],
    [{ type: 'constructor' }, /p\.type: expected ByteLevel/],
    [{}, /p\.type: expected a text, found none/],
    [7, /p: expected an object with a type, found 7/],
    [{ type: 'Split', pattern: {}, behavior: 'Isolated' }, /p\.pattern: expected \{"String"/],
    [
      { type: 'Split', pattern: { String: ' ' }, behavior: 'Sideways', invert: false },
      /p\.behavior: expected Removed, /,
    ],
    [{ type: 'Sequence', pretokenizers: [null] }, /p\.pretokenizers\[0\]: expected an object with a type, found null/],
    [{ type: 'FixedLength', length: 0 }, /p\.length: expected a number from 1, found 0/],
  ])('%j', (part, message) => {
    expect(() => preTokenizer(partOf(part))).toThrow(UserError)
    expect(() => preTokenizer(partOf(part))).toThrow(message)
  })
})
