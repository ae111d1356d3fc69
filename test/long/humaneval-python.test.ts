import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { Sandbox } from '../../src/eval/sandbox/sandbox.js'
import type { Item } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { fixture } from '../eval/scripted.js'

it('runs right and wrong answers to problems of our own, in every form of HumanEval', async () => {
  const sandbox = new Sandbox('python', { folder: new URL('../../dist/eval/sandbox/', import.meta.url), seconds: 60 })
  const outcome = async (name: string, answer: (body: string, prompt: string) => string): Promise<unknown[]> => {
    const task = taskNamed(name)
    const { items } = await task.read(new Map([['problems', gzipSync(fixture('humaneval-own.jsonl'))]]))
    const written = items.map((item) => answer(item.answer, item.doc['prompt'] as string))
    const grade = async (item: Item, i: number): Promise<unknown> =>
      (await task.score!(item, { text: written[i]!, calls: [], isCut: false }, { runner: sandbox })).scores['pass@1']
    return Promise.all(items.map(grade))
  }
  try {
    expect(await outcome('humaneval', (body) => body)).toEqual([1, 1, 1])
    expect(await outcome('humaneval', () => '    return None\n')).toEqual([0, 0, 0])
    expect(await outcome('humaneval_instruct', (body) => `${body}\`\`\`\nIt passes.`)).toEqual([1, 1, 1])
    const main = (body: string, prompt: string): string => `${prompt.slice(prompt.lastIndexOf('def '))}${body}`
    expect(await outcome('humaneval_chat', (body, prompt) => `${main(body, prompt)}\n\`\`\``)).toEqual([1, 1, 1])
  } finally {
    await sandbox.close()
  }
})
