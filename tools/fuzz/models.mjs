// The whole files that mutants are made of: the project's own fixtures, and small ones that are written here.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { formerFailures } from './former.mjs'

const utf8 = new TextEncoder()
const json = (value) => utf8.encode(JSON.stringify(value))

/** A folder as {name: bytes}, without what is no part of a model. */
function folder(path) {
  const names = readdirSync(path).filter(
    (name) => /\.(json|jinja|safetensors|gguf|model|tiktoken)$/.test(name) && !/^(golden|expected)/.test(name),
  )
  return Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(path, name)))]))
}

function goldens(root) {
  const path = join(root, 'test/fixtures/golden')
  return readdirSync(path).map((name) => ({ name, files: folder(join(path, name)) }))
}

/** GPT-2's characters for bytes, in order. */
function byteCharacters() {
  const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++))
}

const SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** tokenizer.json of several kinds, each with all that may stand around a model. */
function tokenizers(root) {
  const bytes = byteCharacters()
  const vocab = Object.fromEntries([...bytes, 'th', 'the', 'in', 'an'].map((token, id) => [token, id]))
  const added = ['<s>', '</s>', '<|im_end|>'].map((content, i) => ({
    ...{
      id: 260 + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: i === 2,
      normalized: i === 1,
      special: i < 2,
    },
  }))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [260], tokens: ['<s>'] } },
  }
  const whole = {
    version: '1.0',
    added_tokens: added,
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false }, byteLevel],
    },
    post_processor: { type: 'Sequence', processors: [byteLevel, template] },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      unk_token: null,
      byte_fallback: false,
      ignore_merges: true,
      vocab,
      merges: ['t h', 'th e', ['i', 'n'], ['a', 'n']],
    },
  }
  const pieces = [
    ['<unk>', 0],
    ['<s>', 0],
    ['</s>', 0],
    ...Array.from('\u2581abcdefghinorst', (c, i) => [c, -2 - i / 10]),
    ['\u2581the', -1],
    ['in', -1.5],
  ]
  const unigram = {
    ...whole,
    added_tokens: added.map((token, id) => ({ ...token, id })),
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first', split: true },
    post_processor: null,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u2581' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
      ],
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'Unigram', unk_id: 0, vocab: pieces, byte_fallback: true },
  }
  const config = json({
    bos_token: '<s>',
    eos_token: '</s>',
    add_bos_token: true,
    chat_template: '{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}',
  })
  const mini = folder(join(root, 'models/mini'))
  const own = [whole, unigram].map((value) => ({
    'tokenizer.json': json(value),
    'tokenizer_config.json': config,
    'config.json': json({ eos_token_id: 1, bos_token_id: 0 }),
  }))
  return [...own, { ...mini, 'model.safetensors': undefined }]
}

function ranked() {
  const base64 = (bytes) => Buffer.from(bytes).toString('base64')
  const ranks =
    [
      ...Array.from({ length: 256 }, (_, i) => `${base64([i])} ${i}`),
      `${base64([116, 104])} 256`,
      `${base64([116, 104, 101])} 257`,
    ].join('\n') + '\n'
  const tekken = {
    config: { pattern: SPLIT, num_vocab_tokens: 258, default_vocab_size: 300, default_num_special_tokens: 20 },
    vocab: Array.from({ length: 256 }, (_, rank) => ({ rank, token_bytes: base64([rank]), token_str: null })),
    special_tokens: [
      { rank: 1, token_str: '<s>', is_control: true },
      { rank: 2, token_str: '</s>', is_control: true },
    ],
  }
  return [
    { file: 'tiktoken.model', files: { 'tiktoken.model': utf8.encode(ranks) } },
    { file: 'qwen.tiktoken', files: { 'qwen.tiktoken': utf8.encode(ranks) } },
    { file: 'tokenizer.model', files: { 'tokenizer.model': utf8.encode(ranks) } },
    { file: 'tekken.json', files: { 'tekken.json': json(tekken) } },
  ]
}

function sentencePieces(root) {
  const path = join(root, 'test/fixtures/tokenizers')
  return readdirSync(path)
    .filter((name) => name.endsWith('.model'))
    .map((name) => ({ 'tokenizer.model': new Uint8Array(readFileSync(join(path, name))) }))
}

function ggufs(root) {
  const path = join(root, 'test/fixtures/golden-gguf')
  return readdirSync(path)
    .map((name) => join(path, name, 'model.gguf'))
    .filter((file) => existsSync(file))
    .map((file) => ({ 'model.gguf': new Uint8Array(readFileSync(file)) }))
}

/** A checkpoint in two shards with an index. */
function shards(one) {
  const bytes = one['model.safetensors']
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
  const names = Object.keys(header).filter((name) => name !== '__metadata__')
  const files = { 'config.json': one['config.json'] }
  const weight_map = {}
  for (const [i, part] of [names.slice(0, names.length / 2), names.slice(names.length / 2)].entries()) {
    const file = `model-0000${i + 1}-of-00002.safetensors`
    let at = 0
    const own = {}
    const data = []
    for (const name of part) {
      const [start, end] = header[name].data_offsets
      own[name] = { ...header[name], data_offsets: [at, at + end - start] }
      at += end - start
      data.push(bytes.subarray(8 + length + start, 8 + length + end))
      weight_map[name] = file
    }
    const text = json(own)
    files[file] = new Uint8Array(
      Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(text.length)).buffer), text, ...data]),
    )
  }
  return { ...files, 'model.safetensors.index.json': json({ metadata: { total_size: 1 }, weight_map }) }
}

export function wholeModels(root) {
  const golden = goldens(root)
  const llama = golden.find(({ name }) => name === 'llama3').files
  const whole = {
    golden: golden.map(({ files }) => files),
    gguf: ggufs(root),
    sharded: shards(llama),
    tokenizers: tokenizers(root),
    ranked: ranked(),
    sentencePieces: sentencePieces(root),
    mini: folder(join(root, 'models/mini')),
    llama,
  }
  return { ...whole, former: formerFailures(whole) }
}
