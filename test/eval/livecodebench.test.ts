// Problems of our own in the form in which LiveCodeBench publishes its (test/eval-real/livecodebench.py). Python runs in test/long.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { pickledText } from '../../src/eval/livecodebench/pickled.js'
import { testsOf } from '../../src/eval/livecodebench/tests.js'
import { prepare, type RunOptions } from '../../src/eval/run/evaluate.js'
import { difference } from '../../src/eval/run/identity.js'
import { samplesOf } from '../../src/eval/run/samples.js'
import type { Verdict } from '../../src/eval/sandbox/verdict.js'
import { promptsOf } from '../../src/eval/task/prompts.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { fixture, ownDocuments, scriptedSubject } from './scripted.js'

/** Of CPython, in the protocols 2 to 5; a list of texts and a pair of them. */
const PICKLES = {
  texts: [
    [128, 2, 88, 2, 0, 0, 0, 195, 169, 113, 0, 46],
    [128, 3, 88, 2, 0, 0, 0, 195, 169, 113, 0, 46],
    [128, 4, 149, 6, 0, 0, 0, 0, 0, 0, 0, 140, 2, 195, 169, 148, 46],
    [128, 5, 149, 6, 0, 0, 0, 0, 0, 0, 0, 140, 2, 195, 169, 148, 46],
    [128, 2, 88, 44, 1, 0, 0, ...Array<number>(300).fill(120), 113, 0, 46],
    [128, 3, 88, 44, 1, 0, 0, ...Array<number>(300).fill(120), 113, 0, 46],
    [128, 4, 149, 51, 1, 0, 0, 0, 0, 0, 0, 88, 44, 1, 0, 0, ...Array<number>(300).fill(120), 148, 46],
    [128, 5, 149, 51, 1, 0, 0, 0, 0, 0, 0, 88, 44, 1, 0, 0, ...Array<number>(300).fill(120), 148, 46],
  ],
  list: [128, 4, 149, 8, 0, 0, 0, 0, 0, 0, 0, 93, 148, 140, 1, 97, 148, 97, 46],
  two: [128, 4, 149, 11, 0, 0, 0, 0, 0, 0, 0, 140, 1, 97, 148, 140, 1, 98, 148, 134, 148, 46],
}

const task = taskNamed('livecodebench_v6')
const read = async () => (await task.read(new Map([['problems', fixture('livecodebench-own.jsonl')]]))).items
const answered = (text: string) => ({ text, calls: [], isCut: false })
const fenced = (code: string): string => `First\n\`\`\`\nno\n\`\`\`\nthen\n\`\`\`python\n${code}\n\`\`\`\nDone.`

describe('questions', () => {
  it('are conversations, with the starter code where there is one', async () => {
    const [stdin, functional] = await read()
    expect(stdin!.messages!.map(({ role }) => role)).toEqual(['system', 'user'])
    expect(stdin!.text).toMatch(
      /^### Question:\nRead two[^]*\n\n### Format: Read the inputs from stdin[^]*# YOUR CODE HERE/,
    )
    expect(functional!.text).toContain('```python\nclass Solution:\n    def ends')
    expect(functional!.text.endsWith('```\n\n### Answer: (use the provided format with backticks)\n\n')).toBe(true)
  })

  it("are those of LiveCodeBench's runner at 28fef95, byte for byte", async () => {
    const sent = (await read()).map(({ messages }) => messages!.map(({ content }) => content).join('\0'))
    expect(sent.map((text) => createHash('sha256').update(text).digest('hex'))).toEqual([
      'f082663025857c0a34214b1a795710601370b90235daaaad3045289f9851627a',
      'bddd0cc8e46b3951e8f5b4c57bc552393646a2e6760ebba8acc8d84a6a15d034',
      '7d6bcda8501b0a75a782c41f7d1ec6ee45b14938c46d75df8b38c2d8743e4a44',
    ])
  })

  it('show no hidden tests, neither in prompts nor in records', async () => {
    const items = await read()
    const prompts = promptsOf(task, { items }, items, 0)
    const record = { doc_id: 0, repeat: 0, seed: 1, prompt_hash: '', scores: {}, tokens: 1, text: 'x' }
    const records = [{ ...record, isInvalid: false, isCut: false, isTruncated: false }]
    const samples = await samplesOf(task, records, new Map(prompts.map((prompt, i) => [i, prompt])))
    expect(JSON.stringify([prompts.map(({ context }) => context), samples])).not.toMatch(/test_cases|1\.50/)
  })
})

describe('tests', () => {
  it('are those that are shown, then the hidden ones', async () => {
    const found = await Promise.all((await read()).map(({ hidden }) => testsOf(hidden!)))
    expect(found.map((tests) => tests.length)).toEqual([3, 3, 1])
    expect(found[0]!.map(({ output }) => output)).toEqual(['8\n4.0\n', '3\n1.50\n', '0\n0'])
    expect(found[1]![2]).toEqual({ input: '[5, 6]\n"日本"', output: '[5, 6, 2]' })
  })

  it('that cannot be read are a sentence, and no failed answer', async () => {
    const [item] = await read()
    const runner = { run: () => Promise.resolve<Verdict>({ outcome: 'passed' }) }
    const scored = (hidden: string): unknown =>
      task.score!({ ...item!, hidden: { ...item!.hidden, private_test_cases: hidden } }, answered(fenced('x')), {
        runner,
      })
    await expect(scored('AAAA')).rejects.toThrow(/tests of own_1: expected base64 of zlib/)
    await expect(scored('[1')).rejects.toThrow(/tests of own_1: expected JSON/)
  })

  it('are unpickled where they are one text, by no program', () => {
    const texts = PICKLES.texts.map((bytes) => pickledText(Uint8Array.from(bytes), 'tests'))
    expect(texts).toEqual([...Array<string>(4).fill('é'), ...Array<string>(4).fill('x'.repeat(300))])
    for (const bytes of [PICKLES.list, PICKLES.two, [0x80, 4, 0x63, 0x6f, 0x73]])
      expect(() => pickledText(Uint8Array.from(bytes), 'tests')).toThrow(/a pickle of one text.*would take Python/)
    expect(() => pickledText(Uint8Array.of(0x80, 4, 0x58, 255, 0, 0, 0, 65), 'tests')).toThrow(/damaged/)
    expect(() => pickledText(Uint8Array.of(0x80), 'tests')).toThrow(/damaged/)
  })
})

it('runs the last block of an answer with all tests', async () => {
  const items = await read()
  const programs: string[] = []
  const verdicts: Verdict[] = [{ outcome: 'passed' }, { outcome: 'failed', error: 'test 2 of 3' }]
  const runner = { run: (program: string) => (programs.push(program), Promise.resolve(verdicts.shift()!)) }
  const score = async (i: number, text: string): Promise<unknown> => task.score!(items[i]!, answered(text), { runner })
  expect(await score(0, fenced('print("é", 1)'))).toEqual({
    scores: { 'pass@1': 1 },
    extracted: ['passed'],
    isInvalid: false,
  })
  expect(await score(1, fenced('class Solution: pass'))).toMatchObject({ extracted: ['failed: test 2 of 3'] })
  expect(programs[0]).toContain('print(\\"é\\", 1)')
  expect(programs[0]).not.toContain('First')
  expect(programs[1]).toContain(`getattr(_names['Solution'](), "ends")`)
  expect(await score(2, 'no code')).toEqual({
    scores: { 'pass@1': 0 },
    extracted: ['no block of code'],
    isInvalid: true,
  })
  await expect(Promise.resolve(task.score!(items[0]!, answered(fenced('x')), {}))).rejects.toThrow(/no sandbox/)
})

describe('a window of days', () => {
  const prepared = (options: RunOptions, name = task.name) =>
    prepare(taskNamed(name), scriptedSubject(), ownDocuments(name), options)
  const ids = async (options: RunOptions): Promise<number[]> => (await prepared(options)).questions.map(({ id }) => id)

  it('takes what was published in it, under the same numbers', async () => {
    expect(await ids({})).toEqual([0, 1, 2])
    expect(await ids({ since: '2025-01-04' })).toEqual([1, 2])
    expect(await ids({ since: '2025-01-04', until: '2025-01-04' })).toEqual([1])
    expect(await ids({ until: '2025-03-29', limit: 1 })).toEqual([0])
    expect(await ids({ since: '2025-01-05', limit: 1 })).toEqual([2])
  })

  it('belongs to what a result is', async () => {
    const { identity } = await prepared({ since: '2025-01-04' })
    expect(identity).toMatchObject({ documents: 2, isWhole: false, window: '2025-01-04 to ' })
    expect(difference(identity, (await prepared({})).identity)?.field).toBe('window')
  })

  it('that has nothing in it, is no day, or is of a task without days is a sentence', async () => {
    await expect(prepared({ since: '2026-01-01' })).rejects.toThrow(
      /no documents from 2026-01-01 to the end; they are from 2024-11-02 to 2025-03-30/,
    )
    await expect(prepared({ until: 'March' })).rejects.toThrow(/expected one such as 2025-01-31, found March/)
    await expect(prepared({ since: '2025-01-01' }, 'arc_easy')).rejects.toThrow(/arc_easy: its documents have no days/)
  })
})
