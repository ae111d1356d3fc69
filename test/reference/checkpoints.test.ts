// GGUF files of others: vocabularies, a small model, and more blocks of every format.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeBytes } from '../../src/checkpoint/formats/decode.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { openCheckpoint } from '../../src/models/open.js'
import { blockCases } from '../checkpoint/block-cases.js'
import { expectFiniteGguf } from '../checkpoint/gguf-shapes.js'
import { reference } from './folder.js'

describe('GGUF files', () => {
  it('stories260k opens and decodes to finite numbers', async () => {
    await expectFiniteGguf(reference('golden-gguf/stories260k'))
  })

  const vocabularies = readdirSync(reference('real/vocab-gguf')).filter((name) => name.endsWith('.gguf'))
  it.each(vocabularies)('the vocabulary %s opens', async (file) => {
    const checkpoint = await openCheckpoint(await nodeFiles(reference('real/vocab-gguf', file)))
    expect(checkpoint.embedded?.vocabulary.has('tokens')).toBe(true)
    await checkpoint.close()
  })
})

describe('three rows of blocks of ggml', async () => {
  const cases = await blockCases(reference('golden-gguf/blocks.safetensors'))
  it.each(cases)('$format decodes to the same bits', ({ format, bytes, values }) => {
    const decoded = decodeBytes(format, bytes, 3, values.length / 12)
    expect(new Uint8Array(decoded.buffer)).toEqual(values)
  })
})
