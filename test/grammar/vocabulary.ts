import type { Dialect } from '../../src/chat/dialects/dialect.js'
import { think } from '../../src/chat/dialects/families.js'
import { seededRandom } from '../../src/engine/sample/random.js'
import { ScoredTokens } from '../../src/engine/sample/scored-tokens.js'
import type { AnswerGrammar } from '../../src/grammar/answer-grammar.js'
import { Grammars } from '../../src/grammar/grammars.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'

/** Every byte, and some texts of more bytes; the last id ends an answer. */
const WORDS = [
  '{"',
  '":',
  '", "',
  '"}',
  '},',
  '[[',
  'true',
  'null',
  '0.5',
  '-1',
  'é',
  '你',
  '😀',
  '\\n',
  '\\"',
  'ab',
  'name',
  '12',
]
const BYTES = [...[...Array(256).keys()].map((b) => Uint8Array.of(b)), ...WORDS.map((w) => new TextEncoder().encode(w))]
export const END = BYTES.length

export const bytes: Tokenizer = {
  vocabSize: END + 1,
  eosIds: [END],
  encode: (text) => Array.from(new TextEncoder().encode(text)),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.flatMap((id) => Array.from(BYTES[id] ?? [])))),
  decoder: () => {
    const decoder = new TextDecoder()
    return {
      push: (id) => decoder.decode(BYTES[id] ?? new Uint8Array(), { stream: true }),
      flush: () => decoder.decode(),
    }
  },
  idOf: () => undefined,
  bytesOf: (id) => (id < END ? BYTES[id] : id === END ? undefined : null),
}

/** Tokens that bring an answer to its end. */
const CLOSING = [END, ...Array.from(new TextEncoder().encode('"}],:</|\n'))]

/** Grammars over these bytes. */
export function byteGrammars(dialect: Dialect = think): Grammars {
  return new Grammars(bytes, END + 1, new Set([END]), dialect)
}

/** An answer chosen at random among what the constraint allows; the tokens that close things are preferred. */
export function randomAnswer(constraint: AnswerGrammar, random: () => number, most = 3000): string {
  const ids: number[] = []
  for (;;) {
    const allowed = [...new ScoredTokens(new Float32Array(END + 1), constraint.allowed()).from(0)]
    // Bytes beyond ASCII make no characters when they are chosen at random.
    const likely = allowed.filter((token) => token < 128 || token > 255)
    if (allowed.length === 0) throw new Error(`nothing may follow ${bytes.decode(ids)}`)
    const closing = CLOSING.filter((id) => allowed.includes(id))
    const preferred = closing.length > 0 && random() < (ids.length > most / 10 ? 0.9 : 0.3)
    const from = preferred ? closing : likely.length > 0 ? likely : allowed
    const id = allowed.includes(END) && random() < 0.5 ? END : from[Math.floor(random() * from.length)]!
    constraint.accept(id)
    if (id === END) return bytes.decode(ids)
    ids.push(id)
    if (ids.length > most) throw new Error(`the answer does not end: ${bytes.decode(ids).slice(0, 200)}`)
  }
}

/** Random answers of one grammar, the same each time. */
export async function randomAnswers(grammars: Grammars, spec: GrammarSpec, count: number): Promise<string[]> {
  const random = seededRandom(7)
  const all: string[] = []
  for (let i = 0; i < count; i++) {
    const constraint = await grammars.constraint(spec)
    all.push(randomAnswer(constraint, random))
    constraint.close()
  }
  return all
}
