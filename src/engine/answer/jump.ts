import type { AnswerGrammar, ForcedText } from '../../grammar/answer-grammar.js'
import type { TokenIndex } from '../../grammar/token-index.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'

/** Tokens before a forced text that are encoded again with it, so that its first tokens can join the last of these. */
const TAIL = 8
/** Texts after a forced one that are tried, of each kind of character and of tokens that reach into them. */
const MOST_KINDS = 5
const MOST_TRIED = 6
/** Longest token that may reach beyond the end of a forced text. */
const LONGEST_TOKEN = 32
/** Forced texts of one grammar whose tokens are remembered. */
const MOST_REMEMBERED = 4096

/**
 * Text that the grammar forces, in tokens: those that the tokenizer makes of the whole text, whatever comes after it. A token at
 * the end that could reach into what comes after is left to the model.
 */
export class JumpForward {
  constructor(
    private readonly form: AnswerGrammar,
    private readonly tokenizer: Tokenizer,
    private readonly index: () => TokenIndex,
  ) {}

  /** The tokens that must come after an answer of these. */
  next(ids: readonly number[]): readonly number[] {
    const forced = this.form.forced()
    if (!forced) return []
    const tail = ids.slice(-TAIL)
    const key = `${forced.place}:${tail.join()}`
    let tokens = forced.memory.get(key)
    if (!tokens) {
      tokens = this.tokensOf(forced, tail)
      if (forced.memory.size >= MOST_REMEMBERED) forced.memory.clear()
      forced.memory.set(key, tokens)
    }
    // The text is forced, so its tokens are allowed; what a special token would do in between is not known here.
    return tokens.slice(0, this.form.follow(tokens))
  }

  private tokensOf(forced: ForcedText, tail: readonly number[]): readonly number[] {
    const before = textOf(tail.map((id) => this.tokenizer.bytesOf(id)))
    const text = wholeCharacters(forced.bytes)
    if (before === undefined || text === '') return []
    // Some tokenizers put a space before every text: a line of its own before keeps it away.
    for (const lead of ['', '\n']) {
      const found = this.encoded(lead, before + text, tail)
      if (found) return this.stable(found, lead + before + text, forced)
    }
    return []
  }

  /** The ids of `lead + text`, where they begin with those of `lead` and `tail`. */
  private encoded(lead: string, text: string, tail: readonly number[]): Encoded | undefined {
    const first = lead === '' ? [] : this.encode(lead)
    const ids = this.encode(lead + text)
    const begins = [...first, ...tail]
    return begins.every((id, i) => ids[i] === id) ? { ids, from: begins.length } : undefined
  }

  /** Of the ids from `from` on, those that stay the same whatever follows. */
  private stable({ ids, from }: Encoded, text: string, forced: ForcedText): readonly number[] {
    const utf8 = new TextEncoder()
    const bytes = utf8.encode(text)
    const ends = this.endsOf(ids)
    let count = ids.length
    const cut = (end: number): void => {
      while (count > from && ends[count - 1]! > end) count--
    }
    /** Whether the last of them holds; if not, those that differ go. */
    const tryAfter = (after: string): void => {
      const other = this.encode(text + after)
      let same = 0
      while (same < count && ids[same] === other[same]) same++
      count = same
    }
    const kinds = KINDS.filter((after) => forced.allows(utf8.encode(after)))
    for (const after of kinds.slice(0, MOST_KINDS)) if (count > from) tryAfter(after)
    const nexts = BYTES.filter((byte) => forced.allows(Uint8Array.of(byte)))
    let tried = 0
    // A token that begins here and reaches beyond the end takes all that end after its beginning.
    for (let at = Math.max(0, bytes.length - LONGEST_TOKEN); at < bytes.length; at++) {
      if (count <= from || ends[count - 1]! <= at) break
      for (const { rest } of this.index().longer(bytes.subarray(at), nexts)) {
        if (!forced.allows(rest)) continue
        const after = ++tried > MOST_TRIED ? undefined : textOf([rest])
        if (after === undefined) cut(at)
        else tryAfter(after)
        if (count <= from || ends[count - 1]! <= at) break
      }
    }
    return ids.slice(from, Math.max(from, count))
  }

  /** Where each token ends, in bytes. */
  private endsOf(ids: readonly number[]): number[] {
    let end = 0
    return ids.map((id) => (end += this.tokenizer.bytesOf(id)?.length ?? 0))
  }

  private encode(text: string): number[] {
    // Names of special tokens become them, as in the prompt's text: the grammar does not allow their ids then.
    return this.tokenizer.encode(text, { addSpecial: false })
  }
}

/** A text's ids; those from `from` on are new. */
interface Encoded {
  readonly ids: readonly number[]
  readonly from: number
}

const BYTES: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte)

/** A letter, a digit, a sign, spaces: tokenizers split text where their kind changes. */
const KINDS = ['"', 'a', '1', ' ', '\n', '{', '[', 'A', '-', '.', 't', '0', '你']

/** The text of these bytes; undefined where one is a special token or a character is not whole. */
function textOf(parts: readonly (Uint8Array | null | undefined)[]): string | undefined {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    let text = ''
    for (const part of parts) {
      if (!part) return undefined
      text += utf8.decode(part, { stream: true })
    }
    return text + utf8.decode()
  } catch {
    return undefined
  }
}

/** The text of `bytes` up to the end of the last character that is whole. */
function wholeCharacters(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
}
