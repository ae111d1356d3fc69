/** What the harness says of each document, and our own evaluation versus that. */
import { expect } from 'vitest'
import type { Evaluated } from '../../src/eval/run/evaluate.js'

interface Sample {
  readonly doc_id: number
  readonly filter: string
  readonly filtered: readonly (readonly [number, boolean] | string)[]
  readonly scores: Readonly<Record<string, number>>
  readonly text?: string
}
/** By the names of tasks, as reference.py writes it. */
export type Tasks = Readonly<Record<string, { readonly samples: readonly Sample[] }>>

/** Likelihoods within 1e-4, the same choices, the same scores. */
export function expectLikelihoods(name: string, { records }: Evaluated, samples: readonly Sample[]): void {
  let largest = 0
  for (const { doc_id, filtered, scores } of samples) {
    const own = records[doc_id]!
    filtered.forEach((found, i) => {
      const [logprob, isGreedy] = own.likelihoods![i]!
      largest = Math.max(largest, Math.abs(logprob - Number(found[0])))
      expect(isGreedy).toBe(found[1])
    })
    expect(own.scores).toMatchObject(scores)
  }
  console.log(`${name}: largest difference ${largest.toExponential(1)}`)
  expect(largest).toBeLessThan(1e-4)
}

/** The same answers to gsm8k, and the same scores. */
export function expectAnswers({ records }: Evaluated, samples: readonly Sample[]): void {
  for (const { doc_id, filter, text, scores } of samples) {
    expect(records[doc_id]!.text).toBe(text)
    expect(records[doc_id]!.scores[`exact_match,${filter}`]).toBe(scores['exact_match'])
  }
}
