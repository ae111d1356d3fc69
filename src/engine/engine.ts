import { PAGE_SIZE, type Backend, type OpTimes, type Precision, type Runner } from '../backends/backend.js'
import type { Dialect } from '../chat/dialects/dialect.js'
import { chooseDialect } from '../chat/dialects/registry.js'
import type { ChatMessage } from '../chat/message.js'
import { loadChatTemplate, type ChatTemplate } from '../chat/template.js'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { filesOf, type ModelFiles } from '../checkpoint/files/files.js'
import { openCheckpoint } from '../published/open.js'
import { UserError } from '../errors.js'
import type { Program } from '../graph/program.js'
import { buildProgram } from '../models/registry.js'
import { loadTokenizer } from '../tokenizer/load.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import type { CacheLimit } from './schedule/cache.js'
import { ModelGrammars } from './sample/constrain.js'
import { generationDefaults, readGenerationConfig, stopIdsOf } from './answer/defaults.js'
import { embeddingOf, type Pooling } from './measure/embed.js'
import type { Generation } from './answer/generation.js'
import type { ChatOptions, GenerateOptions, LoadOptions } from './options.js'
import { checkKvCache } from './options.js'
import type { TokenChoice } from './sample/likelihood.js'
import { countParameters } from './measure/parameters.js'
import type { StepReport } from './schedule/scheduler.js'
import {
  allLogits,
  likelihoodsOf,
  logitRows,
  perplexityOf,
  type LogitRows,
  type PerplexityOptions,
  type PerplexityResult,
} from './measure/score.js'
import { Session, renderChat, requireTokenizer, type SessionModel } from './answer/session.js'
import { shareRunner } from './schedule/timeline.js'

/** Tokens of a prompt that one step takes unless asked otherwise. */
const DEFAULT_STEP_TOKENS = 256
/** Answers that one step goes on with unless asked otherwise. */
const DEFAULT_CONCURRENCY = 16
/** Bytes of cache that are kept for reuse unless asked otherwise. */
const DEFAULT_CACHE = 2 ** 30
/** Rows of logits are kept below 4 M floats (16 MB), whatever the vocabulary. */
const MAX_LOGITS = 4 * 2 ** 20

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
}

/** How busy an engine is. */
export interface EngineLoad {
  /** Requests that wait for a step or are in one. */
  readonly active: number
  readonly pages: number
  readonly freePages: number
  readonly pageBytes: number
}

/** A loaded model. Its calls may run side by side and share their steps and their cache. Close it when it is done. */
export class Engine {
  private readonly sessions = new Set<Session>()
  private closing: Promise<void> | undefined

  constructor(
    readonly info: EngineInfo,
    private readonly model: SessionModel,
  ) {}

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

  /** The answer to a conversation. For several turns use a {@link session}, which keeps what it has computed. */
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Generation {
    return this.once((session) => session.chat(messages, options))
  }

  /** Goes on with `prompt` as it is, without a template. */
  complete(prompt: string, options: GenerateOptions = {}): Generation {
    return this.once((session) => session.complete(prompt, options))
  }

  /** Goes on with token ids. */
  generate(ids: readonly number[], options: GenerateOptions = {}): Generation {
    return this.once((session) => session.generate(ids, options))
  }

  /** A timeline that keeps its cache from call to call. */
  session(): Session {
    if (this.closing) throw new UserError('the engine is closed; load the model again', 'invalid_argument')
    const session = new Session(this.model)
    this.sessions.add(session)
    return session
  }

  /** Token ids of a text that is not a chat, with the special tokens that the tokenizer adds. */
  encode(text: string, { addSpecial = true }: { addSpecial?: boolean } = {}): number[] {
    return requireTokenizer(this.model).encode(text, { addSpecial, parseSpecial: true })
  }

  /** Token ids of a conversation, as {@link chat} gives them to the model. */
  encodeChat(messages: readonly ChatMessage[], options: Pick<ChatOptions, 'tools' | 'templateOptions'> = {}): number[] {
    return renderChat(this.model, messages, options).ids
  }

  /** Text of token ids, without special tokens. */
  decode(ids: readonly number[]): string {
    return requireTokenizer(this.model).decode(ids)
  }

  /** Logits [T, V] of every position. @throws UserError when they exceed 1 GiB; then use {@link logitRows}. */
  logits(ids: readonly number[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    return allLogits(this.model.shared, ids, options.signal)
  }

  /** Logits of every position, a few rows at a time. */
  logitRows(
    ids: readonly number[],
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<LogitRows, void, undefined> {
    return logitRows(this.model.shared, ids, options.signal)
  }

  /** How likely each of `ids` but the first is behind those before it, with `top` likelier ones at each place. */
  likelihoods(ids: readonly number[], top: number, signal?: AbortSignal): Promise<TokenChoice[]> {
    return likelihoodsOf(this.model.shared, ids, top, signal)
  }

  /** A vector [D] of length 1 for a text: the model's states after the final norm. */
  embed(ids: readonly number[], pooling: Pooling = 'last', signal?: AbortSignal): Promise<Float32Array> {
    return embeddingOf(this.model.shared, ids, pooling, signal)
  }

  perplexity(ids: readonly number[], options: PerplexityOptions = {}): Promise<PerplexityResult> {
    return perplexityOf(this.model.shared, ids, options)
  }

  /**
   * Bytes per second at which the backend's threads read the weights and do nothing else, which is the limit of decoding;
   * undefined where the weights fit into a cache, or for the reference backend.
   */
  readSpeed(): Promise<number | undefined> {
    const { runner, scheduler } = this.model.shared
    if (runner.weightBytes < BEYOND_CACHES) return Promise.resolve(undefined)
    return scheduler.between(async () => runner.readSpeed?.())
  }

  /** What is being computed, and the cache's pages: those that exist, and those that no request uses now. */
  get load(): EngineLoad {
    const { scheduler, pool, runner } = this.model.shared
    return { active: scheduler.active, pages: pool.size, freePages: pool.freeCount, pageBytes: runner.pageBytes }
  }

  /** Calls `listener` after every step. */
  observeSteps(listener: (report: StepReport) => void): void {
    this.model.shared.scheduler.onStep = listener
  }

  /** Where the time of the steps since the last call went; empty unless the model was loaded with `profile` on the cpu backend. */
  takeProfile(): OpTimes[] {
    return this.model.shared.runner.takeProfile?.() ?? []
  }

  /** Cancels what runs and frees the weights. */
  close(): Promise<void> {
    this.closing ??= this.release()
    return this.closing
  }

  private async release(): Promise<void> {
    await Promise.all([...this.sessions].map((session) => session.close()))
    await this.model.shared.scheduler.idle()
    await this.model.shared.runner.close()
  }

  private once(start: (session: Session) => Generation): Generation {
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

/**
 * Loads a model, a folder in Hugging Face layout or a .gguf file: by its path (Node) or address, by the files that a user
 * chose in a browser, or from any other set of files.
 * @throws UserError with the file, the tensor, what was expected and what was found
 */
export async function loadEngine(model: ModelFiles, options: LoadOptions = {}): Promise<Engine> {
  checkLoadOptions(options)
  const checkpoint = await openCheckpoint(await filesOf(model))
  try {
    return await loadEngineFrom(checkpoint, options)
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

/** As {@link loadEngine}, of a checkpoint that is open. It is closed when all is loaded: its metadata may be large. */
export async function loadEngineFrom(checkpoint: Checkpoint, options: LoadOptions = {}): Promise<Engine> {
  checkLoadOptions(options)
  const program = await buildProgram(checkpoint, { mtp: options.speculate === 'mtp' })
  checkSpeculation(program, options)
  const tokenizer = await loadTokenizer(checkpoint)
  checkVocabulary(checkpoint, program, tokenizer)
  const template = await loadChatTemplate(checkpoint)
  const generation = await readGenerationConfig(checkpoint)
  const contextLength = contextOf(program, options.contextLength)
  const { backend, precision = 'fast', quantize, kvCache, threads, profile, onProgress, signal } = options
  const maxConcurrency = options.maxConcurrency ?? DEFAULT_CONCURRENCY
  const stepTokens = Math.min(options.stepTokens ?? DEFAULT_STEP_TOKENS, contextLength)
  const runner = await (
    await loadBackend(backend ?? 'cpu')
  ).load(program, checkpoint, {
    precision,
    stepTokens,
    maxLogitRows: Math.min(stepTokens, Math.max(maxConcurrency, Math.floor(MAX_LOGITS / program.vocabSize))),
    ...(quantize && { quantize }),
    ...(kvCache && { kvCache }),
    ...(threads !== undefined && { threads }),
    ...(profile && { profile }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  })
  const dialect = chooseDialect({
    template: template?.source,
    modelType: String(checkpoint.config['model_type']),
    hasToken: (token) => tokenizer?.idOf(token) !== undefined,
  })
  const stopIds = stopIdsOf(checkpoint.config, generation, tokenizer)
  for (const id of endIds(dialect, tokenizer)) stopIds.add(id)
  const parameters = countParameters(program)
  const info: EngineInfo = {
    name: checkpoint.name,
    architecture: String(checkpoint.config['model_type']),
    vocabSize: program.vocabSize,
    contextLength,
    layers: program.nLayers,
    parameters: parameters.total,
    activeParameters: parameters.active,
    backend: runner.backend,
    threads: runner.threads ?? 1,
    precision,
    weightBytes: runner.weightBytes,
    activeWeightBytes: runner.activeWeightBytes,
    stopIds: [...stopIds],
    hasChatTemplate: template !== undefined,
  }
  const shared = shareRunner(runner, program.vocabSize, contextLength, cacheLimit(runner, options.cacheMemory))
  const defaults = generationDefaults(generation)
  const { speculate } = options
  const grammars = new ModelGrammars(tokenizer, program.vocabSize, stopIds, dialect)
  const own = { name: checkpoint.name, tokenizer, template, dialect, stopIds, grammars }
  const model = { ...own, shared, defaults, speculate }
  await checkpoint.close()
  return new Engine(info, model)
}

/** The ids of the special tokens that end an answer in this dialect. */
function endIds(dialect: Dialect, tokenizer: Tokenizer | undefined): number[] {
  const ids = (dialect.endMarkers ?? []).map((marker) => tokenizer?.idOf(marker))
  return ids.filter((id) => id !== undefined)
}

/**
 * In pages and slots, which share the bytes. A limit that was asked for holds for running requests too, but one page and
 * one slot there must be; 0 keeps nothing for reuse.
 */
function cacheLimit(runner: Runner, asked: number | undefined): CacheLimit {
  const { pageBytes, slotBytes } = runner
  const bytes = asked ?? DEFAULT_CACHE
  const slots = slotBytes > 0 ? Math.max(1, Math.floor(bytes / 2 / slotBytes)) : 0
  const pages = Math.floor((bytes - slots * slotBytes) / Math.max(1, pageBytes))
  if (pages >= 1) return { pages, slots, hard: asked !== undefined && asked > 0 }
  // What one sequence needs is more than is kept.
  if (asked === undefined || asked === 0) return { pages: 1, slots, hard: false }
  const states = slotBytes > 0 ? ` and the recurrent states of a sequence take ${slotBytes}` : ''
  const expected = `one page of the cache, ${PAGE_SIZE} tokens, takes ${pageBytes}${states}`
  throw new UserError(`cacheMemory of ${asked} bytes: ${expected}; ask for more`, 'invalid_argument')
}

/** Backends are loaded when they are needed: nobody waits for the one that is not used. */
async function loadBackend(name: 'cpu' | 'reference'): Promise<Backend> {
  if (name === 'reference') return (await import('../backends/reference/reference.js')).referenceBackend
  return (await import('../backends/cpu/cpu.js')).cpuBackend
}

/** Better now than at the first answer. */
function checkSpeculation({ recurrents }: Program, { speculate }: LoadOptions): void {
  if (speculate === undefined || recurrents.length === 0) return
  throw new UserError(
    `speculate ${speculate}: the model has recurrent layers, whose states cannot go back behind a wrong guess; leave it out`,
    'invalid_argument',
  )
}

function contextOf(program: Program, asked: number | undefined): number {
  if (asked === undefined) return program.contextLength
  if (asked <= program.contextLength) return asked
  const made = `the model was made for ${program.contextLength} positions`
  throw new UserError(`contextLength ${asked}: ${made}; ask for at most that`, 'invalid_argument')
}

/** A tokenizer that makes ids which the embedding does not have belongs to another model. */
function checkVocabulary(checkpoint: Checkpoint, program: Program, tokenizer: Tokenizer | undefined): void {
  if (!tokenizer || tokenizer.vocabSize <= program.vocabSize) return
  const found = `the tokenizer has ${tokenizer.vocabSize} tokens, but the embedding has ${program.vocabSize} rows`
  throw new UserError(
    `${checkpoint.name}: ${found}; use the tokenizer that belongs to these weights`,
    'invalid_tokenizer',
  )
}

/** Values also come from a command line and from JavaScript, so types alone do not protect. */
function checkLoadOptions(options: LoadOptions): void {
  oneOf('precision', options.precision, ['exact', 'fast'])
  oneOf('quantize', options.quantize, ['q8', 'q4'])
  oneOf('kvCache', options.kvCache, ['f16', 'q8'])
  oneOf('backend', options.backend, ['cpu', 'reference'])
  oneOf('speculate', options.speculate, ['mtp', 'ngram'])
  atLeastOne('threads', options.threads, 256)
  atLeastOne('contextLength', options.contextLength, Number.MAX_SAFE_INTEGER)
  atLeastOne('stepTokens', options.stepTokens, 2 ** 16)
  atLeastOne('maxConcurrency', options.maxConcurrency, 2 ** 12)
  if (options.cacheMemory !== 0) atLeastOne('cacheMemory', options.cacheMemory, Number.MAX_SAFE_INTEGER)
  checkKvCache(options)
  if (options.quantize && options.precision === 'exact') {
    throw new UserError(
      'quantize changes the weights, which precision exact forbids; leave one out',
      'invalid_argument',
    )
  }
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return
  throw new UserError(`${name} must be ${allowed.join(' or ')}; found ${value}`, 'invalid_argument')
}

function atLeastOne(name: string, value: number | undefined, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most)) return
  const upTo = most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''
  throw new UserError(`${name} must be a whole number from 1${upTo}; found ${value}`, 'invalid_argument')
}
