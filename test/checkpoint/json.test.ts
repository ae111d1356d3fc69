import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { UserError } from '../../src/errors.js'
import { openCheckpoint } from '../../src/models/open.js'
import { json, safetensors, utf8 } from './build.js'

const MODEL = { 'config.json': json({}), 'model.safetensors': safetensors({}) }

describe('configs next to the weights', () => {
  it('are read and parsed once', async () => {
    const opened: string[] = []
    const files = memoryFiles('model', { ...MODEL, 'tokenizer_config.json': json({ bos_token: '<s>' }) })
    const counted = { ...files, open: (name: string) => (opened.push(name), files.open(name)) }
    const checkpoint = await openCheckpoint(counted)
    const [first, second] = await Promise.all([0, 1].map(() => checkpoint.json('tokenizer_config.json')))
    expect(first).toEqual({ bos_token: '<s>' })
    expect(second).toBe(first)
    expect(await checkpoint.json('generation_config.json')).toBeUndefined()
    expect(await checkpoint.json('generation_config.json')).toBeUndefined()
    expect(opened.filter((name) => name === 'tokenizer_config.json')).toHaveLength(1)
    expect(opened.filter((name) => name === 'generation_config.json')).toHaveLength(1)
  })

  it('may have the numbers that Python writes and JSON does not have, outside of strings', async () => {
    const text = '{"a": NaN, "b": [-Infinity, 1], "c": "NaN \\" Infinity"}'
    const checkpoint = await openCheckpoint(memoryFiles('model', { ...MODEL, 'generation_config.json': utf8(text) }))
    expect(await checkpoint.json('generation_config.json')).toEqual({ a: null, b: [null, 1], c: 'NaN " Infinity' })
  })

  it.each([
    ['an array', '[1]', /model\/generation_config\.json: expected a JSON object, found an array/],
    ['null', 'null', /expected a JSON object, found null/],
    ['half a file', '{"a": ', /generation_config\.json: expected JSON, but/],
    ['too large', `{"a": "${'x'.repeat(1 << 24)}"}`, /expected at most 16777216 bytes, found 16777225/],
  ])('are refused where they are something else: %s', async (_, text, message) => {
    const checkpoint = await openCheckpoint(memoryFiles('model', { ...MODEL, 'generation_config.json': utf8(text) }))
    const read = checkpoint.json('generation_config.json')
    await expect(read).rejects.toThrow(message)
    await expect(read).rejects.toBeInstanceOf(UserError)
  })
})
