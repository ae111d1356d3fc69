import { filesOf } from '../../checkpoint/files/files.js'
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { Answering, EngineInfo, EngineLike, Generation, GenerationResult } from '../../remote/engine-like.js'
import { describeResult } from '../print/describe-result.js'
import { generateOptions, parseIds, thinkingOptions, type LoadFlags, type SamplingFlags } from '../flags.js'
import { cancelOnInterrupt, interruptible, looksLikeModel, openModel, printJson } from '../model.js'
import { printAnswer } from '../print/answer-printer.js'
import type { PromptCache } from '../prompt-cache.js'
import { localModel, modelNamed } from '../store/local-model.js'
import { composePrompt, grammarOf, toolsOf } from './input.js'

export interface RunFlags extends LoadFlags, SamplingFlags {
  readonly raw?: boolean
  readonly ids?: string
  readonly system?: string
  readonly file?: readonly string[]
  /** JSON, or a file with it. */
  readonly schema?: string
  readonly grammar?: string
  readonly tools?: string
  /** A file that keeps the session's cache. */
  readonly promptCache?: string
  readonly hideThinking?: boolean
  readonly verbose?: boolean
  readonly json?: boolean
}

/** What the arguments say: the first is a model where it looks like one, the others are the prompt. */
function argumentsOf(args: readonly string[], flags: RunFlags): { model: string | undefined; typed: string } {
  const [first = '', ...rest] = args
  const isModel = args.length > 0 && (flags.ids !== undefined || looksLikeModel(first))
  return isModel ? { model: first, typed: rest.join(' ') } : { model: undefined, typed: args.join(' ') }
}

/** @throws UserError for a name that is not there, which may have been meant as a prompt */
function checkName(model: string): void {
  try {
    modelNamed(model)
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'file_not_found') throw error
    const advice = `For a prompt, name a model first: kaiyuan run mini ${JSON.stringify(model)}`
    throw new UserError(`${error.message} ${advice}`, error.code, { cause: error })
  }
}

/** One prompt, one answer. */
export async function run(args: readonly string[], flags: RunFlags): Promise<void> {
  const { model, typed } = argumentsOf(args, flags)
  if (model !== undefined && flags.ids === undefined) checkName(model)
  const ids = flags.ids === undefined ? undefined : parseIds(flags.ids)
  refuseIdle(flags, typed)
  const prompt = ids ? '' : await composePrompt(typed, flags.file ?? [])
  if (ids === undefined && prompt === '') return withoutPrompt(model, flags)
  const asked = await askedOf(flags)
  const cache = await cacheIn(flags.promptCache)
  const signal = cancelOnInterrupt()
  const engine = await openModel(model, flags, signal)
  try {
    const session = await cache?.session(engine, (text) => process.stderr.write(`${text}\n`))
    const generation = start(engine.info, session ?? engine, { prompt, ids, flags, ...asked, signal })
    const { hasTokenizer } = engine.info
    const result = flags.json || !hasTokenizer ? await generation.result : await printAnswer(generation, flags)
    if (flags.json) printJson(result)
    else if (!hasTokenizer) process.stdout.write(`${result.ids.join(' ')}\n`)
    if (!flags.json) noteEnd(engine.info, result)
    if (flags.verbose) await tell(engine, result)
    if (result.finishReason === 'abort') throw new UserError('cancelled', 'aborted')
    if (session) await cache!.save(session)
  } finally {
    await engine.close()
  }
}

async function cacheIn(file: string | undefined): Promise<PromptCache | undefined> {
  return file === undefined ? undefined : (await import('../prompt-cache.js')).PromptCache.open(file)
}

/** Flags that need the chat template. */
const OF_TEMPLATES = ['system', 'tools', 'think'] as const satisfies readonly (keyof RunFlags)[]

/** @throws UserError for what would change nothing in the answer, which a person would not notice */
function refuseIdle(flags: RunFlags, typed: string): void {
  if (flags.ids !== undefined && (typed !== '' || flags.file))
    throw new UserError('expected either --ids or a prompt, found both', 'invalid_argument')
  const form = flags.ids !== undefined ? '--ids' : flags.raw ? '--raw' : undefined
  if (form) refuseTemplateFlags(flags, `${form} leaves out; leave out one of them`)
}

/** @throws UserError for flags of a chat template that is not there, with the reason */
function refuseTemplateFlags(flags: RunFlags, why: string): void {
  const idle = OF_TEMPLATES.find((name) => flags[name] !== undefined)
  if (idle) throw new UserError(`--${idle} belongs to the chat template, which ${why}`, 'invalid_argument')
}

/** With a model and a terminal the person wants to talk; elsewhere a model that is named is fetched at least. @throws UserError otherwise */
async function withoutPrompt(model: string | undefined, flags: RunFlags): Promise<void> {
  if (model !== undefined && process.stdin.isTTY && process.stdout.isTTY && !flags.json)
    return (await import('../chat/chat.js')).chat(model, flags)
  if (model === undefined) throw noPrompt()
  const place = await interruptible((signal) => localModel(model, flags, signal))
  if (place === model) {
    // What is read where it is has to be there, whatever else is missing.
    await filesOf(place)
    throw noPrompt()
  }
  process.stderr.write(`${model} is here, and there is no prompt: kaiyuan run ${model} "your question"\n`)
}

function noPrompt(): UserError {
  return new UserError(
    'expected a prompt, found none: kaiyuan run [MODEL] "your question" (kaiyuan chat opens a conversation)',
    'invalid_argument',
  )
}

type Asked = Pick<Parameters<EngineLike['chat']>[1] & object, 'grammar' | 'tools'>

/** Files are read before a model is loaded. */
async function askedOf({ schema, grammar, tools }: RunFlags): Promise<Asked> {
  return { grammar: await grammarOf(schema, grammar), tools: await toolsOf(tools) }
}

interface Question extends Asked {
  readonly prompt: string
  readonly ids: readonly number[] | undefined
  readonly flags: RunFlags
  readonly signal: AbortSignal
}

function start(info: EngineInfo, engine: Answering, question: Question): Generation {
  const { prompt, ids, flags, grammar, tools, signal } = question
  if (!info.hasChatTemplate) refuseTemplateFlags(flags, `${info.name} does not have; leave it out`)
  const options = { ...generateOptions(flags), grammar, promptProgress: !flags.json, signal }
  if (ids) return engine.generate(ids, options)
  if (flags.raw || !info.hasChatTemplate) return engine.complete(prompt, options)
  const system: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }]
  const messages: ChatMessage[] = [...system, { role: 'user', content: prompt }]
  return engine.chat(messages, { ...options, ...thinkingOptions(flags.think), tools })
}

/** An answer that is not whole says so, on stderr. */
function noteEnd(
  { contextLength }: EngineInfo,
  { finishReason, promptTokens, ids, text, reasoning }: GenerationResult,
): void {
  if (finishReason !== 'length') return
  const within = text === '' && reasoning !== '' ? ' within its thoughts' : ''
  const isFull = promptTokens + ids.length >= contextLength
  const more = isFull ? `the context of ${contextLength} tokens is full` : '--max-tokens allows more'
  process.stderr.write(`(cut${within} at ${ids.length} tokens: ${more})\n`)
}

/** Speed on stderr, so that the answer stays alone. */
async function tell(engine: EngineLike, result: GenerationResult): Promise<void> {
  const speed = (engine.info.activeWeightBytes * result.timings.decodeTokensPerSecond) / 1e9
  const limit = await readSpeedOf(engine)
  const share = limit === undefined ? '' : ` (${((speed * 1e11) / limit).toFixed(0)} % of this machine's read speed)`
  const read = speed > 0 ? `\nweights: ${speed.toFixed(1)} GB/s${share}` : ''
  process.stderr.write(`${describeResult(result)}${read}\n`)
}

/** Only an engine of this process can measure it. */
async function readSpeedOf(engine: EngineLike): Promise<number | undefined> {
  return 'readSpeed' in engine ? (engine as { readSpeed(): Promise<number | undefined> }).readSpeed() : undefined
}
