// What recurrent layers keep of a sequence: copies of it, and slots that are used again.
import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/backends/backend.js'
import { loadRunner, logitsOf } from '../runner.js'
import { BACKENDS } from './backends.js'
import { programOf } from './op-case.js'
import { weightsFor } from './random-weights.js'
import { deltaRule } from './recurrent.cases.js'

/** `count` tokens of one text from `position` on, for the sequence in `slot`. */
function stepOf(slot: number, position: number, count: number): Step {
  const rows = Int32Array.from({ length: count }, (_, i) => i)
  return {
    tokens: rows.map((i) => ((position + i) * 7) % 40),
    positions: rows.map((i) => position + i),
    sequences: new Int32Array(count),
    pageTables: [new Int32Array(0)],
    slots: Int32Array.of(slot),
    logitRows: rows,
  }
}

describe.each(BACKENDS)('$name', ({ backend, exact }) => {
  it('continues from a copy of a state as from the state', async () => {
    const { program } = programOf(deltaRule.find(({ name }) => name === 'shared keys')!)
    const runner = await loadRunner(backend, program, weightsFor(), exact.at(-1)!.options)
    await runner.reserveSlots(1)
    await logitsOf(runner, stepOf(0, 0, 37))
    await runner.reserveSlots(2)
    runner.copySlot(0, 1)
    const first = await logitsOf(runner, stepOf(0, 37, 23))
    expect(await logitsOf(runner, stepOf(1, 37, 23))).toEqual(first)
    // A new sequence in a used slot begins with zeros.
    const again = await logitsOf(runner, stepOf(0, 0, 60))
    await runner.reserveSlots(3)
    expect(await logitsOf(runner, stepOf(2, 0, 60))).toEqual(again)
    await runner.close()
  })
})
