// Every op on every backend: against the reference, against what the case expects by itself, and in all divisions.
import { describe, expect, it } from 'vitest'
import { RUN } from '../../src/backends/reference/run.js'
import { statesOf, weightsOf, type Op } from '../../src/graph/ops.js'
import type { Program } from '../../src/graph/program.js'
import { firstOtherBits } from '../bits.js'
import * as attention from './attention.cases.js'
import type { RunnerOptions } from '../runner.js'
import { ABSENT, BACKENDS, underTest, type BackendUnderTest, type Division } from './backends.js'
import * as elementwise from './elementwise.cases.js'
import * as experts from './experts.cases.js'
import * as linear from './linear.cases.js'
import { expectedRows, programOf, run, type OpCase, type Rows } from './op-case.js'
import * as recurrent from './recurrent.cases.js'
import * as residuals from './residuals.cases.js'
import * as sparse from './sparse.cases.js'
import * as streams from './streams.cases.js'

/** By the name of the op; the type finds those without cases. */
const CASES: { readonly [Name in Op['op']]: readonly OpCase[] } = {
  ...attention,
  ...elementwise,
  ...experts,
  ...linear,
  ...recurrent,
  ...residuals,
  ...sparse,
  ...streams,
}

it.each(Object.keys(RUN) as Op['op'][])('%s has cases, with the op in each', (name) => {
  expect(CASES[name].length).toBeGreaterThan(0)
  for (const opCase of CASES[name])
    expect(
      programOf(opCase).program.ops.map(({ op }) => op.op as string),
      opCase.name,
    ).toContain(name)
})

const reference = underTest('reference')
const truths = new Map<OpCase, Promise<Rows[]>>()

/** The reference's rows, computed once for all backends. */
async function truthOf(opCase: OpCase): Promise<Rows> {
  const { options, most } = reference.exact[0]
  if (!truths.has(opCase)) truths.set(opCase, run(opCase, reference, options, most))
  return (await truths.get(opCase)!)[0]!
}

/** What `fast` changes in a program: how the cache is kept, and how matrices are. Nothing: it computes as exact does. */
function fastOptions({ states, ops }: Program): RunnerOptions[] {
  // What all heads share is not kept in int8.
  const shared = ops.some(({ op }) => op.op !== 'attention' && statesOf(op).length > 0)
  if (states.length > 0) return shared ? [{ kvCache: 'f16' }] : [{ kvCache: 'f16' }, { kvCache: 'q8' }]
  const uses = ops.flatMap(({ op }) => weightsOf(op).map(({ use }) => use))
  if (uses.includes('headLinear')) return [{ quantize: 'q8' }]
  return uses.includes('linear') ? [{}] : []
}

/** The first feeding of the first division, with which all others agree to the bit. */
async function runAll(
  opCase: OpCase,
  on: BackendUnderTest,
  divisions: readonly Division[],
  options: RunnerOptions,
): Promise<Rows> {
  let whole: Rows | undefined
  for (const division of divisions)
    for (const [i, rows] of (await run(opCase, on, { ...division.options, ...options }, division.most)).entries()) {
      whole ??= rows
      const label = `${JSON.stringify(division.options)}, up to ${division.most[i]} tokens a step`
      expect(firstOtherBits(rows.values, whole.values), label).toBe(-1)
      expect(rows.tied, label).toEqual(whole.tied)
    }
  return whole!
}

function largest(values: Float32Array): number {
  return values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Number.isNaN(a[i]) ? Infinity : Math.abs(a[i]! - b[i]!))
  return worst
}

for (const { name, reason } of ABSENT) it(`${name}: every op`, ({ skip }) => skip(reason))

describe.each(BACKENDS)('$name', (on) => {
  describe.each(Object.entries(CASES))('%s', (_, cases) => {
    describe.each(cases)('$name', (opCase) => {
      it('exact: as the reference and as expected, the same bits however the work is divided', async () => {
        const truth = await truthOf(opCase)
        const found = await runAll(opCase, on, on.exact, { precision: 'exact' })
        const limit = (opCase.exact ?? 1e-5) * largest(truth.values)
        expect(largestDifference(found.values, truth.values)).toBeLessThanOrEqual(limit)
        expect(found.tied).toEqual(truth.tied)
        if (opCase.ties) expect(Math.min(...found.tied)).toBeLessThan(Infinity)
        const rows = expectedRows(opCase)
        const columns = found.values.length / rows.length
        for (const [t, row] of rows.entries())
          if (row)
            expect(
              largestDifference(row, found.values.subarray(t * columns, (t + 1) * columns)),
              `row ${t}`,
            ).toBeLessThanOrEqual(limit)
      })

      const { fast = 0.05 } = opCase
      if (fast !== false)
        it.for(fastOptions(programOf(opCase).program))(
          'fast %o: near it, and the same bits',
          async (options, { skip }) => {
            if ('skipped' in on.fast) return skip(on.fast.skipped)
            const truth = await truthOf(opCase)
            const found = await runAll(opCase, on, on.fast, { precision: 'fast', ...options })
            const distance = Math.hypot(...found.values.map((v, i) => v - truth.values[i]!))
            expect(distance / Math.hypot(...truth.values)).toBeLessThan(fast)
          },
        )
    })
  })
})
