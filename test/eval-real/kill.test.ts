// A run that is killed (SIGKILL) again and again goes on each time, counts no answer twice, and comes to the bytes of a run that was left alone.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { PythonRandom } from '../../src/eval/python/random.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-eval-kill-'))
afterAll(() => rmSync(folder, { recursive: true }))
const dist = new URL('../../dist/', import.meta.url)
const KILLS = 20

/** A task of our own on the embedded model, in a process of its own: a word to spell in each of its documents. */
const PROGRAM = `
import { loadEngine } from '${new URL('index.js', dist).href}'
import { evaluate } from '${new URL('eval.js', dist).href}'
import { writeFileSync } from 'node:fs'
const items = Array.from({ length: 400 }, (_, i) => ({ doc: { i }, text: 'What is ' + i + ' + ' + (i * 7) % 90 + '?', answer: String(i), choices: ['one', 'two ' + i], gold: i % 2 }))
const task = { name: 'own', title: 'sums', version: '1', class: 'likelihood', license: 'none', files: [], metrics: ['acc'], shots: 0, read: () => ({ items }) }
const engine = await loadEngine('mini', { threads: 1 })
process.send?.('loaded')
const { result, records } = await evaluate(engine, task, { journal: process.argv[2] })
writeFileSync(process.argv[3], JSON.stringify([result, records]))
await engine.close()
`
const program = join(folder, 'run.mjs')
writeFileSync(program, PROGRAM)

/** @param killAfter milliseconds after the model is there; never by default */
function run(journal: string, out: string, killAfter?: number): Promise<'killed' | 'done'> {
  const child = spawn(process.execPath, [program, journal, out], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.on('message', () => {
    if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter)
  })
  return new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal === 'SIGKILL' ? 'killed' : 'done')))
}

it(`comes to the same bytes after ${KILLS} kills`, async () => {
  const [whole, killed] = ['whole', 'killed'].map(
    (name) => [join(folder, `${name}.jsonl`), join(folder, `${name}.json`)] as const,
  )
  const begun = performance.now()
  expect(await run(...whole!)).toBe('done')
  const milliseconds = performance.now() - begun
  const random = new PythonRandom(7)
  let kills = 0
  while (kills < KILLS && (await run(...killed!, random.random() * (milliseconds / KILLS))) === 'killed') kills++
  expect(kills).toBeGreaterThan(KILLS / 4)
  if (kills === KILLS) expect(await run(...killed!)).toBe('done')
  expect(readFileSync(killed![1], 'utf8')).toBe(readFileSync(whole![1], 'utf8'))
  const lines = readFileSync(killed![0], 'utf8').trim().split('\n').slice(1)
  const ids = lines.map((line) => (JSON.parse(line) as { doc_id: number }).doc_id)
  expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i))
  console.log(`${kills} kills, 400 answers, none twice`)
})
