import type { AnswerParser } from '../../chat/dialects/dialect.js'
import { newCallId } from '../../chat/dialects/reader.js'
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { OpenGrammar } from '../../grammar/answer-grammar.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import { generateTokens } from './generate.js'
import { Generation, type Part, type PromptCount } from './generation.js'
import type { SessionModel } from './model.js'
import { Pieces } from './pieces.js'
import { chatPrompt, textPrompt } from './prompts.js'
import type { TokenChoice } from '../sample/likelihood.js'
import { resolveOptions, type ChatOptions, type GenerateOptions } from '../options.js'
import { Queue } from '../schedule/queue.js'
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
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Generation {
    return this.start(options, async (signal) => {
      const { text: prompt, ids } = await chatPrompt(this.model, messages, options, signal)
      const { tools = [] } = options
      const asked = { calls: tools.length > 0, pieces: options.callPieces ?? false, nearMisses: !options.grammar }
      const parser = this.model.dialect.parser({ prompt, tools, ...asked, newId: newCallId })
      return { ids, parser, prompt }
    })
  }

  /**
   * Goes on with `prompt` as it is, without a template.
   * @example
   * const { text } = await session.complete('reverse the word stone', { maxTokens: 8 }).result
   * console.log(text)
   */
  complete(prompt: string, options: GenerateOptions = {}): Generation {
    return this.start(options, async (signal) => {
      if (prompt === '') checkPrompt([], 0)
      return { ids: await textPrompt(this.model, prompt, signal) }
    })
  }

  /**
   * Goes on with token ids. Needs no tokenizer; without one the text is empty.
   * @example
   * const prompt = [1, 2, 3]
   * const { ids } = await session.generate(prompt, { maxTokens: 2, ignoreEos: true }).result
   * const more = await session.generate([...prompt, ...ids], { maxTokens: 2, ignoreEos: true }).result
   * console.log(more.cachedTokens) // 4
   */
  generate(ids: readonly number[], options: GenerateOptions = {}): Generation {
    return this.start(options, () => Promise.resolve({ ids }))
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
    prepare: (signal: AbortSignal) => Promise<{ ids: readonly number[]; parser?: AnswerParser; prompt?: string }>,
  ): Generation {
    const called = performance.now()
    // What was asked for before the session closed is cancelled instead.
    const refused = this.closed
    const generation = new Generation(async (push, ownSignal) => {
      if (refused) throw new UserError('the session is closed; open a new one', 'invalid_argument')
      const resolved = resolveOptions(options, this.model.defaults)
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
        choose: (choice: TokenChoice) => pieces.choose(choice),
        emit: (part: Part) => pieces.emit(part),
        place: (outside: boolean) => pieces.place(outside),
      }
      const { form, index } = grammar ?? {}
      const run = { ...resolved, below, form, index, parser, markers, signal, called, ...sinks }
      try {
        const result = await this.turns.run(() => generateTokens(this.model, this.sequenceOf(salt), ids, run))
        pieces.end()
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
