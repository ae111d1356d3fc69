import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { memoryFiles, memorySource } from '../../src/checkpoint/files/memory.js'
import { readGgufHeader } from '../../src/checkpoint/gguf/header.js'
import { specialTokens } from '../../src/chat/template.js'
import type { StoredTexts } from '../../src/checkpoint/gguf/stored-texts.js'
import { openCheckpoint } from '../../src/models/open.js'
import { UserError } from '../../src/errors.js'
import { blocks, concat, f32, gguf, ggufString, ramp, tinyLlamaGguf, u32, u64, utf8, type RawValue } from './build.js'

const openFile = (file: Uint8Array) => openCheckpoint(memoryFiles('folder', { 'm.gguf': file }, 'm.gguf'))

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  return String(error)
}

const header = (tensors: number | bigint, keys: number | bigint, ...rest: Uint8Array[]): Uint8Array =>
  concat(utf8('GGUF'), u32(3), u64(tensors), u64(keys), ...rest, new Uint8Array(64))

describe('a GGUF file', () => {
  it('presents a Hugging Face config', async () => {
    const { config, embedded } = await openFile(tinyLlamaGguf())
    expect(config).toMatchObject({
      model_type: 'llama',
      hidden_size: 32,
      num_hidden_layers: 1,
      num_key_value_heads: 2,
      head_dim: 8,
      rms_norm_eps: 1e-5,
      rope_scaling: null,
      vocab_size: 4,
      tie_word_embeddings: true,
      eos_token_id: 1,
    })
    expect([...(embedded?.vocabulary.get('tokens') as StoredTexts)]).toEqual(['a', 'b', '\uFEFF', '\u{1f600}'])
    expect(embedded?.vocabulary.get('scores')).toEqual([0, -1, -2, -3])
  })

  it('gives templates the texts of special tokens', async () => {
    const checkpoint = await openFile(tinyLlamaGguf())
    expect(await specialTokens(checkpoint)).toEqual({ eos_token: 'b' })
  })

  it('has texts as a decoder of UTF-8 reads them, whatever their bytes', async () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      // Mostly letters of one and two bytes, with a stray one among them.
      fc.array(fc.constantFrom(0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xdf, 0xe0, 0xed), { maxLength: 70 }),
      // And of three, as Chinese has them, marks that are no characters, and the last ones.
      fc.array(fc.constantFrom(0x41, 0x80, 0xa0, 0xbf, 0xe0, 0xe4, 0xed, 0xef, 0xbb, 0xf0, 0xf4), { maxLength: 70 }),
      fc.string({ unit: 'binary', maxLength: 30 }).map((text) => new TextEncoder().encode(text)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 40 }), async (texts) => {
        const rows = texts.map((text) => concat(u64(text.length), Uint8Array.from(text)))
        const list = [ggufString('key'), u32(9), u32(8), u64(texts.length), ...rows]
        const file = concat(utf8('GGUF'), u32(3), u64(0), u64(1), ...list)
        const { metadata } = await readGgufHeader(memorySource('m.gguf', file))
        const found = metadata.get('key') as StoredTexts
        const expected = texts.map((text) => decoder.decode(Uint8Array.from(text)))
        expect([...found]).toEqual(expected)
        const units = new Uint16Array(1000)
        expected.forEach((text, i) => {
          expect(found.write(i, units, 7)).toBe(7 + text.length)
          expect(text.length).toBeLessThanOrEqual(found.bytesOf(i))
          expect([...units.subarray(7, 7 + text.length)]).toEqual(text.split('').map((unit) => unit.charCodeAt(0)))
        })
      }),
    )
  })

  it('undoes the row order of Llama for any range of rows', async () => {
    const checkpoint = await openFile(tinyLlamaGguf())
    const tensor = checkpoint.tensor('model.layers.0.self_attn.q_proj.weight', [32, 32])
    const stored = blocks(32, 16)
    // Published row p * 4 + i of a head of 8 is stored as row 2 i + p.
    const expected = Array.from({ length: 32 }, (_, row) => {
      const from = (row & ~7) + 2 * (row & 3) + ((row >> 2) & 1)
      return stored.slice(from * 18, (from + 1) * 18)
    })
    for (let start = 0; start < 32; start++) {
      for (const count of [0, 1, 3, 11, 32 - start]) {
        if (start + count > 32) continue
        expect(await tensor.readRows(start, count)).toEqual(concat(...expected.slice(start, start + count)))
      }
    }
    const bias = await decodeRows(checkpoint.tensor('model.layers.0.self_attn.q_proj.bias', [32]), 0, 1)
    expect([...bias.slice(8, 16)]).toEqual([8, 10, 12, 14, 9, 11, 13, 15])
  })

  it('opens with formats that it cannot read, and says so when they are asked for', async () => {
    const checkpoint = await openFile(tinyLlamaGguf())
    const name = 'model.layers.0.mlp.up_proj.weight'
    expect(checkpoint.has(name)).toBe(true)
    expect(() => checkpoint.tensor(name, [1, 256])).toThrow(/GGUF NVFP4.*Supported/)
    const future = gguf({ 'general.architecture': 'novel' }, { t: { type: 99, shape: [8], bytes: ramp(32) } })
    const unknown = await openFile(future)
    expect(unknown.config).toEqual({ model_type: 'novel' })
    expect(() => unknown.tensor('t', [8])).toThrow(/type 99/)
  })

  it('slices stacked experts and flattens the halves of kv_b', async () => {
    const number = (value: number): RawValue => value
    const keys = {
      ...{ block_count: number(1), context_length: number(64), embedding_length: number(4) },
      ...{ feed_forward_length: number(8), 'attention.head_count': number(2), 'attention.head_count_kv': number(1) },
      ...{
        'attention.kv_lora_rank': number(3),
        'attention.key_length_mla': number(6),
        'rope.dimension_count': number(2),
      },
      ...{ 'attention.value_length_mla': number(5), expert_gating_func: number(2), expert_count: number(3) },
      'attention.layer_norm_rms_epsilon': { f32: 1e-6 },
      ...{ 'rope.scaling.type': 'yarn', 'rope.scaling.factor': { f32: 40 } },
      ...{ 'rope.scaling.original_context_length': number(16), 'rope.scaling.yarn_log_multiplier': { f32: 0.0707 } },
    }
    const metadata = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`deepseek2.${key}`, value]))
    const numbers = Array.from({ length: 24 }, (_, i) => i)
    const file = gguf(
      { 'general.architecture': 'deepseek2', ...metadata },
      {
        'blk.0.ffn_gate_exps.weight': { type: 0, shape: [3, 2, 4], bytes: f32(...numbers) },
        'blk.0.attn_k_b.weight': { type: 0, shape: [2, 3, 4], bytes: f32(...numbers) },
        'blk.0.exp_probs_b.bias': { type: 0, shape: [3], bytes: f32(1, 2, 3) },
      },
    )
    const checkpoint = await openFile(file)
    expect([...checkpoint.names()]).toEqual([
      ...[0, 1, 2].map((e) => `model.layers.0.mlp.experts.${e}.gate_proj.weight`),
      'model.layers.0.self_attn.k_b_proj.weight',
      'model.layers.0.mlp.gate.e_score_correction_bias',
    ])
    const expert = checkpoint.tensor('model.layers.0.mlp.experts.2.gate_proj.weight', [2, 4])
    expect(await decodeRows(expert, 0, 2)).toEqual(Float32Array.from(numbers.slice(16)))
    expect(checkpoint.has('model.layers.0.mlp.experts.3.gate_proj.weight')).toBe(false)
    expect(checkpoint.tensor('model.layers.0.self_attn.k_b_proj.weight', [6, 4]).rows).toBe(6)
    expect(checkpoint.config).toMatchObject({
      ...{ model_type: 'deepseek_v3', q_lora_rank: null, qk_nope_head_dim: 4, qk_rope_head_dim: 2, v_head_dim: 5 },
      rope_scaling: { type: 'yarn', factor: 40, mscale: 0.707, mscale_all_dim: 0.707, beta_fast: 32, beta_slow: 1 },
    })
  })

  it('refuses a scale that is not finite, with its place', async () => {
    const bad = blocks(4, 16)
    bad.set([0x00, 0x7e], 3 * 18)
    const file = gguf({ 'general.architecture': 'novel' }, { t: { type: 2, shape: [2, 64], bytes: bad } })
    const tensor = (await openFile(file)).tensor('t', [2, 64])
    await decodeRows(tensor, 0, 1)
    expect(await refusal(decodeRows(tensor, 1, 1))).toMatch(/m\.gguf: tensor t.*row 1, column 32/)
  })

  it('joins the parts of a split file, and names the missing one', async () => {
    const part = (no: number, architecture: Record<string, RawValue>): Uint8Array =>
      gguf(
        { ...architecture, 'split.no': no, 'split.count': 2 },
        { [`t${no}`]: { type: 0, shape: [1], bytes: f32(no) } },
      )
    const files = {
      'm-00001-of-00002.gguf': part(0, { 'general.architecture': 'novel' }),
      'm-00002-of-00002.gguf': part(1, {}),
    }
    const checkpoint = await openCheckpoint(memoryFiles('folder', files, 'm-00002-of-00002.gguf'))
    expect([...checkpoint.names()]).toEqual(['t0', 't1'])
    expect(await decodeRows(checkpoint.tensor('t1', [1]), 0, 1)).toEqual(Float32Array.of(1))
    expect((await openCheckpoint(memoryFiles('folder', files))).config['model_type']).toBe('novel')
    const first = { 'm-00001-of-00002.gguf': files['m-00001-of-00002.gguf'] }
    const opening = openCheckpoint(memoryFiles('folder', first, 'm-00001-of-00002.gguf'))
    expect(await refusal(opening)).toMatch(/m-00002-of-00002\.gguf/)
    expect(await refusal(openFile(files['m-00001-of-00002.gguf']))).toMatch(/one of 2 parts/)
  })

  const info = (rank: number, ...rest: Uint8Array[]): Uint8Array => concat(ggufString('t'), u32(rank), ...rest)
  it.each([
    ['another file', utf8('PK and some more bytes for a zip file'), /expected a GGUF file/],
    ['a short file', utf8('GGUF'), /expected a GGUF file of at least 24 bytes, found 4/],
    ['version 1', concat(utf8('GGUF'), u32(1), u64(0), u64(0)), /version 2 or 3, found 1/],
    ['big-endian', concat(utf8('GGUF'), Uint8Array.of(0, 0, 0, 3), u64(0), u64(0)), /big-endian/],
    [
      'a header that ends early',
      concat(utf8('GGUF'), u32(3), u64(0), u64(1), ggufString('k'), u32(10)),
      /the header ends at byte 45 or later, but the file has 37: it is truncated/,
    ],
    ['a tensor count near 2^64', header(2n ** 64n - 1n, 0), /number of tensors is 18446744073709551615/],
    ['a key count of 2^40', header(0, 2 ** 40), /number of keys is 1099511627776/],
    ['a long string', header(0, 1, u64(2 ** 50)), /length of a metadata key/],
    ['an unknown value type', header(0, 1, ggufString('k'), u32(13)), /k has the unknown value type 13/],
    [
      'an unknown element type',
      header(0, 1, ggufString('k'), u32(9), u32(13), u64(0)),
      /k has the unknown element type 13/,
    ],
    ['a long array', header(0, 1, ggufString('k'), u32(9), u32(4), u64(2n ** 62n)), /length of k/],
    [
      'deep arrays',
      header(0, 1, ggufString('k'), u32(9), ...Array.from({ length: 5 }, () => concat(u32(9), u64(1)))),
      /k nests arrays deeper than \d/,
    ],
    [
      'a long name',
      header(1, 0, ggufString('t'.repeat(1025)), new Uint8Array(64)),
      /a tensor name has 1025 characters, expected at most 1024/,
    ],
    ['a rank of 5', header(1, 0, info(5)), /5 dimensions/],
    [
      'an overflowing shape',
      header(1, 0, info(2, u64(2 ** 40), u64(2 ** 40), u32(0), u64(0))),
      /tensor t has the impossible shape \[1099511627776, 1099511627776\]/,
    ],
    ['an empty dimension', header(1, 0, info(1, u64(0), u32(0), u64(0))), /tensor t has the impossible shape \[0\]/],
    ['columns that are no blocks', header(1, 0, info(1, u64(33), u32(2), u64(0))), /33 columns/],
    ['a crooked offset', header(1, 0, info(1, u64(1), u32(0), u64(7))), /offset 7/],
    ['an offset beyond the file', header(1, 0, info(1, u64(1), u32(0), u64(2 ** 52))), /truncated/],
    [
      'overlap',
      header(2, 0, info(1, u64(4), u32(0), u64(0)), concat(ggufString('u'), u32(1), u64(4), u32(0), u64(0))),
      /t and u overlap/,
    ],
    [
      'a name twice',
      header(2, 0, info(1, u64(4), u32(0), u64(0)), info(1, u64(4), u32(0), u64(32))),
      /t appears twice/,
    ],
    ['a key twice', header(0, 2, ...[1, 2].map((v) => concat(ggufString('k'), u32(4), u32(v)))), /key k appears twice/],
  ])('refuses %s', async (_, file, message) => {
    expect(await refusal(openFile(file))).toMatch(message)
    expect(await refusal(openFile(file))).toMatch(/^UserError: folder\/m\.gguf: /)
  })

  it('refuses bytes between tensors, or after the last, that belong to none', async () => {
    const tensor = (rows: number) => ({ type: 0, shape: [rows], bytes: new Uint8Array(128) })
    const open = (first: number, last: number): Promise<string> =>
      refusal(openFile(gguf({ 'general.architecture': 'x' }, { t: tensor(first), u: tensor(last) })))
    expect(await open(8, 32)).toMatch(/tensor t ends at byte \d+, but tensor u begins at byte \d+: what lies between/)
    expect(await open(32, 8)).toMatch(/tensor u ends at byte \d+, but the file ends at byte \d+/)
  })

  it('refuses metadata that would take all memory', async () => {
    const long = memoryFiles(
      'folder',
      { 'm.gguf': concat(header(0, 1, u64(2 ** 29)), new Uint8Array(2 ** 20)) },
      'm.gguf',
    )
    const large = {
      ...long,
      open: async (name: string) => {
        const source = await long.open(name)
        return source && { ...source, size: 2 ** 40 }
      },
    }
    expect(await refusal(openCheckpoint(large))).toMatch(/m\.gguf: the header is larger than 268435456 bytes/)
    const many = 16_000_001
    const file = concat(header(0, 1, ggufString('k'), u32(9), u32(0), u64(many)), new Uint8Array(many))
    expect(await refusal(openFile(file))).toMatch(/m\.gguf: the metadata has more than 16000000 array elements/)
  })

  it('refuses metadata that is missing or of the wrong type', async () => {
    expect(await refusal(openFile(gguf({}, {})))).toMatch(/general\.architecture/)
    expect(await refusal(openFile(gguf({ 'general.architecture': 'llama' }, {})))).toMatch(/llama\./)
    const wrong = gguf({ 'general.architecture': 'qwen2', 'qwen2.attention.head_count': 'many' }, {})
    expect(await refusal(openFile(wrong))).toMatch(/expected a number/)
  })
})
