import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import {
  PAGE_SIZE,
  type Backend,
  type BackendOptions,
  type RowResult,
  type Runner,
} from '../../src/backends/backend.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { openCheckpoint } from '../../src/models/open.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import type { Program } from '../../src/graph/program.js'
import { buildProgram } from '../../src/models/registry.js'
import { parseGolden, type Golden } from './golden-file.js'
import { joinedRows, loadRunner, type RunnerOptions } from '../runner.js'

export const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))

/** The golden checkpoints, in both containers. */
export const GOLDEN_FOLDERS = ['golden', 'golden-gguf'].flatMap((kind) =>
  readdirSync(join(FIXTURES, kind)).map((name) => ({ name: `${kind}/${name}`, path: join(FIXTURES, kind, name) })),
)

/** Reads golden.safetensors. */
export function readGolden(file: string): Golden {
  return parseGolden(readFileSync(file))
}

/** The largest difference; infinite where there is a NaN. */
export function largest(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, l, i) => Math.max(worst, Number.isNaN(l) ? Infinity : Math.abs(l - b[i]!)), 0)
}

/** How a golden prompt is cut: for its logits, and for its greedy ids. */
export interface Cuts {
  readonly logits: readonly number[]
  readonly greedy: number
}

/**
 * The logits of transformers within 1e-3 and its greedy ids, however the prompt is cut; and the first position whose choice among
 * equal scores hangs on the length of the text (Infinity: none), which is the same for all cuts.
 */
export async function expectGolden(
  path: string,
  backend: Backend,
  options: RunnerOptions,
  cuts: Cuts,
  tiedFrom: number,
): Promise<void> {
  const golden = readGolden(join(path, 'golden.safetensors'))
  const run = await GoldenRun.load(path, backend, options)
  for (const chunk of cuts.logits) {
    expect(await run.maxError(golden, chunk), `largest error with chunks of ${chunk}`).toBeLessThan(1e-3)
    expect(run.tiedFrom, `first tie with chunks of ${chunk}`).toBe(tiedFrom)
  }
  expect(await run.greedy(golden.prompt, golden.greedy.length, cuts.greedy)).toEqual(golden.greedy)
  await run.runner.close()
}

/** Where the indexer of a golden checkpoint first finds equal scores. */
export const FIRST_TIES: Readonly<Record<string, number>> = {
  'golden/deepseek-v32': 23,
  'golden/deepseek-v4': 47,
  'golden/glm5': 13,
  'golden/glm5.2': 20,
}

/** Logits of the golden ids with one, two and three threads, fed whole, in sevens and one by one; and the program. */
export async function feedThreeWays(
  path: string,
  backend: Backend,
  precision: BackendOptions['precision'],
): Promise<{ results: Float32Array[]; program: Program }> {
  const { ids } = readGolden(join(path, 'golden.safetensors'))
  const results: Float32Array[] = []
  let program!: Program
  for (const [threads, chunk] of [
    [1, 320],
    [2, 7],
    [3, 1],
  ] as const) {
    const run = await GoldenRun.load(path, backend, { precision, threads })
    program = run.program
    results.push(await run.feed(ids!, 0, chunk))
    await run.runner.close()
  }
  return { results, program }
}

/** A model with its weights, and the cache of one sequence. */
export class GoldenRun {
  /** Of the last {@link feed}: where the first position is that a longer text would change. */
  tiedFrom = Infinity

  private constructor(
    readonly program: Program,
    readonly runner: Runner,
  ) {}

  static async load(path: string, backend: Backend, options: RunnerOptions = {}): Promise<GoldenRun> {
    const gguf = join(path, 'model.gguf')
    return GoldenRun.of(await openCheckpoint(await nodeFiles(existsSync(gguf) ? gguf : path)), backend, options)
  }

  /** Closes the checkpoint. */
  static async of(checkpoint: Checkpoint, backend: Backend, options: RunnerOptions = {}): Promise<GoldenRun> {
    try {
      const program = await buildProgram(checkpoint)
      const limits = { stepTokens: 320, maxLogitRows: 320 }
      const runner = await loadRunner(backend, program, checkpoint, { ...limits, ...options })
      await runner.reservePages(8)
      await runner.reserveSlots(2)
      return new GoldenRun(program, runner)
    } finally {
      await checkpoint.close()
    }
  }

  /** Logits [n, V] of ids fed from `position` on, in chunks; the text ends with them. */
  async feed(ids: readonly number[], position: number, chunk: number): Promise<Float32Array> {
    return joinedRows(await this.feedFor('logits', ids, position, chunk))
  }

  /** States after the final norm [n, D] of ids fed at once. */
  async states(ids: readonly number[]): Promise<Float32Array> {
    return joinedRows(await this.feedFor('hidden', ids, 0, ids.length))
  }

  private async feedFor(
    want: 'logits' | 'hidden',
    ids: readonly number[],
    position: number,
    chunk: number,
  ): Promise<RowResult[]> {
    const all: RowResult[] = []
    this.tiedFrom = Infinity
    for (let from = 0; from < ids.length; from += chunk) {
      const tokens = Int32Array.from(ids.slice(from, from + chunk))
      const rows = tokens.map((_, i) => i)
      const { done } = this.runner.submit({
        tokens,
        positions: rows.map((i) => position + from + i),
        sequences: new Int32Array(tokens.length),
        textLengths: new Int32Array(tokens.length).fill(position + ids.length),
        pageTables: [Int32Array.from({ length: 512 / PAGE_SIZE }, (_, i) => i)],
        slots: Int32Array.of(1),
        logitRows: rows,
        wants: Array.from(rows, () => want),
      })
      const result = await done
      for (const { logits, hidden } of result.rows)
        all.push({ ...(logits && { logits: logits.slice() }), ...(hidden && { hidden: hidden.slice() }) })
      this.tiedFrom = Math.min(this.tiedFrom, result.tiedFrom?.[0] ?? Infinity)
    }
    return all
  }

  /** Largest difference to the golden logits. */
  async maxError(golden: Golden, chunk: number): Promise<number> {
    return largest(await this.feed(golden.ids!, 0, chunk), golden.logits!)
  }

  /** Ids that follow the prompt by argmax; the lowest id wins ties. What a longer text changes is computed again. */
  async greedy(prompt: readonly number[], count: number, chunk: number): Promise<number[]> {
    const ids = [...prompt]
    let cached = 0
    while (ids.length < prompt.length + count) {
      const last = (await this.feed(ids.slice(cached), cached, chunk)).subarray(-this.program.vocabSize)
      cached = Math.min(ids.length, this.tiedFrom)
      ids.push(last.reduce((best, l, i) => (l > last[best]! ? i : best), 0))
    }
    return ids.slice(prompt.length)
  }
}
