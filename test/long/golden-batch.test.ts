// A sequence does not notice what else is in its steps: every architecture, two sequences of different lengths in each step.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { FIXTURES, GoldenRun, readGolden } from '../golden/harness.js'
import { logitsOf } from '../runner.js'

const CHUNK = 7
/** Pages of either sequence, in no order. */
const PAGES = [
  [3, 0, 9, 5, 12],
  [7, 8, 1, 11, 2],
]

describe.each(readdirSync(join(FIXTURES, 'golden')))('golden/%s', (name) => {
  it('gives the golden logits to a sequence that shares its steps', async () => {
    const path = join(FIXTURES, 'golden', name)
    const golden = readGolden(join(path, 'golden.safetensors'))
    const ids = golden.ids!
    const other = [...ids].reverse()
    const run = await GoldenRun.load(path, cpuBackend, { threads: 2 })
    await run.runner.reservePages(13)
    const V = run.program.vocabSize
    let worst = 0
    for (let from = 0; from < ids.length; from += CHUNK) {
      const own = ids.slice(from, from + CHUNK)
      // the other sequence begins later, so that its positions differ
      const beside = from < 2 * CHUNK ? [] : other.slice(from - 2 * CHUNK, from - CHUNK)
      const logits = await logitsOf(run.runner, {
        tokens: Int32Array.from([...beside, ...own]),
        positions: Int32Array.from([...beside.map((_, i) => from - 2 * CHUNK + i), ...own.map((_, i) => from + i)]),
        sequences: Int32Array.from([...beside.map(() => 1), ...own.map(() => 0)]),
        textLengths: Int32Array.from([...beside, ...own], () => ids.length),
        pageTables: PAGES.map((pages) => Int32Array.from(pages)),
        slots: Int32Array.of(1, 0),
        logitRows: Int32Array.from(own, (_, i) => beside.length + i),
      })
      own.forEach((_, i) => {
        for (let v = 0; v < V; v++) {
          const difference = Math.abs(logits[i * V + v]! - golden.logits![(from + i) * V + v]!)
          worst = difference < worst ? worst : difference
        }
      })
    }
    expect(worst).toBeLessThan(1e-3)
    await run.runner.close()
  })
})

// Everything that these keep lies in pages, what stands for many positions too.
describe.each(['deepseek-v32', 'glm5.2', 'deepseek-v4'])('golden/%s', (name) => {
  it('goes back to any position, and continues after pages that another sequence filled', async () => {
    const path = join(FIXTURES, 'golden', name)
    const golden = readGolden(join(path, 'golden.safetensors'))
    const ids = golden.ids!
    const run = await GoldenRun.load(path, cpuBackend, { threads: 2 })
    await run.runner.reservePages(13)
    const V = run.program.vocabSize
    /** Largest error of the logits of ids [from, to) as sequence 0 or 1, whose first pages are the same. */
    const feed = async (tokens: readonly number[], from: number, to: number, sequence: number): Promise<number> => {
      let worst = 0
      for (let at = from; at < to; at += CHUNK) {
        const own = tokens.slice(at, Math.min(at + CHUNK, to))
        const logits = await logitsOf(run.runner, {
          tokens: Int32Array.from(own),
          positions: Int32Array.from(own, (_, i) => at + i),
          sequences: new Int32Array(own.length),
          textLengths: new Int32Array(own.length).fill(ids.length),
          pageTables: [Int32Array.from(sequence === 0 ? PAGES[0]! : [...PAGES[0]!.slice(0, 1), ...PAGES[1]!.slice(1)])],
          logitRows: Int32Array.from(own, (_, i) => i),
        })
        for (let i = 0; i < own.length * V; i++)
          worst = Math.max(worst, Math.abs(logits[i]! - golden.logits![at * V + i]!))
      }
      return worst
    }
    await feed([...ids].reverse(), 0, ids.length, 0)
    expect(await feed(ids, 0, ids.length, 0)).toBeLessThan(1e-3)
    await feed([...ids].reverse(), 37, ids.length, 0)
    expect(await feed(ids, 37, ids.length, 0)).toBeLessThan(1e-3)
    if (ids.length > 64) expect(await feed(ids, 64, ids.length, 1)).toBeLessThan(1e-3)
    await run.runner.close()
  })
})
