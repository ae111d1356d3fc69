// Standings that were computed by hand from the same tables, and what has to be refused.
import { describe, expect, it } from 'vitest'
import type { Ruler } from '../../src/race/data/rows.js'
import { isUnknown, type Placed, type Standing, type Unknown } from '../../src/race/outcome.js'
import { standing } from '../../src/race/standing.js'
import { data } from './data.js'

function known(date: string, ruler: Ruler, snapshot?: string): Standing {
  const there = standing(data, date, ruler, { snapshot })
  if (isUnknown(there)) throw new Error(JSON.stringify(there))
  return there
}

/** `model score gap lag`, or the reason why not. */
function short(placed: Placed | Unknown | undefined): string {
  if (!placed) return 'absent'
  if (isUnknown(placed)) return placed.unknown.reason
  const { best, gap, lag } = placed
  const days = lag && 'days' in lag ? ` ${lag.days} d ${lag.after}` : ''
  return `${best.model} ${best.score} -${Math.round(gap.points * 10) / 10}${days}`
}

it.each<[string, Ruler, string | undefined, string, Record<string, string>]>([
  [
    '2025-07-15',
    'eci',
    undefined,
    'o3-pro 148.75',
    {
      CN: 'DeepSeek-R1 (May 2025) 141.75 -7 162 d o1',
      US: 'Llama 4 Maverick 132.69 -16.1 205 d o1-mini',
      FR: 'Mistral Large 2 128.25 -20.5 189 d GPT-4o (May 2024)',
    },
  ],
  [
    '2025-07-15',
    'eci',
    '2026-04-11',
    'o3-pro 148.23',
    {
      CN: 'DeepSeek-R1 (May 2025) 142.2 -6 162 d o1',
      US: 'Llama 4 Maverick 133.15 -15.1 205 d o1-mini',
      FR: 'too-few',
    },
  ],
  [
    '2025-12-19',
    'eci',
    undefined,
    'Gemini 3 Pro 153.99',
    {
      CN: 'Qwen3-235B-A22B-Thinking (Jul 2025) 145.26 -8.7 100 d o3',
      US: 'gpt-oss-120b 139.64 -14.4 231 d o1',
      FR: 'Mistral Large 2 128.25 -25.7 189 d GPT-4o (May 2024)',
    },
  ],
  [
    '2026-04-11',
    'eci',
    undefined,
    'GPT-5.4 Pro 158.24',
    { CN: 'Kimi K2.5 148.02 -10.2 231 d o3-pro', US: 'gpt-oss-120b 140.16 -18.1 231 d o1', FR: 'too-few' },
  ],
  [
    '2025-07-16',
    'arena',
    undefined,
    'Gemini 2.5 Pro 1474',
    { CN: 'DeepSeek-R1-0528 1424 -50', US: 'Gemma 3 27B 1359 -115', FR: 'Mistral Small 3.2 1338 -136' },
  ],
  [
    '2025-12-11',
    'arena',
    undefined,
    'Gemini 3 Pro 1486.6',
    { CN: 'GLM-4.6 1441.2 -45.4', US: 'gpt-oss-120b 1365.2 -121.4', FR: 'Mistral Large 3 1431.7 -54.9' },
  ],
  [
    '2026-04-19',
    'arena',
    undefined,
    'Claude Opus 4.7 thinking 1505',
    { CN: 'GLM-5.1 1472 -33', US: 'Gemma 4 31B 1451 -54', FR: 'not-listed' },
  ],
  [
    '2026-09-13',
    'arena',
    undefined,
    'Claude Fable 5.1 1507.6',
    { CN: 'GLM-5.3 1475.1 -32.5', US: 'no-countries', FR: 'no-countries' },
  ],
  [
    '2025-01-24',
    'arena',
    undefined,
    'Gemini 2.0 Flash Thinking Exp 1382',
    { CN: 'DeepSeek-R1 1357 -25', US: 'Llama 3.1 Nemotron 70B 1269 -113', FR: 'Mistral Large 2 1251 -131' },
  ],
])('on %s by %s (snapshot %s)', (date, ruler, snapshot, closed, countries) => {
  const there = known(date, ruler, snapshot)
  expect(`${there.closed.model} ${there.closed.score}`).toBe(closed)
  expect(short(there.open)).toBe(countries['CN'])
  for (const [country, expected] of Object.entries(countries)) expect(short(there.countries[country])).toBe(expected)
})

it('calls ranks inside of overlapping intervals a tie', () => {
  const { open, countries } = known('2025-12-19', 'eci')
  if (isUnknown(open)) throw new Error('unknown')
  expect(open.ties[0]).toMatchObject({ model: 'Kimi K2 Thinking', score: 145.05 })
  expect(open.gap.tie).toBe(false)
  const fr = countries['FR']
  expect(fr && !isUnknown(fr) && fr.rated).toBe(5)
})

describe('what is not known is not guessed', () => {
  const reasonOf = (date: string, ruler: Ruler): string => {
    const there = standing(data, date, ruler)
    return isUnknown(there) ? there.unknown.reason : short(there.open)
  }
  it.each<[string, Ruler, string]>([
    ['2026-10-08', 'eci', 'after-data'],
    ['2026-10-08', 'arena', 'after-data'],
    ['2026-10-07', 'arena', 'after-ratings'],
    ['2026-09-14', 'arena', 'after-ratings'],
    ['2026-04-12', 'eci', 'after-ratings'],
    ['2023-12-05', 'arena', 'before-ratings'],
    ['2020-01-01', 'eci', 'before-ratings'],
    // A licence that is missing is not an open one.
    ['2026-04-14', 'arena', 'no-value'],
    // The day before the weights came, and the day after.
    ['2026-07-26', 'arena', 'no-value'],
    ['2026-08-02', 'arena', 'Kimi K3 1473 -34.3'],
  ])('on %s by %s: %s', (date, ruler, reason) => {
    expect(reasonOf(date, ruler)).toBe(reason)
  })

  it('takes a model whose weights never came for none, although a board calls it open', () => {
    expect(short(known('2024-12-07', 'arena').countries['CN'])).toBe('weights-not-out')
    expect(short(known('2024-12-07', 'arena').countries['US'])).toContain('Llama 3.1 Nemotron 70B')
  })

  it('says too few of a country with fewer than five on a whole board, and not in the first fifty of a shortened one', () => {
    expect(short(known('2025-12-11', 'arena').countries['CA'])).toBe('too-few')
    expect(short(known('2026-03-19', 'arena').countries['US'])).toBe('not-listed')
  })
})
