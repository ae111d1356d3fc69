// An engine's likelihoods and answers against the harness' own backend for Hugging Face's checkpoints, in float32, on our documents.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { evaluate } from '../../src/eval/evaluate.js'
import type { Evaluated } from '../../src/eval/run/evaluate.js'
import { loadEngine, type Engine } from '../../src/engine/engine.js'
import { ownDocuments } from '../eval/scripted.js'
import { expectAnswers, expectLikelihoods, type Tasks } from './samples.js'

const given = process.env['KAIYUAN_EVAL_HARNESS']
const checkpoint = process.env['KAIYUAN_EVAL_CHECKPOINT'] ?? ''
const reason = process.env['KAIYUAN_EVAL_HARNESS_SKIPPED'] ?? 'the harness has not run'
const tasks: Tasks = given === undefined ? {} : (JSON.parse(readFileSync(given, 'utf8')) as Tasks)

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
      async (name) => expectLikelihoods(name, await run(name), tasks[name]!.samples),
    )

    it('gsm8k: the same answers and scores', async () => expectAnswers(await run('gsm8k'), tasks['gsm8k']!.samples))
  },
)
