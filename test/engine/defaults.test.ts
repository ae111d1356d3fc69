import { describe, expect, it } from 'vitest'
import { generationDefaults, stopIdsOf } from '../../src/engine/answer/defaults.js'
import { GREEDY } from '../../src/engine/sample/sampler.js'
import { letters } from './fake.js'

describe('generationDefaults', () => {
  it('is greedy without a word from the model, and when it says so', () => {
    expect(generationDefaults({}).sampling).toEqual(GREEDY)
    expect(generationDefaults({ do_sample: false, temperature: 0.6, top_k: 5 }).sampling).toEqual(GREEDY)
  })

  it('samples as the lab publishes it', () => {
    const published = { do_sample: true, temperature: 0.6, top_p: 0.95, top_k: 20, repetition_penalty: 1.05 }
    const expected = { temperature: 0.6, topP: 0.95, topK: 20, minP: 0, repetitionPenalty: 1.05 }
    expect(generationDefaults(published).sampling).toEqual(expected)
    expect(generationDefaults({ temperature: 0.6 }).sampling.temperature).toBe(0.6)
  })

  it('passes over what cannot be meant', () => {
    const broken = { do_sample: true, temperature: 'hot', top_p: 7, top_k: null, max_new_tokens: -3 }
    expect(generationDefaults(broken)).toEqual({ sampling: { ...GREEDY, temperature: 1 }, maxTokens: undefined })
  })
})

describe('stopIdsOf', () => {
  it('takes all of config, generation config and tokenizer', () => {
    expect(stopIdsOf({ eos_token_id: 1 }, { eos_token_id: [2, 3] }, letters)).toEqual(new Set([1, 2, 3, 29]))
    expect(stopIdsOf({ eos_token_id: null }, { eos_token_id: ['x', -1, 1.5] }, undefined)).toEqual(new Set())
  })
})
