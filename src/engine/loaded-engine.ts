import { PAGE_SIZE, type OpTimes, type Precision } from '../backends/backend.js'
import type { Dialect } from '../chat/dialects/dialect.js'
import type { ChatMessage, GivenMessage } from '../chat/message.js'
import type { ChatTemplate } from '../chat/prompt.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { Generation } from './answer/generation.js'
import type { SessionModel } from './answer/model.js'
import { renderChat, requireTokenizer } from './answer/render.js'
import { adoptPages, sessionOfBytes } from './answer/saved-session.js'
import { Session } from './answer/session.js'
import { checkedMessages, checkIds, checkSaved, checkText } from './checks.js'
import { embeddingOf, type Pooling } from './measure/embed.js'
import {
  allLogits,
  likelihoodsOf,
  logitRows,
  perplexityOf,
  type LogitRows,
  type PerplexityOptions,
  type PerplexityResult,
} from './measure/score.js'
import type { ChatOptions, GenerateOptions, PromptOptions, SamplingSource } from './options.js'
import { hasToken, nameChoice, textOfToken, type NamedChoice } from './sample/likelihood.js'
import type { Sampling } from './sample/sampler.js'
import { engineClosed, type StepReport } from './schedule/scheduler.js'

/** Weights of this size are in no cache. */
const BEYOND_CACHES = 2 ** 28

/** What is known about a loaded model. */
export interface EngineInfo {
  readonly name: string
  /** model_type of the config. */
  readonly architecture: string
  readonly vocabSize: number
  /** Positions that prompt and answer may take together. */
  readonly contextLength: number
  readonly layers: number
  readonly parameters: number
  /** Parameters that one token uses. */
  readonly activeParameters: number
  readonly backend: string
  /** Threads that compute. */
  readonly threads: number
  readonly precision: Precision
  readonly weightBytes: number
  /** Bytes of weights that one token of an answer reads. */
  readonly activeWeightBytes: number
  /** Ids that end an answer. */
  readonly stopIds: readonly number[]
  readonly hasChatTemplate: boolean
  /** Without one, token ids are the way in and out. */
  readonly hasTokenizer: boolean
  /** Ids below this one have a token; those from it to {@link vocabSize} only pad the vocabulary. */
  readonly tokenCount?: number | undefined
  /** Special tokens by what they are for: bos_token, eos_token. */
  readonly specialTokens?: Readonly<Record<string, string>> | undefined
  /** The chat template's text; none where the prompt is made by code. */
  readonly chatTemplate?: string | undefined
  /** How tokens of a chat are chosen where a request does not say, and who says so. */
  readonly sampling?: Sampling | undefined
  readonly samplingSource?: SamplingSource | undefined
}

/** Which special tokens {@link Engine.encode} deals with. */
export interface EncodeOptions {
  /** Add those that the tokenizer puts around a text; true by default. */
  readonly addSpecial?: boolean | undefined
  /** Read their names in the text as them, not as text; true by default. */
  readonly parseSpecial?: boolean | undefined
}

/** How busy an engine is, and what it did since its model was loaded. */
export interface EngineStatus {
  /** Requests that wait for a step or are in one. */
  readonly active: number
  /** Cache pages that exist, those that no request uses, and the bytes of one. */
  readonly pages: number
  readonly freePages: number
  readonly pageBytes: number
  /** Sums over all steps; sequences / steps is the mean batch. */
  readonly steps: number
  readonly sequences: number
  readonly tokens: number
  readonly stepSeconds: number
}

/** A session that continues, with its conversation. */
export interface RestoredSession {
  readonly session: Session
  readonly messages: readonly ChatMessage[]
  /** Tokens that need not be computed again. */
  readonly cachedTokens: number
  /** Why the cache could not be taken over. */
  readonly dropped?: string | undefined
}

/** A loaded model. Its calls may run side by side and share their steps and their cache. Close it when it is done. */
export class Engine {
  private readonly sessions = new Set<Session>()
  private readonly sums = { steps: 0, sequences: 0, tokens: 0, stepSeconds: 0 }
  private closing: Promise<void> | undefined
  /** Resolves when a thread that computes has ended in an error: no call will succeed any more. */
  readonly failed: Promise<Error>

  constructor(
    readonly info: EngineInfo,
    private readonly model: SessionModel,
  ) {
    model.shared.scheduler.onStep = (report) => this.count(report)
    const { draftModel, shared } = model
    const parts = [shared.runner.failed, draftModel?.engine.failed].filter((part) => part !== undefined)
    this.failed = Promise.race(parts)
  }

  /** Undefined when the checkpoint has none; then token ids are the way in and out. */
  get tokenizer(): Tokenizer | undefined {
    return this.model.tokenizer
  }

  get template(): ChatTemplate | undefined {
    return this.model.template
  }

  /** How a chat's answers are written: reasoning, tool calls. */
  get dialect(): Dialect {
    return this.model.dialect
  }

  /**
   * The answer to a conversation. For several turns use a {@link session}, which keeps what it has computed.
   * @example
   * const generation = engine.chat([{ role: 'user', content: 'Which is larger, 9.11 or 9.9?' }], { maxTokens: 64 })
   * for await (const part of generation) if (part.kind === 'text') process.stdout.write(part.text)
   * const { finishReason, timings } = await generation.result
   * console.log(finishReason, `${timings.decodeTokensPerSecond} tokens a second`)
   */
  chat(messages: readonly GivenMessage[], options: ChatOptions = {}): Generation {
    return this.once((session) => session.chat(messages, options))
  }

  /**
   * Continues with `prompt` as it is, without a template.
   * @example
   * const { text } = await engine.complete('reverse the word stone', { temperature: 0, maxTokens: 16 }).result
   * console.log(text)
   */
  complete(prompt: string, options: GenerateOptions = {}): Generation {
    return this.once((session) => session.complete(prompt, options))
  }

  /**
   * Continues with token ids.
   * @example
   * const { ids } = await engine.generate([1, 2, 3], { maxTokens: 4, ignoreEos: true }).result
   * console.log(ids.length) // 4
   */
  generate(ids: readonly number[], options: GenerateOptions = {}): Generation {
    return this.once((session) => session.generate(ids, options))
  }

  /**
   * A sequence that keeps its cache from call to call.
   * @example
   * const session = engine.session()
   * const first = await session.chat([{ role: 'user', content: 'Hello' }]).result
   * console.log(`${first.cachedTokens} of ${first.promptTokens} tokens of the prompt were in the cache`)
   * await session.close()
   */
  session(): Session {
    if (this.closing) throw engineClosed()
    const session = new Session(this.model)
    this.sessions.add(session)
    return session
  }

  /**
   * Continues with a session that was saved. Its cache is taken over where the first page, computed again, is the saved one bit for bit;
   * else only its messages, with the reason.
   * @throws UserError invalid_file for bytes that are no saved session
   * @example
   * const saved = await engine.session().save()
   * const { messages, cachedTokens } = await engine.restore(saved)
   * console.log(messages.length, cachedTokens) // 0 0
   */
  async restore(saved: Uint8Array): Promise<RestoredSession> {
    checkSaved(saved)
    const found = sessionOfBytes(saved)
    const { messages, ids } = found
    const session = this.session()
    if (ids.length === 0) return { session, messages, cachedTokens: 0 }
    const { vocabSize, contextLength } = this.info
    const fits = ids.length < contextLength && ids.every((id) => id >= 0 && id < vocabSize)
    if (!fits) return { session, messages, cachedTokens: 0, dropped: 'it is of another model' }
    // One token more than a page, so that the page is full and shared.
    const first = [...ids.slice(0, PAGE_SIZE), ids[0]!]
    await this.generate(first, { maxTokens: 1, temperature: 0, speculate: 'off' }).result
    const pages = await adoptPages(this.model.shared, found)
    if (typeof pages === 'string') return { session, messages, cachedTokens: 0, dropped: pages }
    return { session, messages, cachedTokens: pages * PAGE_SIZE }
  }

  /**
   * Token ids of a text that is not a chat, with the special tokens that the tokenizer adds.
   * @example
   * console.log(engine.encode('hello').join()) // 104,101,108,108,111
   */
  encode(text: string, { addSpecial = true, parseSpecial = true }: EncodeOptions = {}): number[] {
    checkText(text)
    return requireTokenizer(this.model).encode(text, { addSpecial, parseSpecial })
  }

  /**
   * Token ids of a conversation, as {@link chat} gives them to the model.
   * @example
   * const ids = engine.encodeChat([{ role: 'user', content: 'Hello' }])
   * console.log(`${ids.length} tokens of ${engine.info.contextLength}`)
   */
  encodeChat(messages: readonly GivenMessage[], options: PromptOptions = {}): number[] {
    return renderChat(this.model, checkedMessages(messages), options).ids
  }

  /**
   * Text of token ids, without special tokens. Ids of the model that pad its vocabulary have none.
   * @example
   * console.log(engine.decode([104, 101, 108, 108, 111])) // hello
   */
  decode(ids: readonly number[]): string {
    checkIds(ids)
    const tokenizer = requireTokenizer(this.model)
    const { vocabSize } = this.info
    return tokenizer.decode(ids.filter((id) => !(id >= 0 && id < vocabSize) || hasToken(tokenizer, id)))
  }

  /**
   * Text of each token alone: a special token has none, and half a character is U+FFFD. All are empty without a tokenizer.
   * @example
   * console.log(engine.tokenTexts([104, 105]).join('|')) // h|i
   */
  tokenTexts(ids: readonly number[]): string[] {
    checkIds(ids)
    return [...ids].map((id) => textOfToken(this.model.tokenizer, id))
  }

  /**
   * Logits [T, V] of every position.
   * @throws UserError when they exceed 1 GiB; then use {@link logitRows}.
   * @example
   * const logits = await engine.logits([1, 2, 3])
   * console.log(logits.length === 3 * engine.info.vocabSize) // true
   */
  logits(ids: readonly number[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    return allLogits(this.model.shared, ids, options.signal)
  }

  /**
   * Logits of every position, a few rows at a time.
   * @example
   * for await (const { start, logits } of engine.logitRows([1, 2, 3])) console.log(start, logits.length / engine.info.vocabSize)
   */
  logitRows(
    ids: readonly number[],
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<LogitRows, void, undefined> {
    return logitRows(this.model.shared, ids, options.signal)
  }

  /**
   * How likely each of `ids` from position `from` on is after those before it, with the `top` likeliest ones at each place. What
   * comes before that position is taken from the cache where it is there.
   * @example
   * const ids = engine.encode('hello')
   * for (const { text, logprob } of await engine.likelihoods(ids, 0)) console.log(text, Math.exp(logprob))
   */
  async likelihoods(
    ids: readonly number[],
    top: number,
    signal?: AbortSignal,
    cacheSalt?: string,
    from?: number,
  ): Promise<NamedChoice[]> {
    const choices = await likelihoodsOf(this.model.shared, ids, top, signal, cacheSalt, from)
    return choices.map((choice) => nameChoice(this.model.tokenizer, choice))
  }

  /**
   * A vector [D] of length 1 for a text: the model's states after the final norm.
   * @example
   * const [a, b] = [await engine.embed(engine.encode('cat')), await engine.embed(engine.encode('dog'))]
   * console.log(`cosine ${a.reduce((sum, value, i) => sum + value * b[i]!, 0)}`)
   */
  embed(
    ids: readonly number[],
    pooling: Pooling = 'last',
    signal?: AbortSignal,
    cacheSalt?: string,
  ): Promise<Float32Array> {
    return embeddingOf(this.model.shared, ids, pooling, signal, cacheSalt)
  }

  /**
   * How well the model predicts a text: exp of the mean of -log p over its tokens, in windows of the context's length.
   * @example
   * const { perplexity } = await engine.perplexity(engine.encode('reverse the word stone'))
   * console.log(perplexity > 1) // true
   */
  perplexity(ids: readonly number[], options: PerplexityOptions = {}): Promise<PerplexityResult> {
    return perplexityOf(this.model.shared, ids, options)
  }

  /**
   * Bytes per second at which the backend's threads read the weights and do nothing else, which is the limit of decoding;
   * undefined where the weights fit into a cache, or for the reference backend.
   * @example
   * const limit = await engine.readSpeed()
   * if (limit !== undefined) console.log(`at most ${limit / engine.info.activeWeightBytes} tokens a second`)
   */
  readSpeed(): Promise<number | undefined> {
    const { runner, scheduler } = this.model.shared
    if (runner.weightBytes < BEYOND_CACHES) return Promise.resolve(undefined)
    return scheduler.between(async () => runner.readSpeed?.())
  }

  /**
   * How busy the engine is, and sums over its steps.
   * @example
   * const { active, freePages, pages } = engine.status()
   * console.log(`${active} requests, ${freePages} of ${pages} pages of the cache are free`)
   */
  status(): EngineStatus {
    const { scheduler, pool, runner } = this.model.shared
    const cache = { pages: pool.size, freePages: pool.freeCount, pageBytes: runner.pageBytes }
    return { active: scheduler.active, ...cache, ...this.sums }
  }

  /**
   * Where the time of the steps since the last call went; empty unless the model was loaded with `profile`.
   * @example
   * const profiled = await loadEngine('mini', { profile: true })
   * await profiled.generate([1, 2, 3], { maxTokens: 2 }).result
   * for (const { name, work } of await profiled.takeProfile()) console.log(name, `${Math.max(...work)} ms`)
   * await profiled.close()
   */
  async takeProfile(): Promise<OpTimes[]> {
    if (this.closing) throw engineClosed()
    return (await this.model.shared.runner.takeProfile?.()) ?? []
  }

  /**
   * Cancels what runs and frees the weights.
   * @example
   * const engine = await loadEngine('mini')
   * await engine.close()
   */
  close(): Promise<void> {
    this.closing ??= this.release()
    return this.closing
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private count({ tokens, sequences, milliseconds }: StepReport): void {
    this.sums.steps++
    this.sums.sequences += sequences
    this.sums.tokens += tokens
    this.sums.stepSeconds += milliseconds / 1000
  }

  private async release(): Promise<void> {
    this.model.grammars.close()
    await Promise.all([...this.sessions].map((session) => session.close()))
    await this.model.shared.scheduler.close()
    await Promise.all([this.model.shared.runner.close(), this.model.draftModel?.engine.close()])
  }

  private once(start: (session: Session) => Generation): Generation {
    if (this.closing) return new Generation(() => Promise.reject(engineClosed()))
    const session = this.session()
    const generation = start(session)
    const end = async (): Promise<void> => {
      await session.close()
      this.sessions.delete(session)
    }
    void generation.result.then(end, end)
    return generation
  }
}
