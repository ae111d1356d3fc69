import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { equals } from '../../src/chat/python/compare.js'
import { jsonText, parseJson } from '../../src/chat/python/json.js'
import { repr } from '../../src/chat/python/text.js'
import type { Dict, Value } from '../../src/chat/python/values.js'
import { JAVA_TYPES } from '../../src/eval/bfcl/java.js'
import { JAVASCRIPT_TYPES } from '../../src/eval/bfcl/javascript.js'
import { answersOf, callsOf, mismatchOf, type Question } from '../../src/eval/bfcl/matcher.js'

// Made by tools/oracle/make_bfcl_verdicts.py with BFCL's own checker.
const FIXTURE = new URL('../fixtures/eval/bfcl-verdicts.json', import.meta.url)
const fixture = readFileSync(FIXTURE, 'utf8')
const verdicts = JSON.parse(fixture) as {
  groups: (Omit<Question, 'answers'> & { cases: [unknown, string | null][] })[]
}
/** The same with numbers as Python reads them. */
const [groups, values] = (parseJson(fixture) as Dict).values() as [Dict[], Dict]

describe("BFCL's checker of tool calls", () => {
  it.each(verdicts.groups.map((group, i) => [`${i}: ${group.kind}, ${group.language}`, group, groups[i]!] as const))(
    'says what the reference says, in kind: %s',
    (_, question, group) => {
      const answers = answersOf(group.get('answers'))
      const cases = group.get('cases') as [Dict[], string | null][]
      expect(cases.length).toBeGreaterThan(0)
      for (const [calls, kind] of cases) {
        const decoded = calls.map((call) => ({ name: call.keys()[0] as string, arguments: call.values()[0] }))
        expect(mismatchOf({ ...question, answers }, callsOf(decoded)!)?.kind ?? null, repr(calls)).toBe(kind)
      }
    },
  )

  it('has calls of every kind of verdict among them', () => {
    const kinds = new Set(
      verdicts.groups.flatMap(({ cases }) => cases.map(([, kind]) => kind?.replace(/^.*:/, '') ?? null)),
    )
    const expected = [
      'wrong_count',
      'wrong_func_name',
      'missing_required',
      'missing_optional',
      'unexpected_param',
      'cannot_find_match',
    ]
    const types = ['simple', 'nested', 'java', 'js']
    const compared = ['string', 'list/tuple', 'dict_key', 'dict_value', 'list_dict_count', 'others']
    expect([...expected, ...types, ...compared, 'unchecked', null].filter((kind) => !kinds.has(kind))).toEqual([])
  })

  it.each([
    ['java', JAVA_TYPES],
    ['javascript', JAVASCRIPT_TYPES],
  ] as const)('reads values of %s out of text as the reference does', (language, { read }) => {
    for (const [text, type, itemType, expected] of values.get(language) as [string, string, string | null, Value?][]) {
      const found = (): string => repr(read!(text, type, itemType ?? undefined))
      if (expected === undefined) expect(found, text).toThrow()
      else expect(found(), text).toBe(repr(expected))
    }
  })

  it('does not take forever for rows that do not end', () => {
    const text = `[${'[1], '.repeat(500)}`
    expect(JAVASCRIPT_TYPES.read!(text, 'array', 'array')).not.toBe('')
  })
})

it('tells whole numbers of any size apart, and refuses answers that are none', () => {
  const question: Omit<Question, 'answers'> = {
    kind: 'simple',
    language: 'python',
    functions: [{ name: 'f', parameters: { properties: { n: { type: 'integer' } }, required: ['n'] } }],
    hasDotsReplaced: false,
  }
  const answers = answersOf(parseJson('[{"f": {"n": [9007199254740993]}}]'))
  const verdict = (given: string): string | undefined =>
    mismatchOf({ ...question, answers }, callsOf([{ name: 'f', arguments: parseJson(given) }])!)?.kind
  expect(verdict('{"n": 9007199254740993}')).toBeUndefined()
  expect(verdict('{"n": 9007199254740992}')).toBe('value_error:others')
  expect(() => answersOf(parseJson('[{"f": {"n": 1}}]'))).toThrow(/expected \{name: .*, found 1/)
  expect(() => answersOf(parseJson('{}'))).toThrow(/found \{\}/)
})

describe('values as Python has them', () => {
  it('tells 5 from 5.0 in JSON, and no digits in texts', () => {
    const read = parseJson('[5, 5.0, 1e3, -0.5, "1.5", "a\\"2.5", {"1.5": 2}]')
    expect(repr(read!)).toBe(`[5, 5.0, 1000.0, -0.5, '1.5', 'a"2.5', {'1.5': 2}]`)
    expect(parseJson('{1.5}')).toBeUndefined()
    const text = '{"a": [5, 5.0, 0.1, -2.5, 1e+21], "b": {"c": null, "d": true}, "e": "\\u00e9 1.0"}'
    expect(jsonText(parseJson(text)!, { ensureAscii: true })).toBe(text)
  })

  it('compares as Python does', () => {
    const same = [
      ['1', 'true'],
      ['1', '1.0'],
      ['[1, {"a": false}]', '[true, {"a": 0}]'],
    ] as const
    const different = [
      ['"1"', '1'],
      ['null', '0'],
      ['[1]', '[1, 2]'],
      ['{"a": 1}', '{"b": 1}'],
      ['[]', '{}'],
    ] as const
    const areEqual = ([a, b]: readonly [string, string]): boolean => equals(parseJson(a)!, parseJson(b)!)
    const areEqualTurned = ([a, b]: readonly [string, string]): boolean => areEqual([b, a])
    expect(same.filter((pair) => !areEqual(pair) || !areEqualTurned(pair))).toEqual([])
    expect(different.filter((pair) => areEqual(pair) || areEqualTurned(pair))).toEqual([])
  })
})
