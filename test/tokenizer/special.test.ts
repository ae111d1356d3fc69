import { describe, expect, it } from 'vitest'
import { kimiK2 } from '../../src/chat/dialects/families.js'
import { rankedTokenizer } from '../../src/tokenizer/tiktoken-families.js'
import { HARMONY_FAMILY } from './ranked-families.js'
import { huggingFaceTokenizer } from '../../src/tokenizer/hugging-face.js'
import { BYTE_TO_CHAR } from '../../src/tokenizer/pieces.js'
import { atOnce } from '../../src/slices.js'

/** Special tokens that structure an answer have to reach the dialect; the others stay out of the text. */
describe('the stream decoder', () => {
  const lines = Array.from({ length: 256 }, (_, b) => `${btoa(String.fromCharCode(b))} ${b}`).join('\n')
  const harmony = atOnce(rankedTokenizer(lines, HARMONY_FAMILY, { where: 'ranks', eosIds: [] }))

  it('shows the special tokens that it is asked for, and no others', () => {
    const ids = harmony.encode('<|channel|>a<|endoftext|><|message|>b')
    expect(harmony.decode(ids)).toBe('ab')
    const decoder = harmony.decoder(['<|channel|>', '<|message|>'])
    expect(ids.map((id) => decoder.push(id))).toEqual(['<|channel|>', 'a', '', '<|message|>', 'b'])
  })

  it('ends a broken character before a special token', () => {
    const decoder = harmony.decoder(['<|end|>'])
    expect([0xe5, harmony.idOf('<|end|>')!, 97].map((id) => decoder.push(id)).join('')).toBe('\ufffd<|end|>a')
  })

  it('does so for tokenizer.json too, and the dialect reads them', () => {
    const added = [...kimiK2.markers, '<|im_end|>'].map((content, i) => ({ id: 256 + i, content, special: true }))
    const vocab = Object.fromEntries(BYTE_TO_CHAR.map((char, byte) => [char, byte]))
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
    const json = {
      model: { type: 'BPE', vocab, merges: [] },
      added_tokens: added,
      pre_tokenizer: byteLevel,
      decoder: byteLevel,
    }
    const tokenizer = atOnce(huggingFaceTokenizer(json, { where: 'tokenizer.json', eosIds: [] }))
    const syntax = kimiK2.toolSyntax!([])!
    const text = `Hi${syntax.before}${syntax.begin('add', 0)}{}${syntax.end}${syntax.after}<|im_end|>`
    const decoder = tokenizer.decoder(kimiK2.markers)
    const parser = kimiK2.parser({ prompt: 'Q', tools: [], newId: () => 'id' })
    const ids = tokenizer.encode(text)
    const parts = [...ids.flatMap((id) => parser.push(decoder.push(id))), ...parser.flush()]
    expect(parts.map((part) => (part.kind === 'tool-call' ? part.call.id : part.text)).join('|')).toBe(
      'H|i|functions.add:0',
    )
  })
})
