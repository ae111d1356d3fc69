import { UserError } from '../../errors.js'
import type { GenerationResult } from '../../engine/answer/generation.js'
import type { AnswerOptions, EngineLike } from '../../remote/engine-like.js'
import { hashOf } from '../data/hash.js'
import { strip } from '../../chat/python/text.js'
import type { Likelihood } from '../score/likelihood.js'
import type { AnsweredCall } from '../task/task.js'
import type { ScoredChoices, Subject, SubjectIdentity, Written, WritingRequest } from './subject.js'

/** Sequences at once: a step of the engine takes this many rows at little more than the price of one. */
const CONCURRENCY = 16

interface Pair {
  readonly ids: readonly number[]
  /** Position of the continuation's first token. */
  readonly from: number
  readonly isTruncated: boolean
}

/** @param settings how the engine was loaded, for the records */
export async function engineSubject(
  engine: EngineLike,
  version: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Subject> {
  const { info } = engine
  if (!info.hasTokenizer)
    throw new UserError(
      `${info.name}: expected a model with a tokenizer, since tasks are texts. Take a checkpoint that has its tokenizer files.`,
      'invalid_argument',
    )
  const template = info.chatTemplate === undefined ? 'none' : await hashOf(info.chatTemplate)
  const { architecture, parameters, weightBytes, backend } = info
  const identity: SubjectIdentity = {
    model: info.name,
    precision: info.precision,
    settings: { architecture, parameters, weightBytes, backend, contextLength: info.contextLength, ...settings },
    template,
    engine: `kaiyuan ${version}`,
  }
  return new EngineSubject(engine, identity)
}

class EngineSubject implements Subject {
  readonly concurrency = CONCURRENCY

  constructor(
    private readonly engine: EngineLike,
    readonly identity: SubjectIdentity,
  ) {}

  async countTokens(text: string): Promise<number> {
    return (await this.encode(text)).length
  }

  /** One after the other: all but the first find the context in the cache. */
  async likelihoods(context: string, continuations: readonly string[], signal?: AbortSignal): Promise<ScoredChoices> {
    const likelihoods: Likelihood[] = []
    let isTruncated = false
    for (const continuation of continuations) {
      const pair = await this.encodePair(context, continuation)
      isTruncated ||= pair.isTruncated
      likelihoods.push(await this.likelihood(pair, signal))
    }
    return { likelihoods, isTruncated }
  }

  private async likelihood({ ids, from }: Pair, signal?: AbortSignal): Promise<Likelihood> {
    const choices = await this.engine.likelihoods(ids, 1, signal, undefined, from)
    return {
      logprob: choices.reduce((sum, { logprob }) => sum + logprob, 0),
      isGreedy: choices.every(({ id, top }) => top[0]?.id === id),
    }
  }

  /**
   * As lm-evaluation-harness' `_encode_pair`: spaces at the context's end belong to the continuation, and its tokens are those of the whole
   * after as many as the context has alone. What is too long loses its beginning; the last token is not computed.
   */
  private async encodePair(context: string, continuation: string): Promise<Pair> {
    const { contextLength } = this.engine.info
    const kept = strip(context, 'right')
    const rest = context.slice(kept.length) + continuation
    const before = context === '' ? [await this.prefixId()] : await this.encode(kept)
    const after =
      context === ''
        ? await this.engine.encode(continuation, { addSpecial: false })
        : (await this.encode(kept + rest)).slice(before.length)
    const whole = [...before, ...after]
    const ids = whole.slice(-(contextLength + 1))
    return { ids, from: Math.max(1, ids.length - after.length), isTruncated: ids.length < whole.length }
  }

  async write(request: WritingRequest, signal?: AbortSignal): Promise<Written> {
    const { writing, sampling } = request
    const options: AnswerOptions = {
      temperature: sampling.temperature,
      topP: sampling.topP,
      topK: 0,
      minP: 0,
      repetitionPenalty: 1,
      seed: sampling.seed,
      maxTokens: writing.maxTokens,
      stop: [...writing.stop],
      signal,
    }
    if (!request.messages) return this.goOn(request.context, options, writing.maxTokens)
    const { messages, tools, continues } = request
    const chat = this.engine.chat(messages, { ...options, tools, continueFinalMessage: continues })
    return written(await chat.result, false)
  }

  /** The beginning of a text that leaves no room for the answer is cut off, as the reference does. */
  private async goOn(context: string, options: AnswerOptions, maxTokens: number): Promise<Written> {
    const ids = await this.encode(context)
    const room = Math.max(1, this.engine.info.contextLength - maxTokens)
    const isTruncated = ids.length > room
    const generation = this.engine.generate(isTruncated ? ids.slice(-room) : ids, options)
    const result = await generation.result
    return { ...written(result, isTruncated), text: await this.withoutEnd(result) }
  }

  /** A text that is no chat shows the token that ended it, which is no part of the answer. */
  private async withoutEnd({ text, ids, stopText }: GenerationResult): Promise<string> {
    const last = ids.at(-1)
    const { stopIds, specialTokens = {} } = this.engine.info
    if (last === undefined || stopText !== undefined || !stopIds.includes(last)) return text
    const [shown = ''] = await this.engine.tokenTexts([last])
    const ends = [...Object.values(specialTokens), shown].filter((end) => end !== '' && text.endsWith(end))
    return ends.length === 0 ? text : text.slice(0, -Math.max(...ends.map((end) => end.length)))
  }

  /** With the tokens that the tokenizer puts around a text, but for a text that begins with the first of them. */
  private async encode(text: string): Promise<number[]> {
    const first = this.engine.info.specialTokens?.['bos_token']
    const addSpecial = first === undefined || !text.startsWith(first)
    return this.engine.encode(text, { addSpecial })
  }

  /** What stands before a text that has nothing before it. */
  private async prefixId(): Promise<number> {
    const { specialTokens = {}, stopIds } = this.engine.info
    const name = specialTokens['bos_token'] ?? specialTokens['eos_token']
    const [id] = name === undefined ? [] : await this.engine.encode(name, { addSpecial: false })
    return id ?? stopIds[0] ?? 0
  }
}

function written(result: GenerationResult, isTruncated: boolean): Written {
  return {
    text: result.text,
    calls: result.toolCalls.map((call) => callOf(call.name, call.arguments)),
    isCut: result.finishReason === 'length',
    promptTokens: result.promptTokens,
    tokens: result.ids.length,
    isTruncated,
  }
}

function callOf(name: string, given: AnsweredCall['arguments']): AnsweredCall {
  return { name, arguments: given }
}
