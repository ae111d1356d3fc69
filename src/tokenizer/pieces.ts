import { UserError } from '../errors.js'
import type { StreamDecoder } from './tokenizer.js'

/** The bytes of each token: all that decoding needs. */
export interface Pieces {
  readonly vocabSize: number
  /** Undefined for a special token (left out of texts); null for an id without a token. */
  bytesOf(id: number): Uint8Array | undefined | null
  /** A special token's own text. */
  nameOf(id: number): string | undefined
  /** SentencePiece puts a space before every text; it is dropped when decoding. */
  readonly dropFirstSpace: boolean
}

/** Streams tokens as text: bytes of an unfinished character are held back, broken ones become U+FFFD. */
export function streamDecoder(pieces: Pieces, shown: readonly string[] = []): StreamDecoder {
  const visible = new Set(shown)
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  let first = pieces.dropFirstSpace
  const clean = (text: string): string => {
    if (!first || text === '') return text
    first = false
    return text.startsWith(' ') ? text.slice(1) : text
  }
  return {
    push(id) {
      const bytes = pieces.bytesOf(id)
      if (bytes === null)
        throw new UserError(
          `token id ${id}: expected an id of the vocabulary, 0 to ${pieces.vocabSize - 1}`,
          'invalid_argument',
        )
      if (bytes) return clean(utf8.decode(bytes, { stream: true }))
      const name = visible.size > 0 ? pieces.nameOf(id) : undefined
      // A special token ends the text before it, whole or broken.
      return name !== undefined && visible.has(name) ? clean(utf8.decode()) + name : ''
    },
    flush: () => clean(utf8.decode()),
  }
}

export function decodeAll(pieces: Pieces, ids: readonly number[]): string {
  const decoder = streamDecoder(pieces)
  return ids.map((id) => decoder.push(id)).join('') + decoder.flush()
}

/** GPT-2's alphabet: every byte as a printable character. openai/gpt-2, encoder.py: bytes_to_unicode. */
export const BYTE_TO_CHAR: readonly string[] = (() => {
  const printable = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++))
})()
const CODE_TO_BYTE: Int16Array = (() => {
  const bytes = new Int16Array(0x144).fill(-1)
  BYTE_TO_CHAR.forEach((char, byte) => (bytes[char.charCodeAt(0)] = byte))
  return bytes
})()

const utf8 = new TextEncoder()

/** Bytes of a token in GPT-2's alphabet; characters outside of it stand for themselves (added tokens). */
export function byteLevelBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length)
  for (let i = 0; i < token.length; i++) {
    const byte = CODE_TO_BYTE[token.charCodeAt(i)] ?? -1
    if (byte < 0) return mixedBytes(token)
    bytes[i] = byte
  }
  return bytes
}

function mixedBytes(token: string): Uint8Array {
  return Uint8Array.from(
    Array.from(token).flatMap((char) => {
      const byte = char.length === 1 ? (CODE_TO_BYTE[char.charCodeAt(0)] ?? -1) : -1
      return byte < 0 ? Array.from(utf8.encode(char)) : byte
    }),
  )
}

/** Bytes of a SentencePiece token: <0xNN> is a byte, U+2581 a space. */
export function sentencePieceBytes(token: string): Uint8Array {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)
  if (byte) return Uint8Array.of(parseInt(byte[1]!, 16))
  return utf8.encode(token.replaceAll('\u2581', ' '))
}
