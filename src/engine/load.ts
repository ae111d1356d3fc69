import { PAGE_SIZE, type Backend, type BackendOptions, type Runner } from '../backends/backend.js'
import { beginBackend, findBackend } from '../backends/registry.js'
import type { Dialect } from '../chat/dialects/dialect.js'
import { chooseDialect } from '../chat/dialects/registry.js'
import { withTools } from '../chat/rendering/tools.js'
import { loadChatTemplate, specialTokens } from '../chat/template.js'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { ModelFiles } from '../checkpoint/files/files.js'
import { UserError } from '../errors.js'
import type { Program } from '../graph/program.js'
import { buildProgram, familyOf } from '../models/registry.js'
import type { ChatSampling } from '../models/definition.js'
import { openCheckpoint } from '../models/open.js'
import { loadTokenizer } from '../tokenizer/load.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { generationDefaults, stopIdsOf } from './answer/defaults.js'
import { draftModelOf, type DraftModelName } from './answer/drafter.js'
import { checkSameTokens, type DraftModel } from './answer/model-drafter.js'
import { Engine, type EngineInfo } from './loaded-engine.js'
import { admission } from './measure/admit.js'
import { checkOffer } from './measure/offer.js'
import { isHere, namedFiles, type FetchOptions } from './named.js'
import { countParameters } from './measure/parameters.js'
import { stepSizes } from './measure/step-sizes.js'
import { checkLoadKeys } from './checks.js'
import { checkCapabilities, checkLoadOptions, type LoadOptions } from './options.js'
import { drawToken } from './sample/choose.js'
import { ModelGrammars } from './sample/constrain.js'
import { PagePool, type CacheLimit } from './schedule/cache.js'
import { Scheduler, type SharedRunner } from './schedule/scheduler.js'
import { SlotPool } from './schedule/slots.js'

const DEFAULT_PRECISION = 'fast'
/** Bytes of cache that are kept for reuse unless asked otherwise. */
const DEFAULT_CACHE = 2 ** 30
/**
 * Loads a model, a folder in Hugging Face layout or a .gguf file: by its path (Node) or address, by its name on a hub (Node:
 * `'Qwen/Qwen3-0.6B'`, `'smollm2'`; it is fetched once and kept), by the files that a user chose in a browser, or from any other
 * set of files. `'mini'` is the small model inside of the package; a folder of that name in the current one is `'./mini'`.
 * @throws UserError with the file, the tensor, what was expected and what was found; the reason of `signal` where that ended it
 * @example
 * const engine = await loadEngine('mini')
 * const { text } = await engine.chat([{ role: 'user', content: "How many r's are in strawberry?" }]).result
 * console.log(text)
 * await engine.close()
 */
export async function loadEngine(model: ModelFiles, options: LoadOptions = {}): Promise<Engine> {
  checkLoadKeys(options)
  return loadNamed(model, options)
}

/** @param isDraft as {@link Drafts} has it */
async function loadNamed(model: ModelFiles, options: LoadOptions, isDraft = false): Promise<Engine> {
  const backend = await backendFor(options, isHere(model))
  const checkpoint = await openCheckpoint(await namedFiles(model, fetching(options)))
  try {
    return await loadOn(backend, checkpoint, options, isDraft)
  } catch (error) {
    await checkpoint.close()
    throw options.signal?.aborted ? reasonOf(options.signal) : error
  }
}

/** The small model that drafts, if one is asked for: in its own precision, with no more cache than it needs. */
async function loadDraftModel(options: LoadOptions): Promise<DraftModel | undefined> {
  const { speculate: name } = options
  const model = draftModelOf(name)
  if (model === undefined) return undefined
  const { backend, threads, force, signal, onDownload } = options
  const own = { backend, threads, force, signal, onDownload, cacheMemory: 0 }
  return { name: name as DraftModelName, engine: await loadNamed(model, own, true) }
}

function fetching(options: LoadOptions): FetchOptions {
  const { signal, onDownload } = options
  return { signal, onProgress: onDownload, admit: (offer) => checkOffer(offer, options) }
}

/** Why somebody cancelled: an AbortError where they gave no reason. */
function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new UserError(`loading was cancelled: ${String(reason)}`, 'aborted')
}

/** As {@link loadEngine}, of a checkpoint that is open. It is closed when all is loaded: its metadata may be large. */
export async function loadEngineFrom(checkpoint: Checkpoint, options: LoadOptions = {}): Promise<Engine> {
  return loadOn(await backendFor(options, false), checkpoint, options)
}

async function loadOn(
  backend: Backend,
  checkpoint: Checkpoint,
  options: LoadOptions,
  isDraft = false,
): Promise<Engine> {
  const draftModel = await loadDraftModel(options)
  try {
    return await loadModel(backend, checkpoint, options, { draftModel, isDraft })
  } catch (error) {
    await draftModel?.engine.close()
    throw error
  }
}

/** Small models are loaded first: their tokens are compared before the large one is read. */
interface Drafts {
  readonly draftModel: DraftModel | undefined
  /** Whether this is the small model itself. */
  readonly isDraft: boolean
}

async function loadModel(
  backend: Backend,
  checkpoint: Checkpoint,
  options: LoadOptions,
  { draftModel, isDraft }: Drafts,
): Promise<Engine> {
  const program = await buildProgram(checkpoint, { mtp: options.speculate === 'mtp' })
  const tokenizer = await loadTokenizer(checkpoint)
  checkVocabulary(checkpoint, program, tokenizer)
  if (draftModel) checkSameTokens({ info: { name: checkpoint.name, ...program }, tokenizer }, draftModel)
  const template = await loadChatTemplate(checkpoint)
  const generation = (await checkpoint.json('generation_config.json')) ?? {}
  const contextLength = contextOf(program, options.contextLength)
  const special = await specialTokens(checkpoint)
  checkpoint.freeTokenizer?.()
  const admit = admission(backend, program, checkpoint, options)
  const runner = await backend.load(program, checkpoint, {
    ...backendOptions(program, contextLength, options),
    admit,
  })
  const modelType = String(checkpoint.config['model_type'])
  const dialect = chooseDialect({
    template: template?.source,
    modelType,
    hasToken: (token) => tokenizer?.idOf(token) !== undefined,
    render: template?.source === undefined ? undefined : (messages, options) => template.render(messages, options),
  })
  if (dialect.derived !== undefined)
    console.warn(
      `kaiyuan: ${checkpoint.name} has calls of no known format; as its chat template writes them: ${JSON.stringify(dialect.derived)}`,
    )
  const stopIds = stopIdsOf(checkpoint.config, generation, tokenizer)
  for (const id of stopMarkerIds(dialect, tokenizer)) stopIds.add(id)
  const defaults = generationDefaults(generation, template && chatSamplingOf(checkpoint))
  const info: EngineInfo = {
    name: checkpoint.name,
    architecture: modelType,
    ...factsOf(program, runner),
    contextLength,
    precision: options.precision ?? DEFAULT_PRECISION,
    stopIds: [...stopIds],
    hasChatTemplate: template !== undefined,
    hasTokenizer: tokenizer !== undefined,
    tokenCount: tokenizer?.vocabSize,
    specialTokens: special,
    chatTemplate: template?.source,
    sampling: (template && defaults.chatSampling) ?? defaults.sampling,
    samplingSource: defaults.samplingSource,
  }
  const shared = shareRunner(runner, program.vocabSize, contextLength, cacheLimit(runner, options.cacheMemory))
  const grammars = new ModelGrammars(tokenizer, program.vocabSize, stopIds, dialect, () => shared.scheduler.active > 0)
  const given = template && withTools(template, dialect, checkpoint.name, (text) => console.warn(text))
  const own = { name: checkpoint.name, tokenizer, template: given, dialect, stopIds, grammars, isDraft }
  await checkpoint.close()
  if (options.prepareGrammars) void grammars.prepare()
  const { speculate, longPrompts } = options
  return new Engine(info, { ...own, shared, defaults, speculate, draftModel, longPrompts })
}

function backendOptions(program: Program, contextLength: number, options: LoadOptions): BackendOptions {
  const { precision = DEFAULT_PRECISION, quantize, kvCache, threads, profile, onProgress, signal } = options
  return {
    precision,
    ...stepSizes(program, contextLength, options),
    ...(quantize && { quantize }),
    ...(kvCache && { kvCache }),
    ...(threads !== undefined && { cpu: { threads } }),
    ...(profile && { profile }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    choose: drawToken,
  }
}

function factsOf(program: Program, runner: Runner) {
  const { total, active } = countParameters(program)
  return {
    vocabSize: program.vocabSize,
    layers: program.nLayers,
    parameters: total,
    activeParameters: active,
    backend: runner.backend,
    threads: runner.threads ?? 1,
    weightBytes: runner.weightBytes,
    activeWeightBytes: runner.activeWeightBytes,
  }
}

/** The backend that the options ask for; they are all checked. @param soon before it has settled */
async function backendFor(options: LoadOptions, soon: boolean): Promise<Backend> {
  checkLoadOptions(options)
  const backend = await (soon ? beginBackend : findBackend)(options.backend)
  checkCapabilities(backend, options)
  return backend
}

/** The ids of the special tokens that end an answer in this dialect. */
function stopMarkerIds(dialect: Dialect, tokenizer: Tokenizer | undefined): number[] {
  const ids = (dialect.stopMarkers ?? []).map((marker) => tokenizer?.idOf(marker))
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
  throw new UserError(`is too little: ${expected} bytes`, 'invalid_argument', {
    at: { option: 'cacheMemory', value: asked },
    remedies: [{ option: 'cacheMemory', change: 'raise' }],
  })
}

function contextOf(program: Program, asked: number | undefined): number {
  if (asked === undefined) return program.contextLength
  if (asked <= program.contextLength) return asked
  const made = `the model was made for ${program.contextLength} positions`
  throw new UserError(`: ${made}`, 'invalid_argument', {
    at: { option: 'contextLength', value: asked },
    remedies: [{ option: 'contextLength', value: program.contextLength }],
  })
}

/** What the family's lab says about its chat models. */
function chatSamplingOf({ config }: Checkpoint): ChatSampling | undefined {
  const said = familyOf(String(config['model_type']))?.chatSampling
  return typeof said === 'function' ? said(config) : said
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

/** Puts a scheduler and the pools of cache pages and slots around a runner. */
export function shareRunner(
  runner: Runner,
  vocabSize: number,
  contextLength: number,
  limit?: CacheLimit,
): SharedRunner {
  const slotLimit = { slots: limit?.slots ?? Infinity, hard: limit?.hard ?? false }
  const slots = runner.slotBytes > 0 ? new SlotPool(runner, slotLimit) : undefined
  const pool = new PagePool(runner, limit, slots)
  return { runner, scheduler: new Scheduler(runner, contextLength, vocabSize), pool, slots, vocabSize, contextLength }
}
