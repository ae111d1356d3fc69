// Writes a GGUF with random weights in the shape of a published Qwen3 or DeepSeek-V2-Lite, which llama.cpp and kaiyuan both load.
// Usage: node synthetic-gguf.mjs OUT [qwen3-0.6b] [q4_0]; a shape may name its layers, qwen3-0.6b:7
// The layout is GGUF version 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'

export const SHAPES = {
  'qwen3-0.6b': { layers: 28, width: 1024, feedForward: 3072, heads: 16, keyHeads: 8 },
  'qwen3-1.7b': { layers: 28, width: 2048, feedForward: 6144, heads: 16, keyHeads: 8 },
  'qwen3-4b': { layers: 36, width: 2560, feedForward: 9728, heads: 32, keyHeads: 8 },
  // latent attention and a mixture of experts: 16 billion parameters, of which a token uses 2.4
  'deepseek-v2-lite': {
    ...{ layers: 27, width: 2048, feedForward: 10944, heads: 16, vocabulary: 102400 },
    ...{ rank: 512, ropeWidth: 64, headWidth: 128, experts: 64, used: 6, shared: 2, expertForward: 1408 },
  },
}
const HEAD_WIDTH = 128
const VOCABULARY = 151936
const ALIGNMENT = 32
const WEIGHT_SCALE = 0.02

/** f16 bits of a positive normal number, rounded to nearest. */
function halfBits(value) {
  const exponent = Math.floor(Math.log2(value))
  return ((exponent + 15) << 10) + Math.round((value / 2 ** exponent - 1) * 1024)
}
const halves = (...values) => values.flatMap((value) => [halfBits(value) & 255, halfBits(value) >> 8])

/** ggml's number of each type, one block's columns and bytes, and what a block holds besides random codes: bytes at an offset. */
export const FORMATS = {
  f32: { type: 0, columns: 1, bytes: 4 },
  f16: { type: 1, columns: 1, bytes: 2 },
  q4_0: { type: 2, columns: 32, bytes: 18, fixed: [0, halves(WEIGHT_SCALE / 4)] },
  q8_0: { type: 8, columns: 32, bytes: 34, fixed: [0, halves(WEIGHT_SCALE / 64)] },
  // d and dmin, then eight scales and eight minima of 32 in six bits each
  q4_k: {
    type: 12,
    columns: 256,
    bytes: 144,
    fixed: [0, [...halves(1.356e-4, 1.017e-3), ...Array(8).fill(0xa0), 0, 0, 0, 0]],
  },
  // scales of 16, and d
  q6_k: { type: 14, columns: 256, bytes: 210, fixed: [192, [...Array(16).fill(16), ...halves(6.76e-5)]] },
  // 2^-7
  mxfp4: { type: 39, columns: 32, bytes: 17, fixed: [0, [120]] },
  bf16: { type: 30, columns: 1, bytes: 2 },
}

const u32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u64 = (value) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
const f32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
const text = (value) => {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([u64(bytes.length), bytes])
}
// Metadata value types: 4 u32, 5 i32, 6 f32, 8 string, 9 array.
const entry = (key, type, ...value) => Buffer.concat([text(key), u32(type), ...value])
const u32Entry = (key, value) => entry(key, 4, u32(value))
const f32Entry = (key, value) => entry(key, 6, f32(value))
const textEntry = (key, value) => entry(key, 8, text(value))
const textsEntry = (key, values) => entry(key, 9, u32(8), u64(values.length), Buffer.concat(values.map(text)))
const i32sEntry = (key, values) =>
  entry(key, 9, u32(5), u64(values.length), Buffer.from(Int32Array.from(values).buffer))

/** GPT-2's bytes as printable characters, in order of the bytes. */
function byteCharacters() {
  const printable = [...range(33, 127), ...range(161, 173), ...range(174, 256)]
  let next = 256
  return range(0, 256).map((byte) => String.fromCharCode(printable.includes(byte) ? byte : next++))
}
const range = (start, end) => Array.from({ length: end - start }, (_, i) => start + i)

/**
 * A byte-pair vocabulary of the right size: bytes, pairs of ASCII bytes, then words as filling. wllama ends on tokens that are
 * not UTF-8 (json.exception.type_error.316), so only the lone bytes are not.
 */
function tokenizerMetadata(vocabulary) {
  const bytes = byteCharacters()
  const tokens = [...bytes]
  const merges = []
  for (const a of bytes.slice(0, 128)) {
    for (const b of bytes.slice(0, 128)) {
      tokens.push(a + b)
      merges.push(`${a} ${b}`)
    }
  }
  while (tokens.length < vocabulary - 1) tokens.push(`<|x${tokens.length}|>`)
  tokens.push('<|eos|>')
  const types = tokens.map((_, i) => (i === vocabulary - 1 ? 3 : 1))
  return [
    textEntry('tokenizer.ggml.model', 'gpt2'),
    textEntry('tokenizer.ggml.pre', 'qwen2'),
    textsEntry('tokenizer.ggml.tokens', tokens),
    i32sEntry('tokenizer.ggml.token_type', types),
    textsEntry('tokenizer.ggml.merges', merges),
    u32Entry('tokenizer.ggml.eos_token_id', vocabulary - 1),
  ]
}

function modelMetadata(name, shape) {
  const architecture = shape.experts ? 'deepseek2' : 'qwen3'
  const key = (suffix) => `${architecture}.${suffix}`
  return [
    textEntry('general.architecture', architecture),
    textEntry('general.name', name),
    u32Entry(key('block_count'), shape.layers),
    u32Entry(key('context_length'), 40960),
    u32Entry(key('embedding_length'), shape.width),
    u32Entry(key('feed_forward_length'), shape.feedForward),
    u32Entry(key('attention.head_count'), shape.heads),
    f32Entry(key('rope.freq_base'), shape.experts ? 1e4 : 1e6),
    f32Entry(key('attention.layer_norm_rms_epsilon'), 1e-6),
    ...(shape.experts ? mixtureMetadata(key, shape) : headMetadata(key, shape)),
  ]
}

function headMetadata(key, shape) {
  return [
    u32Entry(key('attention.head_count_kv'), shape.keyHeads),
    u32Entry(key('attention.key_length'), HEAD_WIDTH),
    u32Entry(key('attention.value_length'), HEAD_WIDTH),
  ]
}

function mixtureMetadata(key, shape) {
  const { rank, ropeWidth, headWidth } = shape
  return [
    u32Entry(key('attention.head_count_kv'), 1),
    u32Entry(key('attention.kv_lora_rank'), rank),
    u32Entry(key('attention.key_length'), rank + ropeWidth),
    u32Entry(key('attention.value_length'), rank),
    u32Entry(key('attention.key_length_mla'), headWidth + ropeWidth),
    u32Entry(key('attention.value_length_mla'), headWidth),
    u32Entry(key('rope.dimension_count'), ropeWidth),
    u32Entry(key('vocab_size'), shape.vocabulary),
    u32Entry(key('leading_dense_block_count'), 1),
    u32Entry(key('expert_count'), shape.experts),
    u32Entry(key('expert_used_count'), shape.used),
    u32Entry(key('expert_shared_count'), shape.shared),
    u32Entry(key('expert_feed_forward_length'), shape.expertForward),
    u32Entry(key('expert_gating_func'), 1),
    f32Entry(key('expert_weights_scale'), 1),
  ]
}

/** Latent attention; the first layer is dense, the others have experts, the routers in f32. */
function mixtureTensors(shape, format) {
  const { width, heads, rank, ropeWidth, headWidth, experts, shared, expertForward, vocabulary } = shape
  const tensors = [
    { name: 'token_embd.weight', dims: [width, vocabulary], format },
    { name: 'output.weight', dims: [width, vocabulary], format },
    { name: 'output_norm.weight', dims: [width], format: 'f32' },
  ]
  for (let layer = 0; layer < shape.layers; layer++) {
    const add = (name, dims, stored) => tensors.push({ name: `blk.${layer}.${name}.weight`, dims, format: stored })
    add('attn_norm', [width], 'f32')
    add('ffn_norm', [width], 'f32')
    add('attn_q', [width, heads * (headWidth + ropeWidth)], format)
    add('attn_kv_a_mqa', [width, rank + ropeWidth], format)
    add('attn_kv_a_norm', [rank], 'f32')
    add('attn_k_b', [headWidth, rank, heads], format)
    add('attn_v_b', [rank, headWidth, heads], format)
    add('attn_output', [heads * headWidth, width], format)
    if (layer === 0) {
      add('ffn_gate', [width, shape.feedForward], format)
      add('ffn_up', [width, shape.feedForward], format)
      add('ffn_down', [shape.feedForward, width], format)
      continue
    }
    add('ffn_gate_inp', [width, experts], 'f32')
    add('ffn_gate_exps', [width, expertForward, experts], format)
    add('ffn_up_exps', [width, expertForward, experts], format)
    add('ffn_down_exps', [expertForward, width, experts], format)
    add('ffn_gate_shexp', [width, shared * expertForward], format)
    add('ffn_up_shexp', [width, shared * expertForward], format)
    add('ffn_down_shexp', [shared * expertForward, width], format)
  }
  return tensors
}

/** [columns, rows] in ggml's order; norms are f32 ones. Embeddings are tied: there is no output matrix. */
function tensorsOf(shape, format) {
  if (shape.experts) return mixtureTensors(shape, format)
  const { width, feedForward, heads, keyHeads } = shape
  const tensors = [
    { name: 'token_embd.weight', dims: [width, VOCABULARY], format },
    { name: 'output_norm.weight', dims: [width], format: 'f32' },
  ]
  for (let layer = 0; layer < shape.layers; layer++) {
    const add = (name, dims, stored) => tensors.push({ name: `blk.${layer}.${name}.weight`, dims, format: stored })
    add('attn_norm', [width], 'f32')
    add('ffn_norm', [width], 'f32')
    add('attn_q', [width, heads * HEAD_WIDTH], format)
    add('attn_k', [width, keyHeads * HEAD_WIDTH], format)
    add('attn_v', [width, keyHeads * HEAD_WIDTH], format)
    add('attn_output', [heads * HEAD_WIDTH, width], format)
    add('attn_q_norm', [HEAD_WIDTH], 'f32')
    add('attn_k_norm', [HEAD_WIDTH], 'f32')
    add('ffn_gate', [width, feedForward], format)
    add('ffn_up', [width, feedForward], format)
    add('ffn_down', [feedForward, width], format)
  }
  return tensors
}

const byteLength = ({ dims, format }) => {
  const { columns, bytes } = FORMATS[format]
  return (dims.reduce((product, size) => product * size, 1) / columns) * bytes
}
const aligned = (length) => Math.ceil(length / ALIGNMENT) * ALIGNMENT

/** xorshift32: cheap, and the same file every time. */
function randomWords(words, state) {
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return state
}

/** Blocks of random codes; for f16 and bf16, random signs and mantissas at a fixed exponent of about WEIGHT_SCALE. */
function fillWeights(chunk, format) {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
  const { bytes, fixed } = FORMATS[format]
  if (fixed) {
    const [from, values] = fixed
    for (let at = 0; at < chunk.length; at += bytes) chunk.set(values, at + from)
    return
  }
  const [mantissa, exponent] = format === 'f16' ? [0x83ff, halfBits(2 ** -6)] : [0x807f, (127 - 6) << 7]
  for (let at = 0; at < chunk.length; at += 2)
    view.setUint16(at, (view.getUint16(at, true) & mantissa) | exponent, true)
}

/** @param {string} path @param {string} shapeName @param {string} format a name of FORMATS, but for f32 */
export async function writeSyntheticGguf(path, shapeName, format) {
  // qwen3-0.6b:7 has seven layers
  const [name, layers] = shapeName.split(':')
  const shape = SHAPES[name] && { ...SHAPES[name], layers: layers ? Number(layers) : SHAPES[name].layers }
  if (!shape) throw new Error(`unknown shape ${shapeName}; known: ${Object.keys(SHAPES).join(', ')}`)
  if (!FORMATS[format] || format === 'f32')
    throw new Error(`unknown format ${format}; known: ${Object.keys(FORMATS).slice(1).join(', ')}`)
  const tensors = tensorsOf(shape, format)
  const metadata = [...modelMetadata(shapeName, shape), ...tokenizerMetadata(shape.vocabulary ?? VOCABULARY)]
  const out = createWriteStream(path)
  const write = async (bytes) => {
    if (!out.write(bytes)) await once(out, 'drain')
  }
  let written = 0
  const header = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.length), ...metadata]
  let offset = 0
  for (const tensor of tensors) {
    const { name, dims } = tensor
    header.push(text(name), u32(dims.length), ...dims.map(u64), u32(FORMATS[tensor.format].type), u64(offset))
    offset += aligned(byteLength(tensor))
  }
  const head = Buffer.concat(header)
  await write(head)
  await write(Buffer.alloc(aligned(head.length) - head.length))
  written += aligned(head.length)

  let state = 0x9e3779b9 | 0
  const word = new Int32Array(1)
  for (const tensor of tensors) {
    const length = byteLength(tensor)
    if (tensor.format === 'f32') {
      // norms are ones; a router has to prefer somebody, and each token somebody else
      const values = new Float32Array(length / 4).fill(1)
      if (tensor.dims.length > 1)
        values.forEach((_, i) => (values[i] = ((state = randomWords(word, state)) / 2 ** 31) * WEIGHT_SCALE))
      await write(Buffer.from(values.buffer))
    } else {
      // A chunk holds whole blocks, and whole words of 32 bits.
      const chunkBytes = FORMATS[tensor.format].bytes * 4096
      for (let start = 0; start < length; start += chunkBytes) {
        const bytes = Buffer.from(new ArrayBuffer(Math.ceil(Math.min(chunkBytes, length - start) / 4) * 4))
        state = randomWords(new Int32Array(bytes.buffer), state)
        const chunk = bytes.subarray(0, Math.min(chunkBytes, length - start))
        fillWeights(chunk, tensor.format)
        await write(chunk)
      }
    }
    await write(Buffer.alloc(aligned(length) - length))
    written += aligned(length)
  }
  out.end()
  await once(out, 'finish')
  return written
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , path, shape = 'qwen3-0.6b', format = 'q4_0'] = process.argv
  if (!path) {
    console.error('usage: node synthetic-gguf.mjs OUT [SHAPE] [FORMAT]')
    process.exit(2)
  }
  console.log(`${path}: ${await writeSyntheticGguf(path, shape, format)} bytes`)
}
