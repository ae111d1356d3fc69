// The report of kept results: what it says, what it refuses, and what never gets into it.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { compare } from '../../src/cli/eval/compare.js'
import { report, type ReportFlags } from '../../src/cli/eval/report.js'
import type { Comparison } from '../../src/eval/run/compare.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { scriptedSubject } from './scripted.js'
import { otherSubject, storeRun } from './stored-runs.js'

const root = mkdtempSync(join(tmpdir(), 'kaiyuan-report-'))
afterAll(() => rmSync(root, { recursive: true }))
const [a, b, c, hostile, hidden] = ['a', 'b', 'c', 'hostile', 'hidden'].map((name) => join(root, name)) as [
  ...[string, string, string, string, string],
]
const ATTACK = '</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>\u202E&amp;'
const SECRET = 'a secret answer'

beforeAll(async () => {
  const zero = { shots: 0 }
  await storeRun(a, ['arc_easy', 'gsm8k'], scriptedSubject(), zero)
  await storeRun(b, ['arc_easy', 'gsm8k'], otherSubject('another'), zero)
  await storeRun(c, ['gsm8k'], otherSubject('a third'), { shots: 1 })
  const saying = (text: string) => () =>
    Promise.resolve({ text, calls: [], isCut: false, promptTokens: 1, tokens: 1, isTruncated: false })
  await storeRun(hostile, ['gsm8k'], otherSubject('<b>model</b>', saying(ATTACK)), zero)
  const gsm8k = taskNamed('gsm8k')
  const secret = { ...gsm8k, name: 'private_gsm8k', isPrivate: true }
  await storeRun(hidden, [secret], otherSubject('x', saying(SECRET)), zero)
})

/** What a command prints. */
async function printed(run: () => Promise<void>): Promise<string> {
  const written: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  try {
    await run()
  } finally {
    spy.mockRestore()
  }
  return written.join('')
}

/** The page. */
async function page(folders: readonly string[], flags: Partial<ReportFlags> = {}): Promise<Document> {
  const html = join(root, 'report.html')
  await printed(() => report(folders, { lang: 'en', failures: 20, html, ...flags }))
  return parseHTML(readFileSync(html, 'utf8')).document
}

const textsOf = (document: Document, selector: string): string[] =>
  [...document.querySelectorAll(selector)].map(({ textContent }) => textContent.trim())

it('says scores and differences as the results and compare have them', async () => {
  const document = await page([a, b])
  const { comparisons } = JSON.parse(await printed(() => compare(a, b, { json: true }))) as {
    comparisons: Comparison[]
  }
  const rows = [...document.querySelectorAll('#differences tbody tr')].map((row) => textsOf(row as never, 'td'))
  expect(rows).toHaveLength(2)
  for (const [i, one] of comparisons.entries()) {
    expect(rows[i]!.slice(0, 4)).toEqual([
      one.task,
      one.metric,
      `${(100 * one.a).toFixed(1)} %`,
      `${(100 * one.b).toFixed(1)} %`,
    ])
    expect(rows[i]!.slice(7, 9)).toEqual([String(one.onlyA), String(one.onlyB)])
    expect(rows[i]![10]).toBe(`${(100 * one.detectable).toFixed(1)} points`)
  }
  const [answers, others] = [a, b].map((folder) =>
    readFileSync(join(folder, 'gsm8k.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as { doc_id: number; text: string }),
  ) as [{ doc_id: number; text: string }[], { doc_id: number; text: string }[]]
  const same = answers.filter(({ doc_id, text }) => others.some((one) => one.doc_id === doc_id && one.text === text))
  expect(same.length).toBeLessThan(answers.length)
  expect(comparisons.map(({ task, sameText }) => [task, sameText])).toEqual([
    ['arc_easy', undefined],
    ['gsm8k', same.length],
  ])
  const { results } = JSON.parse(readFileSync(join(a, 'results.json'), 'utf8')) as {
    results: { identity: { task: string }; metrics: Record<string, { value: number }> }[]
  }
  const scores = [...document.querySelectorAll('#scores tbody tr')].map((row) => textsOf(row as never, 'td'))
  for (const { identity, metrics } of results)
    for (const [name, { value }] of Object.entries(metrics))
      expect(scores.some(([task, run, metric, score]) => task === identity.task && run === 'A' && metric === name && score === `${(100 * value).toFixed(1)} %`)).toBe(true) // prettier-ignore
})

it('sets answers side by side: question, verdicts, what was expected; and counts what it leaves out', async () => {
  const document = await page([a, b], { failures: 2 })
  const failures = [...document.querySelectorAll('.failure')]
  expect(failures).toHaveLength(4)
  const [first] = failures
  expect(first!.querySelectorAll('.side')).toHaveLength(2)
  expect(first!.querySelector('summary')!.textContent).toMatch(/document \d+\s+A (right|wrong)\s+B (right|wrong)/)
  expect(textsOf(document, '#failures .fine').some((text) => /^and \d+ more/.test(text))).toBe(true)
  // Documents on which runs disagree come first.
  const verdicts = textsOf(first as never, 'summary .verdict').map((text) => text.split(' ')[1])
  expect(new Set(verdicts).size).toBe(2)
  const question = readFileSync(join(a, 'samples_arc_easy.jsonl'), 'utf8').split('\n')
  const id = Number(/document (\d+)/.exec(first!.textContent)![1])
  const sample = question.map((line) => (line ? (JSON.parse(line) as Record<string, unknown>) : {})).find(({ doc_id }) => doc_id === id)! // prettier-ignore
  const { arg_0: prompt } = (sample['arguments'] as { gen_args_0: { arg_0: string } }).gen_args_0
  expect(first!.querySelector('pre')!.textContent.trim()).toBe(prompt.trim())
  expect(first!.querySelectorAll('.side')[0]!.querySelectorAll('tbody tr')).toHaveLength(4)
})

it('refuses to compare what was asked otherwise, with the field, and shows it apart', async () => {
  const document = await page([a, c])
  expect(textsOf(document, '.refused')).toEqual([
    'gsm8k may not be compared: shots is 0 in the first and 1 in the second',
  ])
  expect(document.querySelectorAll('#differences table')).toHaveLength(0)
  expect(textsOf(document, '#failures nav a')).toEqual(['arc_easy: A', 'gsm8k: A', 'gsm8k: B'])
  const text = await printed(() => report([a, c], { lang: 'en', failures: 20 }))
  expect(text).toContain('gsm8k: A and B may not be compared: shots is 0 in A, and 1 in B')
  await expect(compare(a, c, {})).rejects.toThrow(/gsm8k: the two results may not be compared: shots is 0/)
})

it('shows what a model wrote as text and nothing else', async () => {
  const document = await page([hostile])
  expect(document.querySelectorAll('script, img, b b')).toHaveLength(0)
  expect(textsOf(document, '.side pre')[0]).toBe(ATTACK.trim())
  const policy = document.querySelector('meta[http-equiv]')!.getAttribute('content')!
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'$/)
  expect(document.querySelectorAll('[style], [src], [href]:not([href^="#"])')).toHaveLength(0)
})

it('has no text of a task whose texts may not be published, nor have the files', async () => {
  const document = await page([hidden])
  const html = document.documentElement.outerHTML
  const question = readFileSync(new URL('../fixtures/eval/gsm8k-test.jsonl', import.meta.url), 'utf8').split('\n')[0]!
  const { question: asked } = JSON.parse(question) as { question: string }
  expect(html).not.toContain(SECRET)
  expect(html).not.toContain(asked.slice(0, 30))
  expect(html).toContain('may not be published')
  expect(document.querySelectorAll('.failure').length).toBeGreaterThan(0)
  for (const file of readdirSync(hidden)) {
    const kept = readFileSync(join(hidden, file), 'utf8')
    expect(kept, file).not.toContain(SECRET)
    expect(kept, file).not.toContain(asked.slice(0, 30))
  }
})

it('is written whole or not at all, and reads only what is whole', async () => {
  const flags = { lang: 'en', failures: 20 } as const
  await expect(report([a], { ...flags, html: join(root, 'no', 'x.html') })).rejects.toThrow(/cannot be written/)
  await expect(report([join(root, 'nothing')], flags)).rejects.toThrow(/expected results of kaiyuan eval/)
  expect(existsSync(join(root, 'no'))).toBe(false)
  const cut = join(root, 'cut')
  await storeRun(cut, ['gsm8k'], scriptedSubject(), { shots: 0 })
  truncateSync(join(cut, 'gsm8k.jsonl'), readFileSync(join(cut, 'gsm8k.jsonl')).length - 10)
  await expect(report([cut], flags)).rejects.toThrow(/expected the answers of \d+ documents, found \d+/)
  rmSync(join(cut, 'gsm8k.jsonl'))
  await expect(report([cut], flags)).rejects.toThrow(/expected the answers of gsm8k/)
})

it('says the same in Chinese, and shows questions as missing where the samples are gone', async () => {
  const gone = join(root, 'gone')
  await storeRun(gone, ['gsm8k'], scriptedSubject(), { shots: 0 })
  rmSync(join(gone, 'samples_gsm8k.jsonl'))
  const document = await page([gone], { lang: 'zh' })
  expect(document.documentElement.getAttribute('lang')).toBe('zh-Hans')
  expect(textsOf(document, 'h2')[0]).toBe('各次运行')
  expect(document.documentElement.outerHTML).toContain('结果旁没有样本文件')
})
