// Our verdicts on calls of functions against those of bfcl-eval's checker, on right and changed calls of its own documents.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'

interface Case {
  readonly part: string
  readonly id: string
  readonly calls: readonly (readonly [string, string])[]
  readonly valid: boolean | null
}

const given = process.env['KAIYUAN_EVAL_CALLS']
const data = process.env['KAIYUAN_EVAL_PACKAGES'] ?? ''
const reason = process.env['KAIYUAN_EVAL_CALLS_SKIPPED'] ?? 'the reference has not run'

describe.skipIf(given === undefined)(`calls of functions${given === undefined ? ` (skipped: ${reason})` : ''}`, () => {
  const cases =
    given === undefined
      ? []
      : readFileSync(given, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Case)
  it.each([...new Set(cases.map(({ part }) => part))])('%s', async (part) => {
    const task = taskNamed(`bfcl_${part}`)
    const files = new Map(
      task.files.map(({ name, source }) => [name, readFileSync(join(data, 'path' in source ? source.path : ''))]),
    )
    const { items } = await task.read(files)
    const byId = new Map<unknown, Item>(items.map((item) => [item.doc['id'], item]))
    const wrong: string[] = []
    let compared = 0
    for (const { id, calls, valid } of cases.filter((one) => one.part === part)) {
      if (valid === null) continue
      compared++
      const answer = { text: '', isCut: false, calls: calls.map(([name, text]) => ({ name, arguments: text })) }
      const { scores, extracted } = await task.score!(byId.get(id)!, answer, {})
      if ((scores['acc'] === 1) !== valid)
        wrong.push(`${id} ${JSON.stringify(calls)}: ${extracted[0]}, reference ${valid}`)
    }
    expect(wrong.slice(0, 3).join('\n')).toBe('')
    expect(compared).toBeGreaterThan(10)
    console.log(`${part}: ${compared} verdicts equal`)
  })
})
