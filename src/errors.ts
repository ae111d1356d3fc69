/** Machine-readable reasons of a {@link UserError}. */
export type UserErrorCode =
  | 'invalid_argument'
  | 'file_not_found'
  | 'model_not_found'
  | 'access_denied'
  | 'network'
  | 'file_changed'
  | 'disk_full'
  | 'invalid_file'
  | 'unsupported_model'
  | 'unsupported_format'
  | 'tensor_mismatch'
  | 'invalid_tokenizer'
  | 'invalid_template'
  | 'invalid_grammar'
  | 'grammar_too_complex'
  | 'context_length_exceeded'
  | 'out_of_memory'
  | 'invalid_answer'
  | 'aborted'
  | 'unsupported_platform'

/** An option, by its name in the library, with a value of it. `raw` stands for `complete`, `ids` for `generate`. */
export interface NamedOption {
  readonly option: OptionName
  readonly value?: string | number | undefined
}

/** Options that a message may name: of loading, of an answer, of the server, of an evaluation. */
export type OptionName =
  | ('precision' | 'quantize' | 'kvCache' | 'threads' | 'backend' | 'contextLength' | 'stepTokens' | 'maxConcurrency')
  | ('cacheMemory' | 'speculate' | 'profile' | 'force' | 'raw' | 'ids' | 'host' | 'port' | 'apiKeys' | 'cors')
  | ('temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty' | 'frequencyPenalty' | 'presencePenalty')
  | ('logitBias' | 'logprobs' | 'grammar' | 'constraint' | 'seed' | 'maxTokens' | 'stop')
  | 'runCode'

/** What may help: a value of an option, a smaller or larger one, none, or something that is no option. */
export type Remedy = (NamedOption & { readonly change?: 'lower' | 'raise' | 'omit' }) | { readonly advice: string }

/** How a client names options to whoever reads its messages. */
export type Wording = (option: NamedOption) => string

/** As code: `quantize: 'q4'`. */
export const libraryWording: Wording = ({ option, value }) => {
  if (option === 'raw') return 'complete() in place of chat()'
  if (option === 'ids') return 'generate() with token ids'
  if (value === undefined) return option
  return typeof value === 'string' ? `${option}: '${value}'` : `${option}: ${value}`
}

export interface ErrorDetail extends ErrorOptions {
  /** The option at fault, with which the message begins. */
  readonly at?: NamedOption | undefined
  /** The place inside of what was given: `tools[1].function.parameters`. */
  readonly path?: string | undefined
  readonly remedies?: readonly Remedy[] | undefined
  /** Of context_length_exceeded: tokens of the prompt, or how many it has at least, and of the context. */
  readonly length?: PromptLength | undefined
}

export interface PromptLength {
  readonly tokens: number
  readonly limit: number
}

/**
 * A mistake that the user can mend: a broken file, a wrong option, a prompt that is too long. The message says what was
 * expected, what was found, where, and what to do, in the words of the library; other clients say it in their own by
 * {@link UserError.messageIn}. The command line exits with 2, the server answers 4xx.
 * @example
 * try {
 *   await loadEngine('mini', { threads: 0 })
 * } catch (error) {
 *   if (!(error instanceof UserError)) throw error
 *   console.log(error.code, error.message) // invalid_argument threads must be a whole number from 1 to 256; found 0
 * }
 */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly at: NamedOption | undefined
  /** The place inside of what was given, for clients that have another name for it. */
  readonly path: string | undefined
  /** What may help, for clients that word it themselves. */
  readonly remedies: readonly Remedy[]
  /** Of context_length_exceeded. */
  readonly length: PromptLength | undefined

  /** @param fault what is wrong, without {@link ErrorDetail.at} and what to do; it may begin with a colon */
  constructor(
    readonly fault: string,
    readonly code: UserErrorCode,
    { at, path, remedies = [], length, ...options }: ErrorDetail = {},
  ) {
    super(messageOf(fault, { at, path, remedies }, libraryWording), options)
    this.at = at
    this.path = path
    this.remedies = remedies
    this.length = length
  }

  /**
   * The message in a client's own words.
   * @param path what the client calls that path
   * @example
   * const error = new UserError('out of memory', 'out_of_memory', { remedies: [{ option: 'quantize', value: 'q4' }] })
   * console.log(error.message) // out of memory; try quantize: 'q4'
   * console.log(error.messageIn(({ option, value }) => `?${option}=${value}`)) // out of memory; try ?quantize=q4
   */
  messageIn(wording: Wording, path = this.path): string {
    return messageOf(this.fault, { at: this.at, path, remedies: this.remedies }, wording)
  }
}

function messageOf(fault: string, { at, path, remedies = [] }: ErrorDetail, wording: Wording): string {
  const place = path === undefined ? '' : `${path}: `
  const said = place + (at ? `${wording(at)}${fault.startsWith(':') ? '' : ' '}${fault}` : fault)
  return remedies.length === 0 ? said : `${said}; ${remedyText(remedies, wording)}`
}

/** `leave out kvCache`, `try quantize: 'q4', a smaller contextLength or another model`. */
function remedyText(remedies: readonly Remedy[], wording: Wording): string {
  const omitted: string[] = []
  const tried: string[] = []
  for (const remedy of remedies) {
    if ('advice' in remedy) tried.push(remedy.advice)
    else if (remedy.change === 'omit') omitted.push(wording(remedy))
    else if (remedy.change) tried.push(`a ${remedy.change === 'lower' ? 'smaller' : 'larger'} ${wording(remedy)}`)
    else tried.push(wording(remedy))
  }
  const parts = [omitted.length > 0 && `leave out ${either(omitted)}`, tried.length > 0 && `try ${either(tried)}`]
  return parts.filter(Boolean).join(', or ')
}

function either(items: readonly string[]): string {
  return [items.slice(0, -1).join(', '), items.at(-1)].filter(Boolean).join(' or ')
}

/** Throws when our own reasoning is wrong: a bug of ours, never the user's mistake. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${message} (this is a bug in kaiyuan; please report it)`)
}
