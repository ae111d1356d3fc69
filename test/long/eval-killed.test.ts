// A run of an evaluation that is killed (SIGKILL) again and again goes on each time, counts no answer twice, and comes to the bytes of a run
// that was left alone: results and samples, as the command keeps them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PythonRandom } from '../../src/eval/python/random.js'
import { bundle } from './bundled.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-eval-kill-'))
afterAll(() => rmSync(folder, { recursive: true }))
const dist = new URL('../../dist/', import.meta.url)
const KILLS = 20

/** A task of our own on the embedded model, in a process of its own: a word to spell in each of its documents. */
const PROGRAM = `
import { loadEngine } from '${new URL('index.js', dist).href}'
import { evaluate } from '${new URL('eval.js', dist).href}'
import { keepResult } from './results.mjs'
const items = Array.from({ length: 400 }, (_, i) => ({ doc: { i }, text: 'What is ' + i + ' + ' + (i * 7) % 90 + '?', answer: String(i), choices: ['one', 'two ' + i], gold: i % 2 }))
const task = { name: 'own', title: 'sums', version: '1', class: 'likelihood', license: 'none', files: [], metrics: ['acc'], shots: 0, read: () => ({ items }) }
const engine = await loadEngine('mini', { threads: 1 })
let isBegun = false
const onProgress = () => { if (!isBegun) process.send?.('begun'); isBegun = true }
const evaluated = await evaluate(engine, task, { journal: process.argv[2] + '/own.jsonl', onProgress })
await keepResult(process.argv[2], task, evaluated)
await engine.close()
`
const program = join(folder, 'run.mjs')
writeFileSync(program, PROGRAM)
/** The command's own writing of results, as Node runs it. */
beforeAll(() => bundle(new URL('../../src/cli/eval/results.ts', import.meta.url), folder, 'results.mjs'))

/** @param killAfter milliseconds after its first answer; never by default */
async function run(out: string, killAfter?: number): Promise<{ end: 'killed' | 'done'; milliseconds: number }> {
  const child = spawn(process.execPath, [program, out], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let begun = 0
  child.on('message', () => {
    begun = performance.now()
    if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter)
  })
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return { end: signal === 'SIGKILL' ? 'killed' : 'done', milliseconds: performance.now() - begun }
}

it(`comes to the same bytes after ${KILLS} kills`, async () => {
  const [whole, killed] = ['whole', 'killed'].map((name) => join(folder, name)) as [string, string]
  mkdirSync(whole)
  mkdirSync(killed)
  const { end, milliseconds } = await run(whole)
  expect(end).toBe('done')
  const random = new PythonRandom(7)
  // A quarter of the run on average: it must not come to its end before the last of them, and may be faster by then, on a machine that was
  // busy while it was measured.
  for (let kills = 0; kills < KILLS; kills++)
    expect(await run(killed, random.random() * (milliseconds / (2 * KILLS)))).toMatchObject({ end: 'killed' })
  const kept = answered(killed).length
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(400)
  expect(await run(killed)).toMatchObject({ end: 'done' })
  for (const file of ['results.json', 'samples_own.jsonl'])
    expect(readFileSync(join(killed, file), 'utf8')).toBe(readFileSync(join(whole, file), 'utf8'))
  expect(answered(killed)).toEqual(Array.from({ length: 400 }, (_, i) => i))
  expect(readdirSync(killed).sort()).toEqual(['own.jsonl', 'results.json', 'samples_own.jsonl'])
  console.log(`${KILLS} kills with ${kept} answers kept, then 400, none twice`)
})

/** Documents that are in the journal, in order; the line at its end may be cut off. */
function answered(out: string): number[] {
  const text = readFileSync(join(out, 'own.jsonl'), 'utf8')
  const [, ...lines] = text.slice(0, text.lastIndexOf('\n')).split('\n')
  return lines.map((line) => (JSON.parse(line) as { doc_id: number }).doc_id).sort((a, b) => a - b)
}
