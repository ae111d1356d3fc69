import type { Dialect } from '../../chat/dialects/dialect.js'
import { UserError } from '../../errors.js'
import type { AnswerGrammar, AnswerGrammars, ForcedText, OpenGrammar } from '../../grammar/answer-grammar.js'
import type { GrammarConstraint } from '../../grammar/constraint.js'
import { Grammars, type ModelTokens } from '../../grammar/grammars.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import type { TokenIndex } from '../../grammar/token-index.js'
import { removeFromMask } from '../../grammar/vocabulary/vocabulary.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'

/** The grammars of one model; nothing is done for them until the first is asked for, or they are to be prepared. */
export class ModelGrammars implements AnswerGrammars {
  private readonly grammars: Grammars | undefined

  constructor(
    private readonly tokenizer: Tokenizer | undefined,
    vocabSize: number,
    private readonly stopIds: ReadonlySet<number>,
    private readonly dialect: Dialect,
    isBusy?: () => boolean,
  ) {
    this.grammars = tokenizer && new Grammars(tokenizer, vocabSize, stopIds, dialect, { isBusy })
  }

  async open(spec: GrammarSpec, prompt: string | undefined, signal?: AbortSignal, salt?: string): Promise<OpenGrammar> {
    const { tokenizer, grammars } = this
    if (!tokenizer || !grammars)
      throw new UserError('a grammar needs a tokenizer, and the checkpoint has none', 'invalid_tokenizer')
    const { inner, ready } = await grammars.begin(spec, signal, salt)
    const start = prompt === undefined ? undefined : this.dialect.textStart?.(prompt, spec.kind === 'tool-calls')
    const formOf = ({ index, any }: ModelTokens): AnswerGrammar => {
      if (start === undefined) return inner
      const end = new EndOfThought(start, tokenizer, this.dialect, index)
      return new AfterReasoning(inner, end, any, this.stopIds)
    }
    const form = new LateGrammar(inner, ready, formOf)
    return { form, index: () => form.tokens.index }
  }

  async prepare(): Promise<void> {
    // What fails here fails again for the first who asks for a grammar, and is reported there.
    await this.grammars?.prepare().catch(() => undefined)
  }

  close(): void {
    this.grammars?.close()
  }
}

/** A grammar of which only the automaton is there at first: the vocabulary is arranged while the prompt is computed. */
class LateGrammar implements AnswerGrammar {
  private late: { readonly tokens: ModelTokens; readonly form: AnswerGrammar } | undefined

  constructor(
    private readonly inner: GrammarConstraint,
    private readonly ready: Promise<ModelTokens>,
    private readonly formOf: (tokens: ModelTokens) => AnswerGrammar,
  ) {
    // Whoever prepares it hears of it.
    ready.catch(() => undefined)
  }

  get tokens(): ModelTokens {
    return this.there.tokens
  }

  private get there() {
    if (!this.late) throw new Error('internal error: a grammar that was not prepared')
    return this.late
  }

  prepare(drafts?: readonly number[]): void | Promise<void> {
    if (this.late) return this.late.form.prepare(drafts)
    return this.ready.then((tokens) => {
      this.late ??= { tokens, form: this.formOf(tokens) }
      return this.late.form.prepare(drafts)
    })
  }

  follow(ids: readonly number[]): number {
    return this.there.form.follow(ids)
  }

  allowed(): Int32Array | undefined {
    return this.there.form.allowed()
  }

  accept(id: number): void {
    this.there.form.accept(id)
  }

  forced(): ForcedText | undefined {
    return this.there.form.forced()
  }

  close(): void {
    this.inner.close()
  }
}

/** Lets the model think first: the grammar holds from the end of the reasoning on. */
class AfterReasoning implements AnswerGrammar {
  private thinking = true
  /** What may be the beginning of the reasoning's end. */
  private tail: readonly number[] = []

  constructor(
    private readonly inner: GrammarConstraint,
    private readonly end: EndOfThought,
    /** All tokens that do not end the answer. */
    private readonly any: Int32Array,
    private readonly stopIds: ReadonlySet<number>,
  ) {}

  prepare(drafts: readonly number[] = []): void | Promise<void> {
    return this.inner.prepare(this.thinking ? [] : drafts)
  }

  follow(ids: readonly number[]): number {
    if (!this.thinking) return this.inner.follow(ids)
    let { tail } = this
    for (let i = 0; i < ids.length; i++) {
      if (this.stopIds.has(ids[i]!)) return i
      const found = this.end.after(tail, ids[i]!)
      if ('tail' in found) tail = found.tail
      else if (found.rest.length === 0) return i + 1 + this.inner.follow(ids.slice(i + 1))
      else return this.inner.allows(found.rest) ? i + 1 : i
    }
    return ids.length
  }

  allowed(): Int32Array | undefined {
    if (!this.thinking) return this.inner.allowed()
    let allowed = this.any
    for (const { id, rest } of this.end.endings(this.tail)) {
      if (rest.length === 0 || this.inner.allows(rest)) continue
      if (allowed === this.any) allowed = this.any.slice()
      removeFromMask(allowed, id)
    }
    return allowed
  }

  accept(id: number): void {
    if (!this.thinking) return this.inner.accept(id)
    const found = this.end.after(this.tail, id)
    if ('tail' in found) this.tail = found.tail
    else {
      this.thinking = false
      this.inner.acceptBytes(found.rest)
    }
  }

  forced(): ForcedText | undefined {
    return this.thinking ? undefined : this.inner.forced()
  }

  close(): void {
    this.inner.close()
  }
}

/** Looks for the text that ends a reasoning, in tokens that may begin or end in the middle of it. */
class EndOfThought {
  private readonly end: Uint8Array
  private readonly markers: ReadonlyMap<number, Uint8Array>

  constructor(
    end: string,
    private readonly tokenizer: Tokenizer,
    dialect: Dialect,
    private readonly index: TokenIndex,
  ) {
    const utf8 = new TextEncoder()
    this.end = utf8.encode(end)
    this.markers = new Map(
      dialect.markers.flatMap((name) => {
        const id = tokenizer.idOf(name)
        return id === undefined ? [] : [[id, utf8.encode(name)] as const]
      }),
    )
  }

  /** After `id`, with `tail` before it: the bytes that may be the beginning of the end, or what `id` has after the end. */
  after(tail: readonly number[], id: number): { readonly tail: readonly number[] } | { readonly rest: Uint8Array } {
    const { end } = this
    const bytes = [...tail, ...(this.markers.get(id) ?? this.tokenizer.bytesOf(id) ?? [])]
    for (let from = 0; from < bytes.length; from++) {
      const open = bytes.slice(from, from + end.length)
      if (!open.every((byte, i) => byte === end[i])) continue
      return open.length < end.length ? { tail: open } : { rest: withoutSpace(bytes.slice(from + end.length)) }
    }
    return { tail: [] }
  }

  /** Tokens after `tail` that begin with what the end lacks and continue, with the text that they have after it. */
  *endings(tail: readonly number[]): Generator<{ readonly id: number; readonly rest: Uint8Array }, void, undefined> {
    if (tail.length === 0) return
    const lacking = this.end.subarray(tail.length)
    for (const { id, rest } of this.index.longer(lacking)) yield { id, rest: withoutSpace([...rest]) }
  }
}

/** Space between the reasoning and the answer belongs to neither. */
function withoutSpace(bytes: readonly number[]): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 32 && (byte < 9 || byte > 13))
  return Uint8Array.from(first < 0 ? [] : bytes.slice(first))
}
