import { UserError, type OptionName, type PromptLength, type Wording } from '../../errors.js'
import { EngineUnavailable } from '../../remote/unavailable.js'

/** What an error object carries besides its message, as the OpenAI API has it. */
export interface ErrorDetail {
  /** Machine-readable reason. */
  readonly code: string
  /** The parameter at fault: `messages[0].content`. */
  readonly param?: string
  /** Seconds after which it is worth trying again. */
  readonly retryAfter?: number
  /** What clients of the Anthropic API read to continue without something. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Of a prompt that the context does not hold. */
  readonly length?: PromptLength
}

/** A request that gets no answer, and the status that says so. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 424 | 429 | 499 | 500 | 503,
    message: string,
    readonly detail: ErrorDetail,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A parameter that says something which cannot be done. */
export function badRequest(param: string, message: string, code = 'invalid_value'): ApiError {
  return new ApiError(400, message, { code, param })
}

/** A parameter or a value of it that this server does not have. */
export function unsupported(param: string, message: string): ApiError {
  return badRequest(param, message, 'unsupported_parameter')
}

/** Options of a request; the others belong to whoever runs the server. */
const OF_REQUESTS: ReadonlySet<OptionName> = new Set<OptionName>([
  ...(['temperature', 'topK', 'topP', 'minP', 'repetitionPenalty', 'frequencyPenalty', 'presencePenalty'] as const),
  ...(['logitBias', 'logprobs', 'grammar', 'seed', 'maxTokens', 'stop'] as const),
])

/** As in a request: `max_tokens: 8`. */
const httpWording: Wording = ({ option, value }) => {
  if (option === 'raw') return '/v1/completions, which takes the prompt as it is'
  if (option === 'ids') return 'token ids as the prompt of /v1/completions'
  const name = option.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const setting = value === undefined ? name : `${name}: ${value}`
  return OF_REQUESTS.has(option) ? setting : `${setting} (of the server)`
}

/**
 * What a client hears of any failure. The engine's own refusals are the client's to mend; bugs of ours are not told in detail.
 * @param params those that the engine's refusals are about: the prompt mostly, or the form of the answer
 */
export function apiErrorOf(
  error: unknown,
  params: {
    readonly prompt?: string | undefined
    readonly grammar?: (path: string | undefined) => string | undefined
  } = {},
): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof EngineUnavailable) {
    const { message, reason: code, retryAfter } = error
    return new ApiError(503, message, { code, ...(retryAfter !== undefined && { retryAfter }) })
  }
  if (!(error instanceof UserError)) {
    return new ApiError(500, 'internal error; the server has logged it', { code: 'internal_error' }, { cause: error })
  }
  switch (error.code) {
    case 'aborted':
      return new ApiError(499, 'the request was cancelled', { code: 'cancelled' })
    case 'out_of_memory':
      return new ApiError(503, error.messageIn(httpWording), { code: 'out_of_memory', retryAfter: 5 })
    case 'invalid_grammar':
    case 'grammar_too_complex': {
      const param = params.grammar?.(error.path) ?? params.prompt
      const detail = { code: error.code, ...(param !== undefined && { param }) }
      return new ApiError(400, error.messageIn(httpWording, param), detail)
    }
    default: {
      const param = error.path ?? optionParam(error) ?? params.prompt
      const { code, length } = error
      const detail = { code, ...(param !== undefined && { param }), ...(length && { length }) }
      return new ApiError(400, error.messageIn(httpWording), detail)
    }
  }
}

/** The parameter of a request that an option of the engine is. */
function optionParam({ at }: UserError): string | undefined {
  return at && OF_REQUESTS.has(at.option) ? httpWording({ option: at.option }) : undefined
}

const OPENAI_TYPES: Partial<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'service_unavailable_error',
}

interface OpenaiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string
  readonly n_prompt_tokens?: number
  readonly n_ctx?: number
}

/** `{ error: { message, type, param, code } }`; of a prompt that is too long with its length, as llama.cpp has it. */
export function openaiError({ status, message, detail }: ApiError): { error: OpenaiError } {
  const { param = null, code, length } = detail
  const type = OPENAI_TYPES[status] ?? 'invalid_request_error'
  if (!length) return { error: { message, type, param, code } }
  const known = `This model's maximum context length is ${length.limit} tokens`
  const counts = { n_prompt_tokens: length.tokens, n_ctx: length.limit }
  return { error: { message: withKnown(message, known), type, param, code, ...counts } }
}

/**
 * A message with the words that an API has for a prompt that is too long: agents and proxies look for them in the text, and then
 * shorten the conversation and ask again.
 */
function withKnown(message: string, known: string): string {
  return `${message} (${known})`
}

const ANTHROPIC_TYPES: Partial<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'overloaded_error',
}

/** `{ type: 'error', error: { type, message }, request_id }`; the parameter is named in the message. */
export function anthropicError(error: ApiError, requestId: string): Record<string, unknown> {
  const type = ANTHROPIC_TYPES[error.status] ?? 'invalid_request_error'
  const { details, length } = error.detail
  // A prompt that fills the context is too long by the first token of its answer.
  const tokens = length && Math.max(length.tokens, length.limit + 1)
  const message = withParam(error)
  const shown = length ? withKnown(message, `prompt is too long: ${tokens} tokens > ${length.limit} maximum`) : message
  return {
    type: 'error',
    error: { type, message: shown, ...(details && { details }) },
    request_id: requestId,
  }
}

/** `{ error: 'message' }` */
export function ollamaError(error: ApiError): { error: string } {
  const message = withParam(error)
  return { error: error.detail.length ? withKnown(message, 'input length exceeds maximum context length') : message }
}

/** The message, with the parameter where the form has no other place for it. */
function withParam({ message, detail: { param } }: ApiError): string {
  if (param === undefined || message.startsWith(param) || message.endsWith(`: ${param}`)) return message
  return `${param}: ${message}`
}
