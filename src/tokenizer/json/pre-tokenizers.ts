/** Pre-tokenizers of tokenizer.json, as huggingface/tokenizers has them. */
import { expression, literalExpression, type Expression } from '../expressions/expression.js'
import { GPT2 } from '../patterns.js'
import { byteCharacters } from './normalizers.js'
import type { Part } from './part.js'
import { BEHAVIORS, cuts, split, type Behavior } from './splits.js'

/** A part of a text that is merged by itself. */
export interface Piece {
  readonly text: string
  /** At the very beginning of the whole text. */
  readonly first: boolean
}

export type PreTokenize = (pieces: readonly Piece[]) => Piece[]

const KINDS: Readonly<Record<string, (part: Part) => PreTokenize>> = {
  ByteLevel: byteLevel,
  Whitespace: () => splitting(ours(`[${LETTERS}]+|[^${LETTERS}\\s]+`), 'Removed', true),
  WhitespaceSplit: () => splitting(ours('\\s'), 'Removed'),
  BertPreTokenizer: () => {
    const [spaces, marks] = [splitting(ours('\\s'), 'Removed'), splitting(ours(MARK), 'Isolated')]
    return (pieces) => marks(spaces(pieces))
  },
  Metaspace: metaspace,
  Split: (part) => splitting(part.pattern('pattern'), part.oneOf('behavior', BEHAVIORS), part.boolean('invert')),
  Punctuation: (part) => splitting(ours(MARK), part.oneOf('behavior', BEHAVIORS, 'Isolated')),
  Digits: (part) => splitting(ours('\\p{N}'), part.boolean('individual_digits') ? 'Isolated' : 'Contiguous'),
  CharDelimiterSplit: (part) => splitting(literalExpression(part.string('delimiter')), 'Removed'),
  FixedLength: (part) => each(chunks(part.whole('length', 1))),
  Sequence: (part) => {
    const all = part.parts('pretokenizers').map(preTokenizer)
    return (pieces) => all.reduce((done, next) => next(done), [...pieces])
  },
}

/** What Rust's expressions take for a letter of a word. */
export const LETTERS = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}'
/** Punctuation: of ASCII, symbols too. */
const MARK = '[\\p{P}$+<=>^`|~]'

/** @throws UserError for a type that is not read. */
export function preTokenizer(part: Part): PreTokenize {
  const make = Object.hasOwn(KINDS, part.type) ? KINDS[part.type] : undefined
  return (make ?? part.unknown(Object.keys(KINDS)))(part)
}

function ours(source: string): Expression {
  return expression(source, 'ours')
}

function each(cut: (text: string) => string[]): PreTokenize {
  return (pieces) =>
    pieces.flatMap(({ text, first }) => cut(text).map((own, i) => ({ text: own, first: first && i === 0 })))
}

function splitting(pattern: Expression, behavior: Behavior, invert = false): PreTokenize {
  return (pieces) =>
    pieces.flatMap(({ text, first }) => {
      const all = cuts(text, pattern.matches(text), invert)
      // What was removed at the beginning was the beginning.
      const starts = first && !(behavior === 'Removed' && all[0]?.found === true)
      return split(text, all, behavior).map((own, i) => ({ text: own, first: starts && i === 0 }))
    })
}

function chunks(length: number): (text: string) => string[] {
  return (text) => {
    const all = Array.from(text)
    const count = Math.ceil(all.length / length)
    return Array.from({ length: count }, (_, i) => all.slice(i * length, (i + 1) * length).join(''))
  }
}

function byteLevel(part: Part): PreTokenize {
  const pattern = part.boolean('use_regex', true) ? ours(GPT2[0]!) : undefined
  const lead = part.boolean('add_prefix_space', true)
  return each((text) => {
    const led = lead && !text.startsWith(' ') ? ` ${text}` : text
    const pieces = pattern ? split(led, cuts(led, pattern.matches(led)), 'Isolated') : [led]
    return pieces.map(byteCharacters)
  })
}

/** SentencePiece's way with spaces. */
function metaspace(part: Part): PreTokenize {
  const mark = part.string('replacement', '\u2581')
  const asked = part.oneOf('prepend_scheme', ['always', 'first', 'never'], 'always')
  const scheme = part.boolean('add_prefix_space', true) ? asked : 'never'
  const words = part.boolean('split', true) ? splitting(literalExpression(mark), 'MergedWithNext') : undefined
  return (pieces) => {
    const marked = pieces.map(({ text, first }) => {
      const own = text.replaceAll(' ', () => mark)
      const leads = scheme === 'always' || (scheme === 'first' && first)
      return { text: leads && !own.startsWith(mark) ? mark + own : own, first }
    })
    return words ? words(marked) : marked
  }
}
