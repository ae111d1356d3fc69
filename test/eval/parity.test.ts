// Our prompts, what is read out of answers, and scores, against lm-evaluation-harness 0.4.13 on the same documents and answers. `npm test`
// compares with what was recorded; test:eval runs the harness and compares with that (KAIYUAN_EVAL_REFERENCE).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { prepare, runPrepared } from '../../src/eval/run/evaluate.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { FIXTURES, ownDocuments, scriptedSubject } from './scripted.js'

interface ReferenceSample {
  readonly doc_id: number
  readonly filter: string
  readonly prompt?: string
  readonly prompt_hash: string
  readonly filtered: readonly unknown[]
  readonly scores: Readonly<Record<string, number>>
  readonly continuations?: readonly string[]
}

interface ReferenceTask {
  readonly version: string
  readonly results: Readonly<Record<string, number>>
  readonly samples: readonly ReferenceSample[]
  readonly description?: string
  readonly examples?: readonly { readonly input: string; readonly target: string }[]
}

const path = process.env['KAIYUAN_EVAL_REFERENCE'] ?? new URL('reference.json', FIXTURES)
const reference = JSON.parse(readFileSync(path, 'utf8')) as Record<string, ReferenceTask>

/** Examples as the harness was asked for. */
const SHOTS: Readonly<Record<string, number>> = { mmlu: 2 }

describe.each(Object.entries(reference))('%s, as lm-evaluation-harness has it', (name, expected) => {
  const task = taskNamed(name)
  const evaluated = (async () => {
    // Tasks that make their documents could make more.
    const limit = new Set(expected.samples.map(({ doc_id }) => doc_id)).size
    const options = { shots: SHOTS[name.split('_')[0]!] ?? task.shots, limit }
    const subject = scriptedSubject()
    const prepared = await prepare(task, subject, withExamples(name, expected), options)
    return runPrepared(prepared, subject, { kept: [], append: () => Promise.resolve() }, {}, options)
  })()

  it('has its version and its prompts, byte for byte', async () => {
    const { prompts, records } = await evaluated
    expect(task.version).toBe(expected.version)
    expect(records).toHaveLength(new Set(expected.samples.map(({ doc_id }) => doc_id)).size)
    for (const { doc_id, prompt, prompt_hash, continuations } of expected.samples) {
      const own = prompts.get(doc_id)!
      if (prompt !== undefined) expect(own.context).toBe(prompt)
      expect(records[doc_id]!.prompt_hash).toBe(prompt_hash)
      if (continuations) expect(own.item.choices!.map((choice) => ` ${choice}`)).toEqual(continuations)
    }
  })

  it('reads the same out of answers and scores them alike', async () => {
    const { records } = await evaluated
    for (const { doc_id, filter, filtered, scores } of expected.samples) {
      const record = records[doc_id]!
      for (const [metric, score] of Object.entries(scores)) {
        const own = record.scores[filter === 'none' ? metric : `${metric},${filter}`]
        expect(own, `document ${doc_id}, ${metric} of ${filter}`).toBe(score)
      }
      if (record.extracted && filter !== 'none' && typeof filtered[0] === 'string')
        expect(record.extracted).toContain(filtered[0])
    }
  })

  it('comes to the same mean and standard error', async () => {
    const { result } = await evaluated
    for (const [key, value] of Object.entries(expected.results)) {
      const [metric = '', filter] = key.replace('_stderr', '').split(',')
      const own = result.metrics[filter === 'none' || filter === undefined ? metric : `${metric},${filter}`]
      if (own === undefined) throw new Error(`${key}: there is no such metric`)
      expect(key.includes('_stderr') ? own.standardError : own.value).toBeCloseTo(value, 12)
    }
  })
})

/** Those of BIG-Bench Hard are in the harness' definitions; here they come in the form in which they are published. */
function withExamples(name: string, { description, examples }: ReferenceTask): ReturnType<typeof ownDocuments> {
  const own = ownDocuments(name)
  if (!examples) return own
  const shown = examples.map(({ input, target }) => `Q: ${input}\nA: Let's think step by step.\n${target}`)
  const text = `A line for contamination tests\n-----\n${[description?.trim(), ...shown].join('\n\n')}`
  return async (files) => {
    const found = await own(files.filter(({ name: file }) => file.endsWith('.json')))
    return found.set(`cot-prompts/${name.replace('bbh_cot_fewshot_', '')}.txt`, Buffer.from(text))
  }
}
