import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { JAVA_TYPES } from '../../src/eval/bfcl/java.js'
import { JAVASCRIPT_TYPES } from '../../src/eval/bfcl/javascript.js'
import { callsOf, mismatchOf, type Question } from '../../src/eval/bfcl/matcher.js'
import { equals, Float, parseValue, writeValue, type Value, type ValueObject } from '../../src/eval/bfcl/values.js'

// Made by tools/oracle/make_bfcl_verdicts.py with BFCL's own checker.
const FIXTURE = new URL('../fixtures/eval/bfcl-verdicts.json', import.meta.url)
const { groups, values } = parseValue(readFileSync(FIXTURE, 'utf8')) as unknown as {
  groups: (Question & { cases: [ValueObject[], string | null][] })[]
  values: Record<'java' | 'javascript', [string, string, string | null, Value?][]>
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (inner instanceof Float ? `float ${inner.value}` : inner))

describe("BFCL's checker of tool calls", () => {
  it.each(groups.map((group, i) => [`${i}: ${group.kind}, ${group.language}`, group] as const))(
    'says what the reference says, in kind: %s',
    (_, { cases, ...question }) => {
      const found = cases.map(([calls]) => {
        const decoded = calls.map((call) => ({ name: Object.keys(call)[0]!, arguments: Object.values(call)[0] }))
        return [shown(calls), mismatchOf(question, callsOf(decoded)!)?.kind ?? null]
      })
      expect(found).toEqual(cases.map(([calls, kind]) => [shown(calls), kind]))
    },
  )

  it('has calls of every kind of verdict among them', () => {
    const kinds = new Set(groups.flatMap(({ cases }) => cases.map(([, kind]) => kind?.replace(/^.*:/, '') ?? null)))
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
    for (const [text, type, itemType, expected] of values[language]) {
      const found = (): string => shown(read!(text, type, itemType ?? undefined))
      if (expected === undefined) expect(found, text).toThrow()
      else expect(found(), text).toBe(shown(expected))
    }
  })

  it('does not take forever for rows that do not end', () => {
    const text = `[${'[1], '.repeat(500)}`
    expect(JAVASCRIPT_TYPES.read!(text, 'array', 'array')).not.toBe('')
  })
})

describe('values as Python has them', () => {
  it('tells 5 from 5.0 in JSON, and no digits in texts', () => {
    expect(parseValue('[5, 5.0, 1e3, -0.5, "1.5", "a\\"2.5", {"1.5": 2}]')).toEqual([
      5,
      new Float(5),
      new Float(1000),
      new Float(-0.5),
      '1.5',
      'a"2.5',
      { '1.5': 2 },
    ])
    expect(() => parseValue('{1.5}')).toThrow(SyntaxError)
    const text = '{"a": [5, 5.0, 0.1, -2.5, 1e+21], "b": {"c": null, "d": true}, "e": "\\u00e9 1.0"}'
    expect(writeValue(parseValue(text))).toBe(text)
  })

  it('compares as Python does', () => {
    const same: [Value, Value][] = [
      [1, true],
      [1, new Float(1)],
      [
        [1, { a: false }],
        [true, { a: 0 }],
      ],
    ]
    const different: [Value, Value][] = [
      ['1', 1],
      [null, 0],
      [[1], [1, 2]],
      [{ a: 1 }, { b: 1 }],
      [[], {}],
    ]
    expect(same.filter(([a, b]) => !equals(a, b) || !equals(b, a))).toEqual([])
    expect(different.filter(([a, b]) => equals(a, b) || equals(b, a))).toEqual([])
  })
})
