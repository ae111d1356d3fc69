import {
  WEIGHT_BITS,
  type Backend,
  type BackendOptions,
  type KvCache,
  type Precision,
  type WeightBits,
} from '../backends/backend.js'
import { BACKEND_NAMES, type BackendName } from '../backends/registry.js'
import type { ChatMessage, ToolDefinition } from '../chat/message.js'
import { UserError, type NamedOption, type OptionName } from '../errors.js'
import { draftModelOf, type Drafter, type Speculation } from './answer/drafter.js'
import { checkAdjustments, type Adjustments, type TokenConstraint } from './sample/adjust.js'
import type { PullProgress } from '../store/store.js'
import type { GrammarSpec } from '../grammar/spec.js'
import type { EncodeOptions } from '../tokenizer/tokenizer.js'
import { checkSampling, quoted, type Sampling } from './sample/sampler.js'

export type { LoadProgress } from '../backends/backend.js'
export { WEIGHT_BITS, type WeightBits } from '../backends/backend.js'
export { BACKEND_NAMES, type BackendName } from '../backends/registry.js'

/** How a model is loaded. */
export interface LoadOptions {
  /** exact: as the reference computes; fast (default): int8 activations, float weights may be re-blocked to int8. */
  readonly precision?: Precision | undefined
  /** Requantise float weights at load to about so many bits, to save memory (fast only). */
  readonly quantize?: WeightBits | undefined
  /**
   * How keys and values are kept in fast: f16 (default), or q8, int8 with an f16 scale for 32 columns: about half the memory. Exact
   * keeps f32.
   */
  readonly kvCache?: KvCache | undefined
  /** Threads of the cpu backend; by default one per core. */
  readonly threads?: number | undefined
  /** cpu: WebAssembly SIMD; reference: plain loops, slow, for comparisons. By default the best that the machine can run. */
  readonly backend?: BackendName | undefined
  /** Positions to allow; by default what the model was made for. */
  readonly contextLength?: number | undefined
  /** Most tokens of one step, of all sequences together; 256 by default. More makes prompts faster and takes more memory. */
  readonly stepTokens?: number | undefined
  /** The former name of {@link stepTokens}, which counts where that is not given. */
  readonly maxTokens?: number | undefined
  /** Answers that one step can continue with; more take turns. 16 by default. */
  readonly maxConcurrency?: number | undefined
  /**
   * Bytes of cache; by default running requests may take what they need and 1 GiB is kept for reuse. 0: what they need, and
   * nothing is kept.
   */
  readonly cacheMemory?: number | undefined
  /**
   * How drafts are made unless an answer says otherwise: by the model's layer for multi-token prediction (mtp), by n-gram lookup, or by
   * a small model of the same tokens (`draft:MODEL`, a path or a name), which is loaded too.
   */
  readonly speculate?: Speculation | undefined
  /**
   * Arrange the vocabulary for grammars when the model is loaded, while others run, so that the first answer with a grammar does not
   * wait for it; false by default. Servers do.
   */
  readonly prepareGrammars?: boolean | undefined
  /** Where long prompts are made, so that this thread serves others meanwhile; in this thread by default. Servers have one. */
  readonly longPrompts?: LongPrompts | undefined
  /** Load although the memory that is left seems to be too little; false by default. */
  readonly force?: boolean | undefined
  /** Time every op, for `takeProfile` of the engine. */
  readonly profile?: boolean | undefined
  readonly onProgress?: BackendOptions['onProgress'] | undefined
  /** How far the download is of a model that is named and not on this machine yet. */
  readonly onDownload?: ((progress: PullProgress) => void) | undefined
  /** Ends the load, which then rejects with the signal's reason (an AbortError by default). */
  readonly signal?: AbortSignal | undefined
}

/** How an answer is made. What is left out comes from the model's own files: see {@link EngineInfo.sampling}. */
export interface GenerateOptions {
  readonly temperature?: number | undefined
  readonly topK?: number | undefined
  readonly topP?: number | undefined
  readonly minP?: number | undefined
  readonly repetitionPenalty?: number | undefined
  /** Subtracted from a token's logit once for each time that it is in the answer. */
  readonly frequencyPenalty?: number | undefined
  /** Subtracted from the logit of each token that is in the answer. */
  readonly presencePenalty?: number | undefined
  /** Added to the logits of these token ids. */
  readonly logitBias?: ReadonlyMap<number, number> | undefined
  /**
   * Note how likely each token was, and this many of the most likely at its place. Of the model alone: before temperature,
   * penalties, bias and grammar. With it every token is asked of the model, see {@link jumpForward}.
   */
  readonly logprobs?: number | undefined
  /** What the answer has to look like, after its reasoning; see {@link GrammarSpec}. */
  readonly grammar?: GrammarSpec | undefined
  /**
   * Text that the grammar forces comes without asking the model, in the tokens that its tokenizer makes of it: true by default.
   */
  readonly jumpForward?: boolean | undefined
  /** Limits what may come next, as a grammar does; for one answer. */
  readonly constraint?: TokenConstraint | undefined
  /**
   * Draft several tokens and check them in one step: the answer is the same, and comes sooner where drafts are right.
   * By default as the model was loaded.
   */
  readonly speculate?: Speculation | Drafter | 'off' | undefined
  /** The same seed gives the same answer; by default a new one each time. */
  readonly seed?: number | undefined
  /** Most tokens to generate; by default the model's own limit, else up to the context's end. */
  readonly maxTokens?: number | undefined
  /** Text that ends the answer; it is not part of it. */
  readonly stop?: string | readonly string[] | undefined
  /** Ids that end the answer, next to the model's own. */
  readonly stopIds?: readonly number[] | undefined
  /** Tell while a long prompt is read how far it is, in pieces before the answer's: see {@link Piece}. */
  readonly promptProgress?: boolean | undefined
  /** Fail where the prompt fills the context, in place of an empty answer that ends with length. */
  readonly mustAnswer?: boolean | undefined
  /** Continue after the model's stop ids. */
  readonly ignoreEos?: boolean | undefined
  /**
   * Whose call it is: what the cache holds is found only by calls of the same salt, so that nobody learns from counts or times what
   * others have asked. Empty by default.
   */
  readonly cacheSalt?: string | undefined
  /** Ends the answer after the current step: its result is what came so far, with finishReason 'abort'. */
  readonly signal?: AbortSignal | undefined
}

/** A chat template's further inputs. */
export interface ChatOptions extends GenerateOptions {
  /** Functions that the model may call; the calls come as parts of the answer. */
  readonly tools?: readonly ToolDefinition[] | undefined
  /**
   * Give the arguments of calls in pieces while they are written, as parts before each call; a call that is cut off is in the result's
   * `partialCall`. By default calls come whole, and what is cut off is text.
   */
  readonly callPieces?: boolean | undefined
  /** Template variables such as enable_thinking. */
  readonly templateOptions?: Record<string, unknown> | undefined
  /** The answer continues with the last message, which is the assistant's, and does not repeat it. */
  readonly continueFinalMessage?: boolean | undefined
  /** False: the prompt ends with the last message, without the beginning of an answer. */
  readonly addGenerationPrompt?: boolean | undefined
}

/** What decides about the prompt of a conversation. */
export type PromptOptions = Pick<
  ChatOptions,
  'tools' | 'templateOptions' | 'continueFinalMessage' | 'addGenerationPrompt'
>

/** A prompt as text and as ids. */
export interface MadePrompt {
  readonly text: string
  readonly ids: readonly number[]
}

/** Makes prompts somewhere else, so that this thread serves others meanwhile. */
export interface LongPrompts {
  /** @throws UserError as the engine does in its own thread */
  chat(messages: readonly ChatMessage[], options: PromptOptions, signal?: AbortSignal): Promise<MadePrompt>
  /** @throws UserError likewise */
  encode(text: string, options: EncodeOptions, signal?: AbortSignal): Promise<readonly number[]>
}

/** What the model's own files say about generating. */
export interface GenerationDefaults {
  readonly sampling: Sampling
  /** Of chats, where it is another one. */
  readonly chatSampling?: Sampling | undefined
  /** Who says how chats are sampled: the model's files, its family, or nobody. */
  readonly samplingSource: SamplingSource
  readonly maxTokens?: number | undefined
}

/** model: by its own files. family: by what its lab publishes of other models of the family. default: nobody says. */
export type SamplingSource = 'model' | 'family' | 'default'

export interface ResolvedOptions {
  readonly sampling: Sampling
  readonly seed: number
  readonly maxTokens: number
  readonly stop: readonly string[]
  readonly stopIds: readonly number[] | undefined
  readonly ignoreEos: boolean
  readonly adjustments: Adjustments
  readonly logprobs: number | undefined
  readonly constraint: TokenConstraint | undefined
  readonly jumpForward: boolean
  readonly speculate: Speculation | Drafter | 'off' | undefined
}

/** Fills in the defaults and checks every number. @throws UserError invalid_argument. */
export function resolveOptions(options: GenerateOptions, defaults: GenerationDefaults): ResolvedOptions {
  const own = defaults.sampling
  const narrows = options.topK !== undefined || options.topP !== undefined || options.minP !== undefined
  const sampling: Sampling = {
    // Asking for top-k, top-p or min-p asks for sampling, even of a model whose default is greedy.
    temperature: options.temperature ?? (narrows && own.temperature === 0 ? 1 : own.temperature),
    topK: options.topK ?? own.topK,
    topP: options.topP ?? own.topP,
    minP: options.minP ?? own.minP,
    repetitionPenalty: options.repetitionPenalty ?? own.repetitionPenalty,
  }
  checkSampling(sampling)
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  if (!Number.isSafeInteger(seed)) {
    throw new UserError(`must be a whole number; found ${quoted(seed)}`, 'invalid_argument', {
      at: { option: 'seed' },
    })
  }
  const maxTokens = options.maxTokens ?? defaults.maxTokens ?? Infinity
  if (maxTokens !== Infinity && (!Number.isSafeInteger(maxTokens) || maxTokens < 1)) {
    throw new UserError(`must be a whole number of at least 1; found ${quoted(maxTokens)}`, 'invalid_argument', {
      at: { option: 'maxTokens' },
    })
  }
  const stop = options.stop === undefined ? [] : typeof options.stop === 'string' ? [options.stop] : options.stop
  if (!Array.isArray(stop) || stop.some((text) => typeof text !== 'string')) {
    const found = JSON.stringify(options.stop)
    throw new UserError(`: expected a text, or an array of texts; found ${found}`, 'invalid_argument', {
      at: { option: 'stop' },
    })
  }
  const adjustments = {
    frequencyPenalty: options.frequencyPenalty ?? 0,
    presencePenalty: options.presencePenalty ?? 0,
    logitBias: options.logitBias ?? new Map<number, number>(),
  }
  checkAdjustments(adjustments)
  const { logprobs, constraint, jumpForward = true, ignoreEos = false, speculate, stopIds } = options
  checkSpeculate(speculate)
  if (logprobs !== undefined && (!Number.isSafeInteger(logprobs) || logprobs < 0)) {
    throw new UserError(`must be a whole number of at least 0; found ${quoted(logprobs)}`, 'invalid_argument', {
      at: { option: 'logprobs' },
    })
  }
  const end = { stop, stopIds, ignoreEos, maxTokens }
  return { sampling, seed, ...end, adjustments, logprobs, constraint, jumpForward, speculate }
}

/**
 * Values also come from a command line and from JavaScript, so types alone do not protect.
 * @throws UserError invalid_argument.
 */
export function checkLoadOptions(options: LoadOptions): void {
  oneOf('precision', options.precision, ['exact', 'fast'])
  oneOf('quantize', options.quantize, WEIGHT_BITS)
  oneOf('kvCache', options.kvCache, ['f16', 'q8'])
  oneOf('backend', options.backend, BACKEND_NAMES)
  if (!draftModelOf(options.speculate)) oneOf('speculate', options.speculate, ['mtp', 'ngram', 'draft:MODEL'])
  atLeastOne('threads', options.threads, 256)
  atLeastOne('contextLength', options.contextLength, Number.MAX_SAFE_INTEGER)
  atLeastOne('stepTokens', options.stepTokens, 2 ** 16)
  atLeastOne('maxTokens', options.maxTokens, 2 ** 16)
  atLeastOne('maxConcurrency', options.maxConcurrency, 2 ** 12)
  if (options.cacheMemory !== 0) atLeastOne('cacheMemory', options.cacheMemory, Number.MAX_SAFE_INTEGER)
  checkRounding(options)
}

type Rounding = Pick<LoadOptions, 'quantize' | 'kvCache' | 'precision'>

/** @throws UserError where rounding is asked for, of weights or of keys and values, that the precision forbids. */
export function checkRounding({ quantize, kvCache, precision }: Rounding): void {
  if (precision !== 'exact') return
  if (quantize)
    throw refused({ option: 'quantize', value: quantize }, 'changes the weights, which the exact precision keeps')
  if (kvCache)
    throw refused(
      { option: 'kvCache', value: kvCache },
      'rounds keys and values, which the exact precision keeps in f32',
    )
}

/** @throws UserError where a backend cannot do what is asked for. */
export function checkCapabilities(
  { name, capabilities }: Pick<Backend, 'name' | 'capabilities'>,
  { precision, kvCache, speculate, profile }: Pick<LoadOptions, 'precision' | 'kvCache' | 'speculate' | 'profile'>,
): void {
  const { exact, kvCaches, draft } = capabilities
  if (kvCache && !kvCaches.includes(kvCache)) {
    const kept = kvCaches.length > 0 ? kvCaches.join(' or ') : 'f32'
    const why = `rounds keys and values, which the ${name} backend keeps in ${kept}`
    throw refused({ option: 'kvCache', value: kvCache }, why, 'backend')
  }
  const lacks = `is more than the ${name} backend can do`
  if (precision === 'exact' && !exact) throw refused({ option: 'precision', value: precision }, lacks, 'backend')
  if (speculate === 'mtp' && !draft) throw refused({ option: 'speculate', value: speculate }, lacks, 'backend')
  if (profile && !capabilities.profile) throw refused({ option: 'profile' }, lacks, 'backend')
}

/** Two options that do not go together. */
function refused(at: NamedOption, why: string, other: OptionName = 'precision'): UserError {
  return new UserError(why, 'invalid_argument', {
    at,
    remedies: [
      { option: at.option, change: 'omit' },
      { option: other, change: 'omit' },
    ],
  })
}

/** @throws UserError invalid_argument. */
export function checkSpeculate(value: unknown): void {
  if (value === undefined || value === 'mtp' || value === 'ngram' || value === 'off') return
  if (draftModelOf(value) || (typeof value === 'object' && value !== null && 'draft' in value)) return
  throw new UserError(`must be mtp, ngram, draft:MODEL or off; found ${JSON.stringify(value)}`, 'invalid_argument', {
    at: { option: 'speculate' },
  })
}

function oneOf(option: OptionName, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return
  throw new UserError(`must be ${allowed.join(' or ')}; found ${value}`, 'invalid_argument', { at: { option } })
}

function atLeastOne(option: OptionName, value: number | undefined, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most)) return
  const upTo = most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''
  throw new UserError(`must be a whole number from 1${upTo}; found ${quoted(value)}`, 'invalid_argument', {
    at: { option },
  })
}
