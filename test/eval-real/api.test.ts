// SmolLM2, a real model in GGUF: the harness measures our server through its API model, and our own evaluation measures the engine.
// Prompts, likelihoods, answers and scores have to be the same, document by document.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadEngine, type Engine } from '../../src/engine/engine.js'
import { evaluate } from '../../src/eval/evaluate.js'
import { ownDocuments } from '../eval/scripted.js'
import { serve } from '../server/requests.js'

interface Sample {
  readonly doc_id: number
  readonly filter: string
  readonly filtered: readonly (readonly [number, boolean] | string)[]
  readonly scores: Readonly<Record<string, number>>
  readonly text?: string
}
type Tasks = Readonly<Record<string, { readonly samples: readonly Sample[] }>>

const { KAIYUAN_EVAL_SMOLLM2: model, KAIYUAN_EVAL_API_PYTHON: python, ...env } = process.env
const reason = env['KAIYUAN_EVAL_SMOLLM2_SKIPPED'] ?? 'the model or the harness is not there'
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const isSkipped = model === undefined || python === undefined
const out = mkdtempSync(join(tmpdir(), 'kaiyuan-eval-api-'))
afterAll(() => rmSync(out, { recursive: true, force: true }))

describe.skipIf(isSkipped)(`the harness' API model${isSkipped ? ` (skipped: ${reason})` : ''}`, () => {
  let engine: Engine
  let tasks: Tasks
  beforeAll(async () => {
    const options = { precision: 'exact', threads: 2 } as const
    engine = await loadEngine(model!, options)
    const server = await serve(loadEngine(model!, options), {}, 'smollm2')
    const file = join(out, 'api.json')
    const args = [path('reference.py'), path('../fixtures/eval'), file, server.url]
    await promisify(execFile)(python!, args, { maxBuffer: 1 << 26 })
    tasks = JSON.parse(readFileSync(file, 'utf8')) as Tasks
  }, 600_000)
  afterAll(() => engine.close())

  it.each(['arc_easy', 'hellaswag'])('%s: likelihoods within 1e-4, and the scores', async (name) => {
    const { records } = await evaluate(engine, name, { read: ownDocuments(name) })
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
    expect(tasks[name]!.samples.length).toBeGreaterThan(5)
    expect(largest).toBeLessThan(1e-4)
  })

  it('gsm8k: the same answers and scores', async () => {
    const { records } = await evaluate(engine, 'gsm8k', { read: ownDocuments('gsm8k') })
    for (const { doc_id, filter, text, scores } of tasks['gsm8k']!.samples) {
      expect(records[doc_id]!.text).toBe(text)
      expect(records[doc_id]!.scores[`exact_match,${filter}`]).toBe(scores['exact_match'])
    }
  })
})
