import { describe, expect, it } from 'vitest'
import { embeddedGeneration } from '../../src/checkpoint/gguf/embedded.js'
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
    const expected = { sampling: { ...GREEDY, temperature: 1 }, maxTokens: undefined, samplingSource: 'model' }
    expect(generationDefaults(broken)).toEqual(expected)
  })

  it('samples chats of a model that says nothing as its family does, else moderately', () => {
    const family = { temperature: 0.6, topP: 0.95, topK: 20 }
    const asFamily = { temperature: 0.6, topP: 0.95, topK: 20, minP: 0, repetitionPenalty: 1 }
    expect(generationDefaults({}, family)).toMatchObject({ chatSampling: asFamily, samplingSource: 'family' })
    expect(generationDefaults({ top_k: 5 })).toMatchObject({
      sampling: GREEDY,
      chatSampling: { ...GREEDY, temperature: 0.7 },
      samplingSource: 'default',
    })
    expect(generationDefaults({ do_sample: false }, family)).toMatchObject({ samplingSource: 'model' })
    expect(generationDefaults({ do_sample: false }, family).chatSampling).toBeUndefined()
  })

  it('reads what a GGUF file says about sampling', () => {
    const metadata = new Map<string, unknown>([
      ['general.sampling.temp', 0.5],
      ['general.sampling.top_k', 20n],
      ['general.sampling.penalty_repeat', 1.5],
      ['general.sampling.min_p', 'much'],
    ])
    const generation = embeddedGeneration(metadata)
    expect(generation).toEqual({ do_sample: true, temperature: 0.5, top_k: 20, repetition_penalty: 1.5 })
    expect(embeddedGeneration(new Map())).toBeUndefined()
  })
})

describe('stopIdsOf', () => {
  it('takes all of config, generation config and tokenizer', () => {
    expect(stopIdsOf({ eos_token_id: 1 }, { eos_token_id: [2, 3] }, letters)).toEqual(new Set([1, 2, 3, 29]))
    expect(stopIdsOf({ eos_token_id: null }, { eos_token_id: ['x', -1, 1.5] }, undefined)).toEqual(new Set())
  })
})
