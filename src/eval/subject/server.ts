/** A server with OpenAI's API as what answers a task's questions. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import type { Likelihood } from '../score/likelihood.js'
import { codePointCount } from '../../chat/python/values.js'
import type { AnsweredCall } from '../task/task.js'
import { firstChoice, ServerApi, type ServedModel } from './api.js'
import type { ScoredChoices, Subject, SubjectIdentity, Written, WritingRequest } from './subject.js'

const CONCURRENCY = 8
/** Of English text; only estimates need it. */
const CHARACTERS_PER_TOKEN = 4

/** @throws UserError when nobody answers there, or has no model */
export async function serverSubject(served: ServedModel, version: string): Promise<Subject> {
  const api = new ServerApi(served)
  const model = await api.model()
  const identity: SubjectIdentity = {
    model,
    precision: 'of the server',
    settings: { url: api.base },
    template: 'of the server',
    engine: `kaiyuan ${version}, by HTTP`,
  }
  return new ServerSubject(api, identity)
}

class ServerSubject implements Subject {
  readonly concurrency = CONCURRENCY

  constructor(
    private readonly api: ServerApi,
    readonly identity: SubjectIdentity,
  ) {}

  countTokens(text: string): Promise<number> {
    return Promise.resolve(Math.ceil(text.length / CHARACTERS_PER_TOKEN))
  }

  /** The server has to show the prompt again with its likelihoods (`echo`), with the place of each token in the text. */
  async likelihoods(context: string, continuations: readonly string[], signal?: AbortSignal): Promise<ScoredChoices> {
    const likelihoods: Likelihood[] = []
    for (const continuation of continuations) {
      const prompt = context + continuation
      const asked = { model: this.identity.model, prompt, max_tokens: 1, temperature: 0, logprobs: 1, echo: true }
      const answer = await this.api.post('/v1/completions', asked, signal)
      likelihoods.push(echoed(firstChoice(answer), codePointCount(context), codePointCount(prompt)))
    }
    return { likelihoods, isTruncated: false }
  }

  async write(request: WritingRequest, signal?: AbortSignal): Promise<Written> {
    const { writing, sampling, messages, tools } = request
    const asked = {
      model: this.identity.model,
      max_tokens: writing.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      seed: sampling.seed,
      ...(writing.stop.length > 0 && { stop: writing.stop }),
    }
    if (!messages) {
      const answer = await this.api.post('/v1/completions', { ...asked, prompt: request.context }, signal)
      const choice = firstChoice(answer)
      return {
        ...usageOf(answer),
        text: textIn(choice['text']),
        calls: [],
        isCut: choice['finish_reason'] === 'length',
      }
    }
    const continued = request.continues === true && { continue_final_message: true, add_generation_prompt: false }
    const body = { ...asked, messages, ...continued, ...(tools && { tools }) }
    const answer = await this.api.post('/v1/chat/completions', body, signal)
    const choice = firstChoice(answer)
    const message = isJsonObject(choice['message']) ? choice['message'] : {}
    const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'].map(callOf) : []
    const text = textIn(message['content'])
    // llama.cpp's server shows again what it went on from; others do not.
    const begun = request.continues === true ? textIn(messages.at(-1)?.content) : ''
    return {
      ...usageOf(answer),
      text: text.startsWith(begun) ? text.slice(begun.length) : text,
      calls,
      isCut: choice['finish_reason'] === 'length',
    }
  }
}

/** Tokens that begin in the continuation. @param from, to in characters */
function echoed({ logprobs }: JsonObject, from: number, to: number): Likelihood {
  const { text_offset: offsets, token_logprobs: values, top_logprobs: top } = isJsonObject(logprobs) ? logprobs : {}
  if (!Array.isArray(offsets) || !Array.isArray(values))
    throw new UserError(
      'the server gives no likelihoods of a prompt (echo with logprobs): tasks of the class likelihood need them. Take tasks of the class generation.',
      'unsupported_platform',
    )
  const places = (offsets as unknown[]).flatMap((at, i) => (Number(at) >= from && Number(at) < to ? [i] : []))
  return {
    logprob: places.reduce((sum, i) => sum + Number((values as unknown[])[i]), 0),
    isGreedy: places.every((i) => isLikeliest(listOf(top)[i], Number((values as unknown[])[i]))),
  }
}

/** Several tokens may have one text, so that the value tells it, not the name. */
function isLikeliest(top: unknown, logprob: number): boolean {
  return isJsonObject(top) && logprob >= Math.max(...Object.values(top).map(Number))
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function usageOf({ usage }: JsonObject): Pick<Written, 'promptTokens' | 'tokens' | 'isTruncated'> {
  const counts = isJsonObject(usage) ? usage : {}
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  return {
    promptTokens: number(counts['prompt_tokens']),
    tokens: number(counts['completion_tokens']),
    isTruncated: false,
  }
}

function callOf(call: unknown): AnsweredCall {
  const described = isJsonObject(call) && isJsonObject(call['function']) ? call['function'] : {}
  return { name: textIn(described['name']), arguments: textIn(described['arguments']) }
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
