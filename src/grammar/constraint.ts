import type { Dialect } from '../chat/dialects/dialect.js'
import type { ToolDefinition } from '../chat/message.js'
import { UserError } from '../errors.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { BYTE_TO_CHAR } from '../tokenizer/pieces.js'
import { checkEbnf } from './check-ebnf.js'
import { invalidGrammar } from './ebnf.js'
import { jsonSchemaToEbnf } from './json-schema.js'
import { toolCallsTag, toolCallsToEbnf } from './tool-calls.js'
import { regexToEbnf } from './regex.js'
import {
  loadXGrammar,
  type CompiledGrammar,
  type GrammarCompiler,
  type GrammarMatcher,
  type XGrammar,
} from './xgrammar.js'

/** What an answer has to look like. */
export type GrammarSpec =
  | { readonly kind: 'json' }
  | { readonly kind: 'json-schema'; readonly schema: unknown }
  /** The whole answer matches. */
  | { readonly kind: 'regex'; readonly pattern: string }
  /** EBNF as xgrammar reads it; the answer matches the rule `root`. */
  | { readonly kind: 'ebnf'; readonly grammar: string }
  /** Calls of these tools, as the model's dialect writes them: `must` is calls and nothing else; without it, text may stand before. */
  | {
      readonly kind: 'tool-calls'
      readonly tools: readonly ToolDefinition[]
      readonly must: boolean
      readonly parallel: boolean
    }

/** Compiled grammars that are kept. */
const KEPT = 64
/** Errors inside of the library, each of which loses some of its stack, before no more grammars are taken. */
const MAX_ERRORS = 16
let errors = 0

/** Grammars for one vocabulary; the same grammar is compiled once. */
export class Grammars {
  private readonly kept = new Map<string, Promise<CompiledGrammar>>()

  private constructor(
    private readonly library: XGrammar,
    private readonly compiler: GrammarCompiler,
    private readonly vocabSize: number,
    private readonly stopIds: ReadonlySet<number>,
  ) {}

  /**
   * @param vocabSize columns of the logits, which may be more than the tokenizer has
   * @param markers special tokens that grammars may ask for by their names
   * @param stopIds ids of which one ends the answer, where the grammar lets it end
   */
  static async of(
    tokenizer: Tokenizer,
    vocabSize: number,
    stopIds: ReadonlySet<number>,
    markers: readonly string[] = [],
  ): Promise<Grammars> {
    if (stopIds.size === 0) throw invalidGrammar('the model has no token that ends an answer')
    const library = await loadXGrammar()
    const tokens = Array.from({ length: vocabSize }, (_, id) =>
      byteLevel(id < tokenizer.vocabSize ? tokenizer.bytesOf(id) : null),
    )
    for (const marker of markers) {
      const id = tokenizer.idOf(marker)
      if (id !== undefined && id < vocabSize && !stopIds.has(id))
        tokens[id] = byteLevel(new TextEncoder().encode(marker))
    }
    const info = await library.TokenizerInfo.createTokenizerInfo(tokens, 'byte_level', false, vocabSize, [...stopIds])
    return new Grammars(library, await library.GrammarCompiler.createGrammarCompiler(info), vocabSize, stopIds)
  }

  /** A constraint for one answer. Close it when the answer ends. @throws UserError invalid_grammar. */
  async constraint(spec: GrammarSpec, dialect?: Dialect): Promise<GrammarConstraint> {
    const text = textOf(spec, dialect)
    let compiled = this.kept.get(text)
    if (compiled) this.kept.delete(text)
    else compiled = this.compile(text)
    this.kept.set(text, compiled)
    if (this.kept.size > KEPT) this.drop()
    try {
      const matcher = await this.library.GrammarMatcher.createGrammarMatcher(await compiled, [...this.stopIds])
      return await GrammarConstraint.begin(matcher, this.vocabSize, this.stopIds)
    } catch (cause) {
      this.kept.delete(text)
      throw cause
    }
  }

  private drop(): void {
    const [oldest] = this.kept
    if (!oldest) return
    this.kept.delete(oldest[0])
    void oldest[1].then((grammar) => grammar.dispose()).catch(() => undefined)
  }

  private async compile(text: string): Promise<CompiledGrammar> {
    if (errors >= MAX_ERRORS)
      throw new UserError(
        'grammars are out of order after too many that could not be read; start again',
        'unsupported_platform',
      )
    try {
      const tag = text.startsWith('{')
      const grammar = await (tag ? this.library.Grammar.fromStructuralTag(text) : this.library.Grammar.fromEBNF(text))
      const compiled = await this.compiler.compileGrammar(grammar)
      grammar.dispose()
      return compiled
    } catch (cause) {
      errors++
      throw new UserError('the grammar cannot be used: the grammar library does not take it', 'invalid_grammar', {
        cause,
      })
    }
  }
}

/** EBNF, or a structural tag as JSON. */
function textOf(spec: GrammarSpec, dialect: Dialect | undefined): string {
  switch (spec.kind) {
    case 'json':
      return jsonSchemaToEbnf({ type: 'object' })
    case 'json-schema':
      return jsonSchemaToEbnf(spec.schema)
    case 'regex':
      return `root ::= ${regexToEbnf(spec.pattern, 'plain', true)}\n`
    case 'ebnf':
      return checkEbnf(spec.grammar)
    case 'tool-calls': {
      const { tools, must, parallel } = spec
      const syntax = dialect?.toolSyntax?.(tools)
      if (!syntax) throw invalidGrammar('this model has no format for calls of tools')
      return must ? toolCallsToEbnf(syntax, tools, parallel) : JSON.stringify(toolCallsTag(syntax, tools, parallel))
    }
  }
}

/** The state of one answer in its grammar: which tokens may come next. */
export class GrammarConstraint {
  private ended = false
  private bits: Int32Array | undefined

  private constructor(
    private readonly matcher: GrammarMatcher,
    private readonly scores: Float32Array,
    private readonly stopIds: ReadonlySet<number>,
  ) {}

  static async begin(
    matcher: GrammarMatcher,
    vocabSize: number,
    stopIds: ReadonlySet<number>,
  ): Promise<GrammarConstraint> {
    const constraint = new GrammarConstraint(matcher, new Float32Array(vocabSize), stopIds)
    await constraint.prepare()
    return constraint
  }

  /** Works out what may come next; called while the backend computes the logits that it is for. */
  async prepare(): Promise<void> {
    if (this.bits === undefined && !this.ended) this.bits = await this.matcher.getNextTokenBitmask()
  }

  /** The scores [V] with -Infinity for what may not come; valid until the next call. {@link prepare} came before. */
  mask(scores: Float32Array): Float32Array {
    const { bits } = this
    if (!bits) return scores
    const masked = this.scores
    masked.set(scores)
    for (let word = 0, id = 0; word < bits.length; word++, id += 32) {
      const allowed = bits[word]!
      if (allowed === -1) continue
      if (allowed === 0) masked.fill(-Infinity, id, id + 32)
      else for (let bit = 0; bit < 32; bit++) if (!(allowed & (1 << bit))) masked[id + bit] = -Infinity
    }
    return masked
  }

  accept(id: number): void {
    this.bits = undefined
    if (this.ended) return
    if (!this.matcher.acceptToken(id)) throw new Error(`internal error: token ${id} is outside of the grammar`)
    if (this.stopIds.has(id) || this.matcher.isTerminated()) this.close()
  }

  /** The rest of a token that began before the grammar did. */
  acceptText(text: string): void {
    this.bits = undefined
    if (!this.matcher._acceptString(text)) throw invalidGrammar(`the answer begins with ${JSON.stringify(text)}`)
  }

  close(): void {
    if (this.ended) return
    this.ended = true
    this.matcher.dispose()
  }
}

/** GPT-2's alphabet, in which the library takes tokens of any bytes. Ids without text get a name that no grammar has. */
function byteLevel(bytes: Uint8Array | undefined | null): string {
  return bytes && bytes.length > 0 ? Array.from(bytes, (b) => BYTE_TO_CHAR[b]!).join('') : ''
}
