/** Normalizers of tokenizer.json, as huggingface/tokenizers has them. */
import { BYTE_TO_CHAR } from '../pieces.js'
import { cuts } from './splits.js'
import type { Part } from './part.js'

export type Normalize = (text: string) => string

const KINDS: Readonly<Record<string, (part: Part) => Normalize>> = {
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  // Each character by itself: the form of a sigma does not depend on where it stands.
  Lowercase: () => (text) => Array.from(text, (char) => char.toLowerCase()).join(''),
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Strip: strip,
  Prepend: (part) => {
    const lead = part.string('prepend')
    return (text) => (text === '' ? '' : lead + text)
  },
  Replace: replace,
  ByteLevel: () => byteCharacters,
  Sequence: (part) => {
    const all = part.parts('normalizers').map(normalizer)
    return (text) => all.reduce((done, next) => next(done), text)
  },
}

/** @throws UserError for a type that is not read. */
export function normalizer(part: Part): Normalize {
  const make = Object.hasOwn(KINDS, part.type) ? KINDS[part.type] : undefined
  return (make ?? part.unknown(Object.keys(KINDS)))(part)
}

function strip(part: Part): Normalize {
  const [left, right] = [part.boolean('strip_left'), part.boolean('strip_right')]
  return (text) => {
    const start = left ? text.replace(/^\p{White_Space}+/u, '') : text
    if (!right) return start
    let end = start.length
    while (end > 0 && /\p{White_Space}/u.test(start[end - 1]!)) end--
    return start.slice(0, end)
  }
}

/** What is found becomes the content. */
export function replace(part: Part): Normalize {
  const [pattern, content] = [part.pattern('pattern'), part.string('content')]
  const { String: literal } = part.object('pattern')
  // Without a list of the places: done for every token of a vocabulary.
  if (typeof literal === 'string' && literal !== '') return (text) => text.replaceAll(literal, () => content)
  return (text) =>
    cuts(text, pattern.matches(text))
      .map(({ start, end, found }) => (found ? content : text.slice(start, end)))
      .join('')
}

/** GPT-2's characters for the bytes of a text. */
export function byteCharacters(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let out = ''
  for (const byte of bytes) out += BYTE_TO_CHAR[byte]!
  return out
}
