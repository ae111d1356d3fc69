/** Small valid files for the tests, byte by byte. */

export interface RawTensor {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value))
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

export function u64(value: number | bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
}

export function f32(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

/** bf16 by truncation. */
export function bf16(...values: number[]): Uint8Array {
  return f32(...values).filter((_, i) => i % 4 >= 2)
}

/** Bytes 0, step, 2 step ... mod 256. */
export function ramp(length: number, step = 7): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * step) % 251)
}

/** A safetensors file with this header text. */
export function rawSafetensors(header: string, data = new Uint8Array(0)): Uint8Array {
  const bytes = utf8(header)
  return concat(u64(bytes.length), bytes, data)
}

export function safetensors(tensors: Readonly<Record<string, RawTensor>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  let at = 0
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] }
    at += bytes.length
  }
  return rawSafetensors(JSON.stringify(header), concat(...Object.values(tensors).map((tensor) => tensor.bytes)))
}

export interface RawGgufTensor {
  readonly type: number
  /** Logical shape; the file has it reversed. */
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** A metadata value: u32, f32, string, boolean, an array of strings, of u32 or of f32, or `raw` bytes of any type. */
export type RawValue =
  | number
  | string
  | boolean
  | readonly string[]
  | { readonly f32: number | readonly number[] }
  | { readonly u32: readonly number[] }
  | { readonly raw: Uint8Array }

export function ggufString(text: string): Uint8Array {
  const bytes = utf8(text)
  return concat(u64(bytes.length), bytes)
}

function ggufValue(value: RawValue): Uint8Array {
  if (typeof value === 'number') return concat(u32(4), u32(value))
  if (typeof value === 'string') return concat(u32(8), ggufString(value))
  if (typeof value === 'boolean') return concat(u32(7), Uint8Array.of(value ? 1 : 0))
  if ('raw' in value) return value.raw
  if ('u32' in value) return concat(u32(9), u32(4), u64(value.u32.length), ...value.u32.map(u32))
  if ('f32' in value) {
    const { f32: inner } = value
    return typeof inner === 'number'
      ? concat(u32(6), f32(inner))
      : concat(u32(9), u32(6), u64(inner.length), f32(...inner))
  }
  return concat(u32(9), u32(8), u64(value.length), ...value.map(ggufString))
}

export function gguf(
  metadata: Readonly<Record<string, RawValue>>,
  tensors: Readonly<Record<string, RawGgufTensor>>,
  version = 3,
): Uint8Array {
  const names = Object.keys(tensors)
  const padded = Object.values(tensors).map(({ bytes }) =>
    concat(bytes, new Uint8Array((32 - (bytes.length % 32)) % 32)),
  )
  let at = 0
  const infos = Object.entries(tensors).map(([name, { type, shape }], i) => {
    const offset = at
    at += padded[i]?.length ?? 0
    return concat(ggufString(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(type), u64(offset))
  })
  const head = concat(
    utf8('GGUF'),
    u32(version),
    u64(names.length),
    u64(Object.keys(metadata).length),
    ...Object.entries(metadata).map(([key, value]) => concat(ggufString(key), ggufValue(value))),
    ...infos,
  )
  return concat(head, new Uint8Array((32 - (head.length % 32)) % 32), ...padded)
}

/** Q4_0 or Q8_0 blocks with the f16 scale 0.5. */
export function blocks(count: number, codeBytes: 16 | 32): Uint8Array {
  return concat(...Array.from({ length: count }, (_, i) => concat(Uint8Array.of(0x00, 0x38), ramp(codeBytes, i + 3))))
}

/** A Llama of one layer: width 32, two heads of 8 (one key head), Q4_0, Q8_0, F16, BF16 and F32 weights. */
export function tinyLlamaGguf(): Uint8Array {
  const norm = { type: 0, shape: [32], bytes: f32(...Array.from({ length: 32 }, () => 1)) }
  const halves = (count: number): Uint8Array => ramp(2 * count, 3).map((byte, i) => (i % 2 === 1 ? byte & 0x3f : byte))
  return gguf(
    {
      'general.architecture': 'llama',
      'llama.block_count': 1,
      'llama.context_length': 64,
      'llama.embedding_length': 32,
      'llama.feed_forward_length': 64,
      'llama.attention.head_count': 4,
      'llama.attention.head_count_kv': 2,
      'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
      'llama.rope.freq_base': { f32: 10000 },
      'tokenizer.ggml.tokens': ['a', 'b', '\uFEFF', '\u{1f600}'],
      'tokenizer.ggml.scores': { f32: [0, -1, -2, -3] },
      'tokenizer.ggml.eos_token_id': 1,
      'tokenizer.ggml.add_bos_token': true,
    },
    {
      'token_embd.weight': { type: 8, shape: [4, 32], bytes: blocks(4, 32) },
      'output_norm.weight': norm,
      'blk.0.attn_norm.weight': norm,
      'blk.0.attn_q.weight': { type: 2, shape: [32, 32], bytes: blocks(32, 16) },
      'blk.0.attn_k.weight': { type: 1, shape: [16, 32], bytes: halves(512) },
      'blk.0.attn_v.weight': { type: 30, shape: [16, 32], bytes: halves(512) },
      'blk.0.attn_q.bias': { type: 0, shape: [32], bytes: f32(...Array.from({ length: 32 }, (_, i) => i)) },
      'blk.0.ffn_up.weight': { type: 40, shape: [1, 256], bytes: ramp(144) },
      'blk.0.ffn_gate.weight': { type: 12, shape: [1, 256], bytes: ramp(144).map((byte, i) => (i < 4 ? 0x2e : byte)) },
    },
  )
}

/** config.json and model.safetensors with plain, FP8 and INT4 tensors. */
export function tinyFolder(): Record<string, Uint8Array> {
  return {
    'config.json': json({
      model_type: 'tiny',
      quantization_config: { quant_method: 'fp8', weight_block_size: [2, 4] },
    }),
    'model.safetensors': safetensors({
      'a.weight': { dtype: 'F32', shape: [2, 3], bytes: f32(1, 2, 3, 4, 5, 6) },
      'b.weight': { dtype: 'BF16', shape: [4], bytes: bf16(1, -2, 0.5, 3) },
      // 3 x 5 in blocks of 2 x 4: both edges are ragged.
      'c.weight': { dtype: 'F8_E4M3', shape: [3, 5], bytes: Uint8Array.from({ length: 15 }, (_, i) => 0x38 + i) },
      'c.weight_scale_inv': { dtype: 'F32', shape: [2, 2], bytes: f32(1, 10, 100, 1000) },
    }),
  }
}

/** As Kimi K2 Thinking stores it: [2, 64] as 4-bit codes with one scale per 32 columns. */
export function tinyInt4Folder(): Record<string, Uint8Array> {
  const weights = { num_bits: 4, group_size: 32, symmetric: true, type: 'int', strategy: 'group' }
  return {
    'config.json': json({
      quantization_config: { quant_method: 'compressed-tensors', config_groups: { group_0: { weights } } },
    }),
    'model.safetensors': safetensors({
      'x.weight_packed': { dtype: 'I32', shape: [2, 8], bytes: ramp(64) },
      'x.weight_scale': { dtype: 'BF16', shape: [2, 2], bytes: bf16(1, 2, 0.5, 4) },
      'x.weight_shape': { dtype: 'I32', shape: [2], bytes: concat(u32(2), u32(64)) },
    }),
  }
}
