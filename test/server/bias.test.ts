import { describe, expect, it } from 'vitest'
import { checkBias } from '../../src/server/apis/request-fields.js'

describe('a bias of a token', () => {
  const model = { engine: { info: { vocabSize: 300, tokenCount: 288 } } }

  it('is for ids of the tokenizer: one that only pads the vocabulary is refused by name', () => {
    expect(() => checkBias(model, { logit_bias: { 287: 5 } })).not.toThrow()
    expect(() => checkBias(model, {})).not.toThrow()
    for (const id of [288, 299, 300]) {
      const message = `logit_bias.${id}: expected an id of a token, 0 to 287`
      expect(() => checkBias(model, { logit_bias: { 287: 5, [id]: -100 } })).toThrow(message)
    }
  })

  it('is for any id where nothing says which are tokens', () => {
    const unknown = { engine: { info: { vocabSize: 300 } } }
    expect(() => checkBias(unknown, { logit_bias: { 299: 1 } })).not.toThrow()
    expect(() => checkBias(unknown, { logit_bias: { 300: 1 } })).toThrow('0 to 299')
  })
})
