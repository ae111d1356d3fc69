import type { AnswerParser } from '../../chat/dialects/dialect.js'
import { answerMessage } from '../../chat/answer-message.js'
import { newCallId } from '../../chat/dialects/reader.js'
import type { ChatMessage, GivenMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { OpenGrammar } from '../../grammar/answer-grammar.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import { generateTokens } from './generate.js'
import { Generation, type GenerationResult, type Part, type PromptCount, type PromptProgress } from './generation.js'
import type { SessionModel } from './model.js'
import { Pieces } from './pieces.js'
import { chatPrompt, textPrompt } from './prompts.js'
import { bytesOfSession, pagesOf } from './saved-session.js'
import type { TokenChoice } from '../sample/likelihood.js'
import type { Sampling } from '../sample/sampler.js'
import { resolveOptions, type ChatOptions, type GenerateOptions } from '../options.js'
import { Queue } from '../schedule/queue.js'
import { checkAnswerKeys, checkText, checkTools, checkedMessages } from '../checks.js'
import { checkPrompt, checkRoom } from '../prompt.js'
import { Sequence } from '../schedule/sequence.js'

/**
 * One sequence. Every call gives the whole prompt, and the session works out what its cache already holds: the longest
 * common prefix is kept, so the next turn of a chat only computes what is new. Calls of one session run one after the
 * other; calls of several sessions share their steps.
 */
export class Session {
  private sequence: Sequence
  private salt = ''
  private readonly turns = new Queue()
  private readonly running = new Set<Generation>()
  private closed = false
  private conversation: readonly ChatMessage[] = []

  constructor(private readonly model: SessionModel) {
    this.sequence = new Sequence(model.shared)
  }

  /** Tokens in the cache. */
  get cachedTokens(): number {
    return this.sequence.length
  }

  /**
   * The answer to a conversation, in parts of reasoning, text and tool calls. Fails with UserError when there is no chat template.
   * @example
   * const messages: ChatMessage[] = [{ role: 'user', content: 'reverse the word stone' }]
   * const { text } = await session.chat(messages).result
   * messages.push({ role: 'assistant', content: text }, { role: 'user', content: 'And the word river?' })
   * const { cachedTokens } = await session.chat(messages).result
   * console.log(cachedTokens > 0) // true
   */
  chat(messages: readonly GivenMessage[], options: ChatOptions = {}): Generation {
    const { sampling, chatSampling = sampling } = this.model.defaults
    const generation = this.start(options, chatSampling, async (signal) => {
      const { tools = [] } = options
      checkTools(tools)
      const { text: prompt, ids } = await chatPrompt(this.model, checkedMessages(messages), options, signal)
      const asked = { calls: tools.length > 0, pieces: options.callPieces ?? false, nearMisses: !options.grammar }
      const parser = this.model.dialect.parser({ prompt, tools, ...asked, newId: newCallId })
      return { ids, parser, prompt }
    })
    // What fails says so to whoever asked.
    const remember = (result: GenerationResult): void =>
      void (this.conversation = [...checkedMessages(messages), answerMessage(result)])
    generation.result.then(remember, () => undefined)
    return generation
  }

  /**
   * The session as bytes, for a file or a database: the last conversation with its answer, and what the cache has of it in whole
   * pages. {@link Engine.restore} continues with it, in another process too. Sessions of calls with a `cacheSalt` keep the messages alone.
   * @example
   * const session = engine.session()
   * await session.chat([{ role: 'user', content: 'reverse the word stone' }]).result
   * const { messages } = await engine.restore(await session.save())
   * console.log(messages.length) // 2
   */
  save(): Promise<Uint8Array> {
    return this.turns.run(async () => {
      const { shared } = this.model
      const cache = this.salt === '' ? await pagesOf(shared, this.sequence) : { ids: [], pages: [] }
      return bytesOfSession({ messages: this.conversation, pageBytes: shared.runner.pageBytes, ...cache })
    })
  }

  /**
   * Continues with `prompt` as it is, without a template.
   * @example
   * const { text } = await session.complete('reverse the word stone', { maxTokens: 8 }).result
   * console.log(text)
   */
  complete(prompt: string, options: GenerateOptions = {}): Generation {
    return this.start(options, this.model.defaults.sampling, async (signal) => {
      checkText(prompt)
      if (prompt === '') checkPrompt([], 0)
      return { ids: await textPrompt(this.model, prompt, signal) }
    })
  }

  /**
   * Continues with token ids. Needs no tokenizer; without one the text is empty.
   * @example
   * const prompt = [1, 2, 3]
   * const { ids } = await session.generate(prompt, { maxTokens: 2, ignoreEos: true }).result
   * const more = await session.generate([...prompt, ...ids], { maxTokens: 2, ignoreEos: true }).result
   * console.log(more.cachedTokens) // 4
   */
  generate(ids: readonly number[], options: GenerateOptions = {}): Generation {
    return this.start(options, this.model.defaults.sampling, () => Promise.resolve({ ids }))
  }

  /**
   * Cancels what runs and gives the cache's pages back.
   * @example
   * const own = engine.session()
   * await own.close()
   */
  async close(): Promise<void> {
    this.closed = true
    for (const generation of this.running) generation.abort()
    await this.turns.run(() => Promise.resolve(this.model.shared.scheduler.release(this.sequence)))
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The sequence that finds what the cache holds for this salt. */
  private sequenceOf(salt: string): Sequence {
    if (salt === this.salt) return this.sequence
    this.model.shared.scheduler.release(this.sequence)
    this.salt = salt
    return (this.sequence = new Sequence(this.model.shared, salt))
  }

  /** Undefined where `signal` ended the answer meanwhile. */
  private async openGrammar(
    spec: GrammarSpec,
    prompt: string | undefined,
    signal: AbortSignal,
    salt: string,
  ): Promise<OpenGrammar | undefined> {
    try {
      return await this.model.grammars.open(spec, prompt, signal, salt)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  private start(
    options: GenerateOptions,
    sampling: Sampling,
    prepare: (signal: AbortSignal) => Promise<{ ids: readonly number[]; parser?: AnswerParser; prompt?: string }>,
  ): Generation {
    const called = performance.now()
    // What was asked for before the session closed is cancelled instead.
    const refused = this.closed
    const generation = new Generation(async (push, ownSignal) => {
      if (refused) throw new UserError('the session is closed; open a new one', 'invalid_argument')
      checkAnswerKeys(options)
      const resolved = resolveOptions(options, { ...this.model.defaults, sampling })
      const { cacheSalt: salt = '' } = options
      const signal = options.signal ? AbortSignal.any([options.signal, ownSignal]) : ownSignal
      const { ids, parser, prompt } = await prepare(signal)
      const { vocabSize, contextLength } = this.model.shared
      const below = Math.min(this.model.tokenizer?.vocabSize ?? vocabSize, vocabSize)
      checkPrompt(ids, vocabSize, contextLength)
      if (options.mustAnswer) checkRoom(ids.length, contextLength)
      const pieces = new Pieces(push, this.model.tokenizer)
      const markers = parser ? this.model.dialect.markers : []
      const grammar = options.grammar && (await this.openGrammar(options.grammar, prompt, signal, salt))
      const sinks = {
        begin: (count: PromptCount) => pieces.begin(count),
        reading: options.promptProgress ? (progress: PromptProgress) => pieces.reading(progress) : undefined,
        choose: (choice: TokenChoice) => pieces.choose(choice),
        emit: (part: Part) => pieces.emit(part),
        place: (outside: boolean) => pieces.place(outside),
      }
      const { form, index } = grammar ?? {}
      const run = { ...resolved, below, form, index, parser, markers, signal, called, ...sinks }
      try {
        const result = await this.turns.run(() => generateTokens(this.model, this.sequenceOf(salt), ids, run))
        pieces.end(result.stopText !== undefined)
        return result
      } finally {
        form?.close()
        resolved.constraint?.close?.()
      }
    })
    this.running.add(generation)
    void generation.result.catch(() => undefined).then(() => this.running.delete(generation))
    return generation
  }
}
