// An indexer's choice among equal scores is torch's, which depends on the whole row of scores.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GraphBuilder, matrix, view } from '../../src/graph/builder.js'
import type { Program } from '../../src/graph/program.js'
import { loadRunner, logitsOf } from '../runner.js'
import { BACKENDS } from './backends.js'
import { weightsFor } from './random-weights.js'

/** Different tokens; a token's score is its number. */
const TOKENS = 512

/** One head: the score is the product of a query of 1 and a key, which is the token's number. */
const weights = weightsFor({ x: (i) => [1, 0, 0, 0, Math.floor(i / 9), 0, 0, 0, 1][i % 9]! })

/** Its logits are the `topK` positions that the last token chooses, again and again: a vocabulary has no less than the tokens. */
function programOf(topK: number): Program {
  const g = new GraphBuilder()
  const x = g.embed(matrix('x', TOKENS, 9))
  const out = g.index(view(x, 0, 4), view(x, 4, 4), view(x, 8, 1), { nHeads: 1, dim: 4, topK, scale: 1 })
  return g.build(g.repeat(g.selectRows(out), Math.ceil(TOKENS / topK)), 4096)
}

/** Rows of scores (null: masked) and what torch.topk chose of them; tools/oracle/make_topk.py. */
const rows = JSON.parse(readFileSync(new URL('../fixtures/topk.json', import.meta.url), 'utf8')) as {
  readonly k: number
  readonly scores: readonly (number | null)[]
  readonly chosen: readonly number[]
}[]

describe.each(BACKENDS)('$name', ({ backend, idsAreBits }) => {
  it.each([...new Set(rows.map(({ k }) => k))])('chooses %i as torch.topk does', async (topK) => {
    const runner = await loadRunner(backend, programOf(topK), weights, { stepTokens: 512, threads: 1 })
    await runner.reservePages(8)
    for (const { scores, chosen } of rows.filter(({ k }) => k === topK)) {
      const seen = scores.flatMap((score, i) => (score === null ? [] : [i]))
      const logits = await logitsOf(runner, {
        tokens: Int32Array.from(seen, (i) => scores[i]! + 400),
        positions: Int32Array.from(seen),
        sequences: new Int32Array(seen.length),
        textLengths: new Int32Array(seen.length).fill(scores.length),
        pageTables: [Int32Array.from({ length: 8 }, (_, i) => i)],
        logitRows: Int32Array.of(seen.length - 1),
      })
      const positions = (idsAreBits ? new Int32Array(logits.buffer) : logits).slice(0, topK)
      // Of what is masked torch takes some where there is too little else; nobody attends to it.
      expect(Array.from(positions).filter((p) => p >= 0)).toEqual(chosen.filter((p) => p < seen.length))
    }
    await runner.close()
  })
})
