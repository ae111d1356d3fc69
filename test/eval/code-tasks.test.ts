import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Sandbox } from '../../src/eval/sandbox/sandbox.js'
import type { Verdict } from '../../src/eval/sandbox/verdict.js'
import { promptsOf } from '../../src/eval/task/prompts.js'
import type { Item, WrittenAnswer } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { fixture } from './scripted.js'

const answered = (text: string): WrittenAnswer => ({ text, calls: [], isCut: false })
const itemsOf = async (name: string, bytes: Uint8Array): Promise<readonly Item[]> =>
  (await taskNamed(name).read(new Map([['problems', bytes]]))).items

describe('HumanEval', () => {
  const packed = gzipSync(fixture('humaneval-own.jsonl'))
  const sandbox = new Sandbox('javascript', { folder: new URL('../../dist/eval/sandbox/', import.meta.url) })
  afterAll(() => sandbox.close())

  it('asks with the prompt alone, and in a conversation whose answer has begun', async () => {
    const [item] = await itemsOf('humaneval', packed)
    const task = taskNamed('humaneval')
    expect(promptsOf(task, { items: [item!] }, [item!], 0)[0]?.context).toBe(item!.doc['prompt'])
    const [chat] = await itemsOf('humaneval_chat', packed)
    expect(chat?.messages?.map(({ role }) => role)).toEqual(['user', 'assistant'])
    expect(chat?.messages?.[1]?.content).toBe(chat?.prefix)
    const [begun] = await itemsOf('humaneval_instruct', packed)
    const [{ context } = { context: '' }] = promptsOf(taskNamed('humaneval_instruct'), { items: [begun!] }, [begun!], 0)
    expect(context.split(begun!.doc['prompt'] as string)).toHaveLength(3)
    expect(context.endsWith('"""\n\n')).toBe(true)
  })

  it('runs the program that HumanEval defines, and counts what passes', async () => {
    const [, item] = await itemsOf('humaneval', packed)
    const programs: string[] = []
    const runner = (verdict: Verdict) => ({
      run: (program: string) => (programs.push(program), Promise.resolve(verdict)),
    })
    const task = taskNamed('humaneval')
    const right = await task.score!(item!, answered(item!.answer), { runner: runner({ outcome: 'passed' }) })
    expect(right).toEqual({ scores: { 'pass@1': 1 }, extracted: ['passed'], isInvalid: false })
    const { prompt, test } = item!.doc as { prompt: string; test: string }
    expect(programs).toEqual([`${prompt}${item!.answer}\n${test}\ncheck(leap_years)`])
    const late = await task.score!(item!, answered(''), { runner: runner({ outcome: 'timed out', seconds: 20 }) })
    expect(late).toEqual({ scores: { 'pass@1': 0 }, extracted: ['timed out after 20 s'], isInvalid: true })
  })

  it('never counts a problem as failed that could not be run', async () => {
    const [item] = await itemsOf('humaneval', packed)
    const runner = { run: () => Promise.resolve<Verdict>({ outcome: 'not run', reason: 'no interpreter' }) }
    await expect(taskNamed('humaneval').score!(item!, answered('x'), { runner })).rejects.toThrow(/no interpreter/)
    await expect(taskNamed('humaneval').score!(item!, answered('x'), {})).rejects.toThrow(/no sandbox/)
  })

  it('in JavaScript: right and wrong answers, in the sandbox', async () => {
    const task = taskNamed('humaneval_js')
    const chat = taskNamed('humaneval_js_chat')
    for (const item of await itemsOf('humaneval_js', fixture('humaneval-js-own.jsonl'))) {
      const scores = async (of: typeof task, text: string): Promise<unknown> =>
        (await of.score!(item, answered(text), { runner: sandbox })).scores
      const wholeFunction = `${item.doc['prompt'] as string}${item.answer}`
      expect(await scores(task, item.answer)).toEqual({ 'pass@1': 1 })
      expect(await scores(task, '  return 7\n}')).toEqual({ 'pass@1': 0 })
      expect(await scores(chat, `${wholeFunction}\`\`\`\nIt adds.`)).toEqual({ 'pass@1': 1 })
      expect(await scores(chat, `Sure.\n\`\`\`javascript\n${wholeFunction}\`\`\``)).toEqual({ 'pass@1': 1 })
    }
  })
})

describe('BFCL', () => {
  const files = new Map([
    ['questions', fixture('bfcl-own.jsonl')],
    ['answers', fixture('bfcl-own-answers.jsonl')],
  ])
  const scoreOf = async (name: string, calls: WrittenAnswer['calls']): Promise<string> => {
    const task = taskNamed(name)
    const { items } = await task.read(files)
    const { scores, extracted } = await task.score!(items[0]!, { text: '', calls, isCut: false }, {})
    return `${scores['acc']} ${extracted.join()}`
  }
  const call = (given: string): WrittenAnswer['calls'] => [{ name: 'tea_order', arguments: given }]

  it('asks with messages and tools', async () => {
    const { items } = await taskNamed('bfcl_simple_python').read(files)
    expect(items[0]?.messages?.map(({ role }) => role)).toEqual(['system', 'user'])
    expect(items[0]?.tools?.map((tool) => tool.function.name)).toEqual(['tea_order'])
  })

  it('scores calls, whose floats it tells from whole numbers', async () => {
    expect(await scoreOf('bfcl_simple_python', call('{"leaf": "Lapsang", "cups": 2, "sugar": 1}'))).toBe(
      '1 as expected',
    )
    expect(await scoreOf('bfcl_multiple', call('{"leaf": "Lapsang", "cups": 2}'))).toBe('1 as expected')
    expect(await scoreOf('bfcl_parallel', call('{"leaf": "Lapsang", "cups": 2}'))).toBe('1 as expected')
    expect(await scoreOf('bfcl_simple_python', call('{"leaf": "Lapsang", "cups": 2.0}'))).toMatch(
      /^0 type_error:simple/,
    )
    expect(await scoreOf('bfcl_simple_python', call('{"leaf": "Lapsang"}'))).toMatch(/missing_required/)
    expect(await scoreOf('bfcl_simple_python', call('no json'))).toBe('0 arguments that are no JSON object')
    expect(await scoreOf('bfcl_simple_python', [])).toBe('0 no call')
    expect(await scoreOf('bfcl_simple_python', [{ name: 'tea_order', arguments: { leaf: 'lapsang', cups: 2 } }])).toBe(
      '1 as expected',
    )
  })

  it('wants no call where no function fits', async () => {
    expect(await scoreOf('bfcl_irrelevance', [])).toBe('1 no call')
    expect(await scoreOf('bfcl_irrelevance', call('no json'))).toBe('1 no call')
    expect(await scoreOf('bfcl_irrelevance', call('{"leaf": "lapsang"}'))).toMatch(/^0 /)
  })
})
