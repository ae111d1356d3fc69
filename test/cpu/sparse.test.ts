import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Runner } from '../../src/backends/backend.js'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/published/open.js'
import { GraphBuilder, matrix, view } from '../../src/graph/builder.js'
import type { Program } from '../../src/graph/program.js'
import { json, safetensors } from '../checkpoint/build.js'
import { joinedRows, loadRunner, logitsOf } from '../runner.js'

const HEADS = 3
const DIM = 8
const VOCABULARY = 13
const TOKENS = 450

/**
 * Tokens whose queries, keys and weights are small whole numbers: all sums are exact, and with 13 of them among 450
 * positions most scores are equal.
 */
function checkpointOf(): Promise<Checkpoint> {
  const width = HEADS * DIM + DIM + HEADS
  const values = Float32Array.from({ length: VOCABULARY * width }, (_, i) => ((i * 7919) % 11) - 5)
  const tensor = { dtype: 'F32', shape: [VOCABULARY, width], bytes: new Uint8Array(values.buffer) }
  const file = safetensors({ 'embed.weight': tensor })
  return openCheckpoint(memoryFiles('index', { 'model.safetensors': file, 'config.json': json({}) }))
}

/** Its logits are the chosen positions. */
function programOf(topK: number, every: number): Program {
  const b = new GraphBuilder()
  const x = b.embed(matrix('embed.weight', VOCABULARY, HEADS * DIM + DIM + HEADS))
  const [q, k, w] = [view(x, 0, HEADS * DIM), view(x, HEADS * DIM, DIM), view(x, HEADS * DIM + DIM, HEADS)]
  const chosen = b.index(q, k, w, { nHeads: HEADS, dim: DIM, topK, scale: 0.5, every })
  return b.build(b.selectRows(chosen), TOKENS)
}

/**
 * Chosen positions of every token, fed in chunks to two sequences that take turns; and the first position of either at which
 * scores were tied. The first sequence ends behind all, the tokens of the second come one by one.
 */
async function choices(
  runner: Runner,
  topK: number,
  chunk: number,
  asBits: boolean,
): Promise<{ rows: number[][]; tied: number[] }> {
  const rows: number[][] = []
  let tied = [Infinity, Infinity]
  await runner.reservePages(24)
  const pages = [
    Int32Array.from({ length: 11 }, (_, i) => 2 * i),
    Int32Array.from({ length: 11 }, (_, i) => 21 - 2 * i),
  ]
  for (let from = 0; from < TOKENS; from += chunk) {
    const n = Math.min(chunk, TOKENS - from)
    const each = Array.from({ length: n }, (_, i) => from + i)
    const { done } = runner.submit({
      tokens: Int32Array.from([...each, ...each], (p, i) => (i < n ? p * p : p * 5) % VOCABULARY),
      positions: Int32Array.from([...each, ...each]),
      sequences: Int32Array.from({ length: 2 * n }, (_, i) => (i < n ? 0 : 1)),
      ends: Int32Array.from([...each, ...each], (p, i) => (i < n ? TOKENS : p + 1)),
      pageTables: pages,
      logitRows: Int32Array.from({ length: 2 * n }, (_, i) => i),
    })
    const result = await done
    const logits = joinedRows(result.rows)
    tied = tied.map((first, sequence) => Math.min(first, result.tiedFrom![sequence]!))
    const values = asBits ? new Int32Array(logits.slice().buffer) : logits
    each.forEach((p, i) => {
      rows[p] = Array.from(values.slice(i * topK, (i + 1) * topK))
      rows[TOKENS + p] = Array.from(values.slice((n + i) * topK, (n + i + 1) * topK))
    })
  }
  return { rows, tied }
}

describe('index', () => {
  it.each([
    [16, 1],
    [67, 1],
    [16, 4],
  ])(
    'chooses %i as the reference does, of one row for %i positions, however the work is dealt out',
    async (topK, every) => {
      const program = programOf(topK, every)
      const checkpoint = await checkpointOf()
      const options = { precision: 'exact', stepTokens: 2 * TOKENS, maxLogitRows: 2 * TOKENS } as const
      const expected = await choices(
        await loadRunner(referenceBackend, program, checkpoint, options),
        topK,
        TOKENS,
        false,
      )
      for (const [threads, chunk] of [
        [1, TOKENS],
        [2, 7],
        [3, 100],
        [2, 1],
      ] as const) {
        const runner = await loadRunner(cpuBackend, program, checkpoint, { ...options, threads })
        expect(await choices(runner, topK, chunk, true), `${threads} threads, chunks of ${chunk}`).toEqual(expected)
        await runner.close()
      }
      expect(Math.max(...expected.tied)).toBeLessThan(TOKENS / 2)
    },
  )

  it('chooses as torch.topk does, among equal scores too', async () => {
    // one head: the score is the product of a query of 1 and a key, which is the token's number
    const words = new Float32Array(512 * 9)
    for (let token = 0; token < 512; token++) words.set([1, 0, 0, 0, token, 0, 0, 0, 1], token * 9)
    const tensor = { dtype: 'F32', shape: [512, 9], bytes: new Uint8Array(words.buffer) }
    const file = safetensors({ 'embed.weight': tensor })
    const checkpoint = await openCheckpoint(memoryFiles('topk', { 'model.safetensors': file, 'config.json': json({}) }))
    for (const { k, scores, chosen } of torchRows()) {
      const b = new GraphBuilder()
      const x = b.embed(matrix('embed.weight', 512, 9))
      const shape = { nHeads: 1, dim: 4, topK: k, scale: 1 }
      const out = b.index(view(x, 0, 4), view(x, 4, 4), view(x, 8, 1), shape)
      // the logits are k positions, and token ids go further
      const program = { ...b.build(b.selectRows(out), scores.length), vocabSize: 512 }
      const seen = scores.map((score, i) => (score === null ? undefined : i)).filter((i) => i !== undefined)
      for (const backend of [referenceBackend, cpuBackend]) {
        const options = { precision: 'exact', stepTokens: seen.length, maxLogitRows: 1, threads: 1 } as const
        const runner = await loadRunner(backend, program, checkpoint, options)
        await runner.reservePages(8)
        const found = await logitsOf(runner, {
          tokens: Int32Array.from(seen, (i) => scores[i]! + 400),
          positions: Int32Array.from(seen),
          sequences: new Int32Array(seen.length),
          ends: new Int32Array(seen.length).fill(scores.length),
          pageTables: [Int32Array.from({ length: 8 }, (_, i) => i)],
          logitRows: Int32Array.of(seen.length - 1),
        })
        const logits = found.slice(0, k)
        const positions = backend === referenceBackend ? logits : new Int32Array(logits.buffer)
        // of what is masked torch takes some where there is too little else; nobody attends to it
        expect(Array.from(positions).filter((p) => p >= 0)).toEqual(chosen.filter((p) => p < seen.length))
        await runner.close()
      }
    }
  })
})

/** Rows of scores (null: masked) and what torch.topk chose of them; tools/oracle/make_topk.py. */
function torchRows(): { k: number; scores: (number | null)[]; chosen: number[] }[] {
  const file = new URL('../fixtures/topk.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof torchRows>
}
