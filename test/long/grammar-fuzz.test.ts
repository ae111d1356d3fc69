// Mutated schemas, expressions and grammars. KAIYUAN_FUZZ=100000 tries as many in all, KAIYUAN_FUZZ_FROM others than usual.
import { expect, it } from 'vitest'
import { limited } from '../limited.js'
import type { Batch, FuzzKind, Outcome } from './grammar-fuzz-cases.js'

const CASES = Number(process.env['KAIYUAN_FUZZ'] ?? 5000)
const FROM = Number(process.env['KAIYUAN_FUZZ_FROM'] ?? 0)
const BATCH = 100
/** Shares of all cases. */
const KINDS = { 'json-schema': 0.6, regex: 0.1, ebnf: 0.1, gbnf: 0.1, lark: 0.1 } as const

it.each(Object.entries(KINDS))('%s: refused with a reason, or followed', async (name, share) => {
  const kind = name as FuzzKind
  const count = Math.ceil((CASES * share) / BATCH)
  const batches = Array.from({ length: count }, (_, i): Batch => ({ kind, first: FROM + i * BATCH, count: BATCH }))
  const outcomes = (await limited(new URL('grammar-fuzz-cases.ts', import.meta.url), 'tried', batches)) as Outcome[]
  const faults = outcomes.flatMap((outcome) => outcome.faults)
  const sum = (field: 'refused' | 'followed'): number => outcomes.reduce((total, outcome) => total + outcome[field], 0)
  const { ms, what } = outcomes.map(({ slowest }) => slowest).sort((a, b) => b.ms - a.ms)[0]!
  console.log(`${kind}: ${sum('followed')} followed, ${sum('refused')} refused; slowest ${ms.toFixed(0)} ms of processor time${ms > 300 ? `: ${what}` : ''}`) // prettier-ignore
  expect(faults.slice(0, 10), `${faults.length} faults`).toEqual([])
  // Mutations that break everything would prove little, as would those that break nothing.
  expect(sum('followed')).toBeGreaterThan(count * BATCH * 0.02)
  expect(sum('refused')).toBeGreaterThan(count * BATCH * 0.02)
})
