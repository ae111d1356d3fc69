// lm-eval measures the embedded model over HTTP; the same numbers come from the engine itself.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/index.js'
import { serve } from '../server/requests.js'
import { pythonWith } from './python.js'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const { python, reason } = pythonWith('requirements-lm-eval.txt')
const engine = await loadEngine(path('../../models/mini'), { threads: 1, precision: 'exact' })
const server = await serve(engine, {}, 'mini')
const out = mkdtempSync(join(tmpdir(), 'kaiyuan-lm-eval-'))
afterAll(() => rmSync(out, { recursive: true, force: true }))

interface Sample {
  readonly doc: { readonly question: string; readonly choices: readonly string[] }
  readonly resps: readonly (readonly unknown[])[]
}

/** Runs tasks, and gives the samples of each. */
function evaluate(tasks: readonly string[], model: string, endpoint: string, ...flags: string[]): Promise<Samples> {
  const folder = join(out, model)
  const settings = { model: 'mini', base_url: `${server.url}${endpoint}`, max_retries: 1, num_concurrent: 1 }
  const args = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const command = ['-m', 'lm_eval', '--model', model, '--model_args', args.join(',')]
  const names = tasks.map((task) => `kaiyuan_${task}`).join(',')
  const written = ['--output_path', folder, '--log_samples', ...flags]
  const env = { ...process.env, HF_HOME: join(out, 'cache'), HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' }
  return new Promise((resolve, reject) => {
    const where = { env, cwd: path('python'), maxBuffer: 1 << 26 }
    const all = [...command, '--include_path', path('python/tasks'), '--tasks', names, ...written]
    execFile(python!, all, where, (error, stdout, stderr) => {
      if (error) return reject(new Error(`${error.message}\n${stdout}\n${stderr.slice(-5000)}`))
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      const samples = tasks.map((task) => {
        const file = files.find((name) => name.includes(`samples_kaiyuan_${task}`))!
        const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n')
        return [task, lines.map((line) => JSON.parse(line) as Sample)] as const
      })
      resolve(new Map(samples))
    })
  })
}

type Samples = ReadonlyMap<string, readonly Sample[]>

let measured: Promise<Samples> | undefined
/** The samples of a task by completions: to start lm-eval takes longer than its work here. */
async function samplesOf(task: string): Promise<readonly Sample[]> {
  const batch = ['--batch_size', '4']
  measured ??= evaluate(['choice', 'rolling', 'generate'], 'local-completions', '/v1/completions', ...batch)
  const samples = (await measured).get(task)!
  expect(samples).toHaveLength(4)
  return samples
}

/** How likely the engine itself finds `text` after `before`. */
async function logLikelihood(before: readonly number[], text: readonly number[]): Promise<number> {
  const choices = await engine.likelihoods([...before, ...text], 0)
  return choices.slice(-text.length).reduce((sum, { logprob }) => sum + logprob, 0)
}

describe.skipIf(!python)(`lm-eval${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('chooses by the likelihoods that the engine has', async () => {
    for (const { doc, resps } of await samplesOf('choice')) {
      const before = engine.encode(doc.question)
      for (const [i, choice] of doc.choices.entries()) {
        const [found] = resps[i]![0] as [string]
        const own = await logLikelihood(before, engine.encode(` ${choice}`))
        expect(Number(found), choice).toBeCloseTo(own, 3)
      }
    }
  })

  it('measures a whole text', async () => {
    // Its first token has one before it too: the one that begins a text.
    const begin = engine.encode(engine.info.specialTokens!['bos_token']!, { addSpecial: false })
    expect(begin).toHaveLength(1)
    for (const { doc, resps } of await samplesOf('rolling')) {
      const ids = engine.encode(doc.question)
      const own = await logLikelihood(begin, ids)
      expect(Number(resps[0]![0]), doc.question).toBeCloseTo(own, 3)
    }
  })

  it('generates until a text, as the engine does', async () => {
    for (const { doc, resps } of await samplesOf('generate')) {
      const own = await engine.complete(doc.question, { temperature: 0, maxTokens: 24, stop: '.' }).result
      expect(resps[0]![0]).toBe(own.text)
    }
  })

  it('chats', async () => {
    const chat = ['--apply_chat_template', '--batch_size', '1']
    const all = await evaluate(['generate'], 'local-chat-completions', '/v1/chat/completions', ...chat)
    for (const { doc, resps } of all.get('generate')!) {
      const messages = [{ role: 'user' as const, content: doc.question }]
      const own = await engine.chat(messages, { temperature: 0, maxTokens: 24, stop: '.' }).result
      expect(resps[0]![0]).toBe(own.text)
    }
  })
})
