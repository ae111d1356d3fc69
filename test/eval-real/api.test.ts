// SmolLM2, a real model in GGUF: the harness measures our server through its API model, and our own evaluation measures the engine.
// Likelihoods, answers and scores have to be the same, document by document.
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
import { expectAnswers, expectLikelihoods, type Tasks } from './samples.js'

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
    engine = await loadEngine(model!, { precision: 'exact', threads: 2 })
    // It closes the engine with itself.
    const server = await serve(engine, {}, 'smollm2')
    const file = join(out, 'api.json')
    const args = [path('reference.py'), path('../fixtures/eval'), file, server.url]
    await promisify(execFile)(python!, args, { maxBuffer: 1 << 26 })
    tasks = JSON.parse(readFileSync(file, 'utf8')) as Tasks
  }, 600_000)

  it.each(['arc_easy', 'hellaswag'])('%s: likelihoods within 1e-4, and the scores', async (name) => {
    const { samples } = tasks[name]!
    expect(samples.length).toBeGreaterThan(5)
    expectLikelihoods(name, await evaluate(engine, name, { read: ownDocuments(name) }), samples)
  })

  it('gsm8k: the same answers and scores', async () => {
    expectAnswers(await evaluate(engine, 'gsm8k', { read: ownDocuments('gsm8k') }), tasks['gsm8k']!.samples)
  })
})
