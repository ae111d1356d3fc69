// An engine's likelihoods and answers against the harness' own backend for Hugging Face's checkpoints, in float32, on our documents.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate } from '../../src/eval/evaluate.js'
import type { Evaluated } from '../../src/eval/run/evaluate.js'
import { loadEngine, type Engine } from '../../src/engine/engine.js'
import { ownDocuments } from '../eval/scripted.js'

interface Sample {
  readonly doc_id: number
  readonly filter: string
  readonly filtered: readonly (readonly [number, boolean] | string)[]
  readonly scores: Readonly<Record<string, number>>
  readonly text?: string
}

const given = process.env['KAIYUAN_EVAL_HARNESS']
const checkpoint = process.env['KAIYUAN_EVAL_CHECKPOINT'] ?? ''
const reason = process.env['KAIYUAN_EVAL_HARNESS_SKIPPED'] ?? 'the harness has not run'
const tasks =
  given === undefined
    ? {}
    : (JSON.parse(readFileSync(given, 'utf8')) as Record<string, { readonly samples: readonly Sample[] }>)

describe.skipIf(given === undefined)(
  `the harness' hf backend${given === undefined ? ` (skipped: ${reason})` : ''}`,
  () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await loadEngine(checkpoint, { precision: 'exact' })
    })
    afterAll(() => engine.close())

    const run = (name: string): Promise<Evaluated> =>
      evaluate(engine, name, { read: ownDocuments(name), ...(name.startsWith('mmlu') && { shots: 2 }) })

    it.each(Object.keys(tasks).filter((name) => !name.startsWith('gsm8k')))(
      '%s: likelihoods within 1e-4',
      async (name) => {
        const { records } = await run(name)
        let largest = 0
        for (const { doc_id, filtered, scores } of tasks[name]!.samples) {
          const own = records[doc_id]!
          filtered.forEach((found, i) => {
            const [logprob, isGreedy] = own.likelihoods![i]!
            largest = Math.max(largest, Math.abs(logprob - Number(found[0])))
            expect(isGreedy).toBe(found[1])
          })
          expect(own.scores).toMatchObject(scores)
        }
        console.log(`${name}: largest difference ${largest.toExponential(1)}`)
        expect(largest).toBeLessThan(1e-4)
      },
    )

    it('gsm8k: the same answers and scores', async () => {
      const { records } = await run('gsm8k')
      for (const { doc_id, filter, text, scores } of tasks['gsm8k']!.samples) {
        expect(records[doc_id]!.text).toBe(text)
        expect(records[doc_id]!.scores[`exact_match,${filter}`]).toBe(scores['exact_match'])
      }
    })
  },
)
