/**
 * Decoders of tokenizer.json: tokens to bytes of a text. huggingface/tokenizers, decoders/. What a decoder does to each token alone is
 * read; of what it does to the whole text, only what takes a space from the start, since an answer is given out token by token.
 */
import { isJsonObject, type JsonObject } from '../../json.js'
import { byteLevelBytes, sentencePieceBytes } from '../pieces.js'
import { replace, type Normalize } from './normalizers.js'
import type { Part } from './part.js'

export interface Decoding {
  bytesOf(token: string): Uint8Array
  /** Of an added token, which stands for itself where others are bytes. */
  addedBytesOf(token: string): Uint8Array
  /** A text begins with a space of the tokenizer's own, which is dropped. */
  readonly dropFirstSpace: boolean
}

/** What is known after some steps. */
interface State {
  readonly ofTokens: Normalize[]
  bytes: 'none' | 'fallback' | 'level'
  /** All tokens are one text from here on. */
  fused: boolean
  dropFirstSpace: boolean
}

const KINDS: Readonly<Record<string, (part: Part, state: State) => void>> = {
  ByteLevel(part, state) {
    if (state.fused) part.unread('type', 'ByteLevel before Fuse', part.type)
    state.bytes = 'level'
    state.fused = true
  },
  ByteFallback(_, state) {
    if (!state.fused && state.bytes === 'none') state.bytes = 'fallback'
  },
  Metaspace(part, state) {
    if (state.fused) part.unread('type', 'Metaspace before Fuse', part.type)
    const mark = part.string('replacement', '\u2581')
    state.ofTokens.push((token) => token.replaceAll(mark, ' '))
    const leads = part.boolean('add_prefix_space', true)
    if (leads && part.string('prepend_scheme', 'always') !== 'never') state.dropFirstSpace = true
  },
  Replace(part, state) {
    const { String: text } = part.object('pattern')
    // One character is found in the tokens as in the text that they make.
    if (state.fused && !(typeof text === 'string' && Array.from(text).length === 1))
      part.unread('pattern', 'one character after Fuse', part.object('pattern'))
    state.ofTokens.push(replace(part))
  },
  Fuse(_, state) {
    state.fused = true
  },
  Strip: strip,
  Sequence(part, state) {
    for (const own of part.parts('decoders')) step(own, state)
  },
}

function step(part: Part, state: State): void {
  const take = Object.hasOwn(KINDS, part.type) ? KINDS[part.type] : undefined
  ;(take ?? part.unknown(Object.keys(KINDS)))(part, state)
}

function strip(part: Part, state: State): void {
  const content = part.string('content')
  const [start, stop] = [part.whole('start', 0), part.whole('stop', 0)]
  if (!state.fused) {
    state.ofTokens.push((token) => stripped(token, content, start, stop))
    return
  }
  if (start === 0 && stop === 0) return
  if (content !== ' ') part.unread('content', 'a space', content)
  if (start !== 1) part.unread('start', '0 or 1', start)
  if (stop !== 0) part.unread('stop', '0, as an answer has no end while it is given out', stop)
  state.dropFirstSpace = true
}

function stripped(token: string, content: string, start: number, stop: number): string {
  const all = Array.from(token)
  let [from, to] = [0, all.length]
  while (from < Math.min(start, to) && all[from] === content) from++
  while (to > from && all.length - to < stop && all[to - 1] === content) to--
  return all.slice(from, to).join('')
}

/** @throws UserError for a type that is not read, or a step that needs the whole text. */
export function decodingOf(json: JsonObject, part: Part | undefined): Decoding {
  if (!part) return withoutDecoder(json)
  const state: State = { ofTokens: [], bytes: 'none', fused: false, dropFirstSpace: false }
  step(part, state)
  // Tokens of bytes are bytes whatever the decoder: as text they would be of no use to anyone.
  const model = json['model']
  const fallback = state.bytes === 'fallback' || (isJsonObject(model) && model['byte_fallback'] === true)
  return made(state, fallback)
}

/** Not where the file is read: functions of one scope keep alive what any of them uses. */
function made({ ofTokens, bytes, dropFirstSpace }: State, fallback: boolean): Decoding {
  const utf8 = new TextEncoder()
  const textOf = (token: string): string => ofTokens.reduce((text, next) => next(text), token)
  return {
    dropFirstSpace: bytes !== 'level' && dropFirstSpace,
    addedBytesOf: (token) => utf8.encode(textOf(token)),
    bytesOf(token) {
      if (bytes === 'level') return byteLevelBytes(textOf(token))
      return fallback && BYTE.test(token) ? sentencePieceBytes(token) : utf8.encode(textOf(token))
    },
  }
}

const BYTE = /^<0x[0-9A-Fa-f]{2}>$/

/** Of a file without one: as its vocabulary looks. */
function withoutDecoder(json: JsonObject): Decoding {
  const byteLevel = JSON.stringify([json['pre_tokenizer'], json['normalizer']]).includes('"ByteLevel"')
  const utf8 = new TextEncoder()
  return {
    dropFirstSpace: false,
    bytesOf: byteLevel ? byteLevelBytes : sentencePieceBytes,
    addedBytesOf: (token) => utf8.encode(token),
  }
}
