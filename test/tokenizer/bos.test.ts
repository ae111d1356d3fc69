import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/tokenizer/load.js'
import { fakeCheckpoint, jsonFiles } from './vocabularies.js'

const VOCAB = { '<s>': 0, a: 1, b: 2 }

/** A post-processor that puts BOS before a text. */
const WITH_BOS = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [],
  special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
}
/** One that is there, and adds nothing. */
const WITHOUT_BOS = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }

/** The ids of `text` with a post-processor and the flag of tokenizer_config.json. */
async function encode(text: string, post_processor: unknown, add_bos_token?: unknown): Promise<number[]> {
  const files = jsonFiles({
    'tokenizer.json': {
      model: { type: 'BPE', vocab: VOCAB, merges: [] },
      added_tokens: [{ id: 0, content: '<s>', special: true }],
      ...(post_processor !== undefined && { post_processor }),
    },
    'tokenizer_config.json': { bos_token: '<s>', ...(add_bos_token !== undefined && { add_bos_token }) },
  })
  const tokenizer = await loadTokenizer(fakeCheckpoint(files, { bos_token_id: 0 }))
  const ids = tokenizer!.encode(text)
  // Whoever has a template asks for none.
  expect(tokenizer!.encode(text, { addSpecial: false })).toEqual(text.startsWith('<s>') ? [0, 1, 2] : [1, 2])
  return ids
}

describe('whether a text begins with BOS', () => {
  it('says the post-processor, whatever the flag says', async () => {
    for (const flag of [undefined, true, false]) {
      expect(await encode('ab', WITH_BOS, flag)).toEqual([0, 1, 2])
      expect(await encode('ab', WITHOUT_BOS, flag)).toEqual([1, 2])
    }
  })

  it.each([undefined, null])('says the flag where the post-processor is %s', async (none) => {
    expect(await encode('ab', none, true)).toEqual([0, 1, 2])
    expect(await encode('ab', none, false)).toEqual([1, 2])
    expect(await encode('ab', none)).toEqual([1, 2])
    // Not a second one before one that is written.
    expect(await encode('<s>ab', none, true)).toEqual([0, 1, 2])
    // A flag of another type is none.
    expect(await encode('ab', none, 'yes')).toEqual([1, 2])
  })
})
