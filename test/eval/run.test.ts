// Runs that are ended and go on, what may be compared, and which documents a limit takes.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { csvRows, jsonLines } from '../../src/eval/data/formats.js'
import { chooseItems } from '../../src/eval/run/choose-items.js'
import { prepare, runPrepared, type PreparedTask } from '../../src/eval/run/evaluate.js'
import { difference } from '../../src/eval/run/identity.js'
import { Journal } from '../../src/eval/run/node-journal.js'
import { samplesOf } from '../../src/eval/run/samples.js'
import type { Subject } from '../../src/eval/subject/subject.js'
import type { Item, Task } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { loadEngine } from '../../src/engine/engine.js'
import { scriptedSubject, ownDocuments } from './scripted.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-eval-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = (): string => join(folder, `${files++}.jsonl`)

const arc = taskNamed('arc_easy')
const arcFiles = ownDocuments('arc_easy')
const prepared = (subject: Subject, limit?: number): Promise<PreparedTask> => prepare(arc, subject, arcFiles, { limit })

/** The results of a run as they are written, and how often the model was asked. */
async function run(path: string, subject = scriptedSubject()): Promise<{ written: string; asked: number }> {
  let asked = 0
  const counting: Subject = {
    ...subject,
    likelihoods: (...args) => {
      asked++
      return subject.likelihoods(...args)
    },
  }
  const task = await prepared(counting)
  const journal = await Journal.open(path, task.identity)
  try {
    const { result, records, prompts } = await runPrepared(task, counting, journal, {}, {})
    return { written: JSON.stringify([result, await samplesOf(arc, records, prompts)]), asked }
  } finally {
    await journal.close()
  }
}

describe('a journal', () => {
  it('goes on wherever it was cut off, and comes to the same bytes', async () => {
    const path = newFile()
    const { written, asked } = await run(path)
    expect(asked).toBe(10)
    const whole = readFileSync(path)
    const lines = whole.toString().split('\n').length - 2
    expect(lines).toBe(10)
    // In the middle of the identity, between answers, in the middle of one, before the last line end.
    const ends = [0, 30, whole.indexOf('\n') + 1, whole.indexOf('\n') + 40, whole.length - 200, whole.length - 1]
    for (const end of ends) {
      writeFileSync(path, whole)
      truncateSync(path, end)
      const kept = whole.subarray(0, end).toString().split('\n').length - 2
      const again = await run(path)
      expect(again.written, `cut off after ${end} bytes`).toBe(written)
      expect(again.asked).toBe(10 - Math.max(0, kept))
    }
  })

  it('counts an answer once that is there twice', async () => {
    const path = newFile()
    const { written } = await run(path)
    const [, first = ''] = readFileSync(path, 'utf8').split('\n')
    appendFileSync(path, `${first}\n`)
    expect((await run(path)).written).toBe(written)
  })

  it('is of one model and one set of prompts, and says which field differs', async () => {
    const path = newFile()
    await run(path)
    const other = scriptedSubject()
    const fast: Subject = { ...other, identity: { ...other.identity, precision: 'fast' } }
    await expect(run(path, fast)).rejects.toThrow(/is of another run: its precision is exact, here it is fast/)
    const { identity } = await prepared(other, 3)
    await expect(Journal.open(path, identity)).rejects.toThrow(/its prompts is/)
    // A refusal leaves no claim.
    await run(path)
  })

  it('refuses what is no answer, and another process that writes it', async () => {
    const path = newFile()
    await run(path)
    appendFileSync(path, '{"doc_id":1}\n')
    await expect(run(path)).rejects.toThrow(/line 12: expected an answer/)
    writeFileSync(`${path}.lock`, String(process.ppid))
    await expect(run(path)).rejects.toThrow(new RegExp(`process ${process.ppid} writes it now`))
  })
})

it('asks no more once an answer failed', async () => {
  const subject = scriptedSubject()
  let asked = 0
  const failing: Subject = {
    ...subject,
    concurrency: 1,
    likelihoods: (...args) => (++asked === 3 ? Promise.reject(new Error('gone')) : subject.likelihoods(...args)),
  }
  const task = await prepared(failing)
  const store = { kept: [], append: () => Promise.resolve() }
  await expect(runPrepared(task, failing, store, {}, {})).rejects.toThrow('gone')
  expect(asked).toBe(3)
})

it('keeps nothing of an answer during which it was ended', async () => {
  const controller = new AbortController()
  const subject = scriptedSubject()
  const ended: Subject = {
    ...subject,
    concurrency: 1,
    write: (...args) => {
      controller.abort(new Error('stopped'))
      return subject.write(...args)
    },
  }
  const gsm8k = taskNamed('gsm8k')
  const task = await prepare(gsm8k, ended, ownDocuments('gsm8k'), { limit: 2, shots: 0 })
  const kept: unknown[] = []
  const store = { kept: [], append: (record: unknown) => Promise.resolve(void kept.push(record)) }
  await expect(runPrepared(task, ended, store, {}, { signal: controller.signal })).rejects.toThrow('stopped')
  expect(kept).toEqual([])
})

describe('an answer is graded', () => {
  const gsm8k = taskNamed('gsm8k')
  /** Two questions, one at a time. */
  async function two(
    write: Subject['write'],
    score: NonNullable<Task['score']>,
  ): Promise<{ run: Promise<unknown>; kept: unknown[] }> {
    const subject: Subject = { ...scriptedSubject(), concurrency: 1, write }
    const task = await prepare({ ...gsm8k, score }, subject, ownDocuments('gsm8k'), { limit: 2, shots: 0 })
    const kept: unknown[] = []
    const store = { kept: [], append: (record: unknown) => Promise.resolve(void kept.push(record)) }
    return { run: runPrepared(task, subject, store, {}, {}), kept }
  }
  const scripted = scriptedSubject()

  it('while the next one is written', async () => {
    let asked = 0
    let askedAgain = (): void => undefined
    const second = new Promise<void>((resolve) => (askedAgain = resolve))
    const { run, kept } = await two(
      (...args) => {
        if (++asked === 2) askedAgain()
        return scripted.write(...args)
      },
      async (...args) => {
        await second
        return gsm8k.score!(...args)
      },
    )
    await run
    expect(kept).toHaveLength(2)
  })

  it('and kept, if the next one fails', async () => {
    let asked = 0
    const { run, kept } = await two(
      (...args) => (++asked === 2 ? Promise.reject(new Error('gone')) : scripted.write(...args)),
      async (...args) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return gsm8k.score!(...args)
      },
    )
    await expect(run).rejects.toThrow('gone')
    expect(kept).toHaveLength(1)
  })

  it('or ends the run', async () => {
    const { run, kept } = await two(
      (...args) => scripted.write(...args),
      () => Promise.reject(new Error('no such answer')),
    )
    await expect(run).rejects.toThrow('no such answer')
    expect(kept).toEqual([])
  })
})

describe('results are compared', () => {
  it('only with the same data, prompts, examples and class', async () => {
    const { identity } = await prepared(scriptedSubject())
    expect(difference(identity, { ...identity, subject: { ...identity.subject, model: 'another' } })).toBeUndefined()
    expect(difference(identity, { ...identity, shots: 5 })).toEqual({ field: 'shots', a: '0', b: '5' })
    for (const field of ['data', 'prompts', 'version', 'task'] as const)
      expect(difference(identity, { ...identity, [field]: 'x' })?.field).toBe(field)
    expect(difference(identity, { ...identity, class: 'generation' })?.field).toBe('class')
  })
})

describe('a limit', () => {
  const item = (group?: string): Item => ({
    doc: {},
    text: '',
    answer: '',
    group,
  })
  it('takes the first, and from groups in turn', () => {
    const ids = (groups: (string | undefined)[], limit: number): number[] =>
      chooseItems(groups.map(item), limit).map(({ id }) => id)
    expect(ids([undefined, undefined, undefined], 2)).toEqual([0, 1])
    expect(ids(['a', 'a', 'a', 'b', 'b', 'c'], 4)).toEqual([0, 1, 3, 5])
    expect(() => ids(['a'], 0)).toThrow('at least 1')
  })
})

describe('published formats', () => {
  it('are read with quotes and line ends inside of fields', () => {
    expect(csvRows(Buffer.from('a,"b ""c""\n,d",\r\n,2,3'))).toEqual([
      ['a', 'b "c"\n,d', ''],
      ['', '2', '3'],
    ])
    expect(csvRows(Buffer.from('a,'))).toEqual([['a', '']])
    expect(() => csvRows(Buffer.from('"a'))).toThrow('a quote is not closed')
    expect(() => jsonLines(Buffer.from('{}\n[1]\n'), 'docs')).toThrow('docs, line 2: expected a JSON object')
  })
})

it('likelihoods from a position are those of the whole, with the beginning from the cache', async () => {
  const golden = fileURLToPath(new URL('../fixtures/golden/qwen3', import.meta.url))
  const engine = await loadEngine(golden, { precision: 'exact' })
  const ids = Array.from({ length: 150 }, (_, i) => (i * 7) % engine.info.vocabSize)
  const whole = await engine.likelihoods(ids, 1)
  for (const from of [1, 64, 65, ids.length - 1]) {
    const part = await engine.likelihoods(ids, 1, undefined, undefined, from)
    expect(part).toEqual(whole.slice(from - 1))
  }
  expect(await engine.likelihoods(ids, 1, undefined, undefined, ids.length)).toEqual([])
  await expect(engine.likelihoods(ids, 1, undefined, undefined, 0)).rejects.toThrow('at least 1')
  await engine.close()
})
