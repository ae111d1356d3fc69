// Tasks whose documents come by address: from a server of our own, with our own documents.
import { createServer, type Server } from 'node:http'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { promptsOfTask } from '../../src/eval/evaluate.js'
import { prepare, runPrepared, type RunOptions } from '../../src/eval/run/evaluate.js'
import type { Evaluated } from '../../src/eval/run/evaluate.js'
import type { Subject } from '../../src/eval/subject/subject.js'
import type { Task } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { fixture, ownDocuments, scriptedSubject } from './scripted.js'

const cache = mkdtempSync(join(tmpdir(), 'kaiyuan-data-'))
let server: Server
let asked = 0
beforeAll(async () => {
  server = createServer((request, response) => {
    asked++
    if (request.url === '/aime_2024_problems.parquet') response.end(fixture('aime24.parquet'))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(cache, { recursive: true })
})
afterEach(() => vi.unstubAllEnvs())

/** The task with its file on our server. */
function served(path: string, name = 'aime24'): Task {
  const task = taskNamed(name)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`
  return { ...task, files: task.files.map((file) => ({ ...file, source: { url } })) }
}

it('fetches a file once, and keeps it without a published hash under its address', async () => {
  vi.stubEnv('KAIYUAN_CACHE', cache)
  const task = served('aime_2024_problems.parquet')
  const [first] = await promptsOfTask(task, { limit: 1 })
  expect(first?.context).toMatch(/^Question: A \w+( \w+)* has 12 rows[^]*\nAnswer:$/)
  expect(first?.answer).toBe('204')
  expect(await promptsOfTask(task)).toHaveLength(6)
  expect(asked).toBe(1)
  expect(readdirSync(join(cache, 'kaiyuan-data'))).toEqual([expect.stringMatching(/^address-[0-9a-f]{64}$/)])
})

it('says in a sentence why a file cannot be had', async () => {
  vi.stubEnv('KAIYUAN_CACHE', cache)
  await expect(promptsOfTask(served('nowhere'))).rejects.toThrow(/nowhere: the server answered 404/)
  const other = served('aime_2024_problems.parquet', 'aime25')
  await expect(promptsOfTask(other)).rejects.toThrow(/expected the sha256 b4e273c0.*other documents than those/)
  vi.stubEnv('HF_HUB_OFFLINE', '1')
  await expect(promptsOfTask(served('elsewhere'))).rejects.toThrow(/not in the cache, and no server may be asked/)
})

it('says where it cannot be kept', async () => {
  const file = join(cache, 'a-file')
  writeFileSync(file, '')
  vi.stubEnv('KAIYUAN_CACHE', file)
  const kept = promptsOfTask(served('aime_2024_problems.parquet'))
  await expect(kept).rejects.toThrow(/a-file\/kaiyuan-data: expected a folder, found a file in its path \(ENOTDIR\)/)
})

it('hashes what came where nobody published a hash: other documents are another run', async () => {
  const task = taskNamed('aime24')
  const identityOf = async (bytes: Uint8Array): Promise<string> => {
    const read = (): Promise<Map<string, Uint8Array>> => Promise.resolve(new Map([['problems', bytes]]))
    return (await prepare(task, scriptedSubject(), read, {})).identity.data
  }
  const bytes = fixture('aime24.parquet')
  const changed = Buffer.from(bytes)
  changed.write('P', changed.indexOf('parquet-cpp'))
  expect(await identityOf(bytes)).toBe(await identityOf(Uint8Array.from(bytes)))
  expect(await identityOf(bytes)).not.toBe(await identityOf(changed))
})

it('answers each problem several times: the mean, and how likely one of k is right', async () => {
  const right = new Set(['0/0', '0/2', '1/1'])
  const seeds: number[] = []
  const subject: Subject = {
    ...scriptedSubject(),
    write: async ({ context, sampling }) => {
      seeds.push(sampling.seed)
      const document = contexts.indexOf(context)
      const isRight = right.has(`${document}/${sampling.seed - 1234}`)
      const text = `\\boxed{${isRight ? ['204', '73'][document] : '999'}}`
      return { text, calls: [], isCut: false, promptTokens: 1, tokens: 1, isTruncated: false }
    },
  }
  const options: RunOptions = { limit: 2, repeats: 4, temperature: 0.6 }
  const task = taskNamed('aime25')
  const prepared = await prepare(task, subject, ownDocuments('aime25'), options)
  const contexts = [...new Set(prepared.questions.map(({ prompt }) => prompt.context))]
  const store = { kept: [], append: () => Promise.resolve() }
  const { result, records }: Evaluated = await runPrepared(prepared, subject, store, {}, options)
  expect(records).toHaveLength(8)
  expect([...seeds].sort()).toEqual([1234, 1234, 1235, 1235, 1236, 1236, 1237, 1237])
  // Of four answers two are right, and one.
  expect(result.metrics['exact_match']?.value).toBeCloseTo((2 / 4 + 1 / 4) / 2, 12)
  expect(result.metrics['pass@2']?.value).toBeCloseTo((1 - 1 / 6 + (1 - 3 / 6)) / 2, 12)
  expect(result.metrics['pass@4']?.value).toBe(1)
})
