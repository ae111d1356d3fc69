/** What a server says of a text: likelihoods of its tokens, and greedy answers to parts of it. Asked once, for all that is measured. */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { EngineLike } from '../../remote/engine-like.js'
import { firstChoice, RefusedRequest, ServerApi, type ServedModel } from '../subject/api.js'
import { chatPlaces, completionPlaces, TokenNames, type ListedPlace } from './listed.js'
import { GREEDY_TOKENS, greedyPrompts } from './greedy.js'

/** Places in a row, after tokens that are given. */
export interface ListedText {
  readonly before: readonly number[]
  readonly ids: readonly number[]
  readonly places: readonly ListedPlace[]
}

export interface GreedyAnswer {
  readonly prompt: readonly number[]
  readonly text: string
}

export interface ServedReference {
  readonly names: TokenNames
  readonly texts: readonly ListedText[]
  readonly answers: readonly GreedyAnswer[]
  /** Whose tokens the places are: those of the text, or of the server's own greedy answers where it says nothing of a prompt. */
  readonly places: 'text' | 'answers' | 'none'
  /** Why there is less than there could be. */
  readonly missing: readonly string[]
}

export interface ServedOptions {
  /** Tokens that a window has. */
  readonly window: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Likeliest tokens that are asked for; servers that list fewer say so, or refuse and are asked for the second number. */
const TOP = [20, 5]
/** A text's tokens that a server may name in another way, such as bytes, before they count as others. */
const STRANGE_SHARE = 0.1

/** @throws UserError for what no fidelity can be told of: no address, no answers, another vocabulary */
export async function askServer(
  served: ServedModel,
  engine: EngineLike,
  ids: readonly number[],
  options: ServedOptions,
): Promise<ServedReference> {
  const api = new ServerApi(served)
  const asking: Asking = { api, model: await api.model(), engine, names: await namesOf(engine), options }
  const missing: string[] = []
  const texts = await withReason(missing, () => windowsOf(asking, ids))
  const answers = await withReason(missing, () => completionAnswers(asking, ids))
  const found = answers ?? (await withReason(missing, () => chatAnswers(asking, ids)))
  if (!texts && !found) throw new UserError(`${api.base}: ${missing.join('; ')}`, 'unsupported_platform')
  const listed = texts ?? (found ?? []).flatMap(({ listed: one }) => (one && one.ids.length > 0 ? [one] : []))
  if (!texts && listed.length === 0) missing.push('it gives no likelihoods of its answers either (logprobs)')
  return {
    names: asking.names,
    texts: listed,
    answers: found ?? [],
    places: texts ? 'text' : listed.length > 0 ? 'answers' : 'none',
    missing,
  }
}

interface Asking {
  readonly api: ServerApi
  readonly model: string
  readonly engine: EngineLike
  readonly names: TokenNames
  readonly options: ServedOptions
}

async function namesOf(engine: EngineLike): Promise<TokenNames> {
  return new TokenNames(await engine.tokenTexts(Array.from({ length: engine.info.vocabSize }, (_, id) => id)))
}

/** What a server does not give is left out with the reason; that nobody answers, or that it is another model, ends all. */
async function withReason<T>(missing: string[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    const isRefused = error instanceof RefusedRequest && error.status < 500
    if (!isRefused && !(error instanceof UserError && error.code === 'unsupported_platform')) throw error
    missing.push(error.message)
    return undefined
  }
}

/** The text's windows with the likelihoods of all their tokens but the first. */
async function windowsOf(asking: Asking, ids: readonly number[]): Promise<ListedText[]> {
  const { options } = asking
  const found: ListedText[] = []
  for (let from = 0; from < ids.length - 1; from += options.window) {
    const part = ids.slice(from, from + options.window)
    if (part.length < 2) break
    const body = { prompt: part, max_tokens: 1, temperature: 0, echo: true }
    const { logprobs } = firstChoice(await listing(asking, '/v1/completions', (top) => ({ ...body, logprobs: top })))
    const places = completionPlaces(logprobs)?.slice(0, part.length)
    if (places?.length !== part.length || places[1]!.top.length === 0)
      throw new UserError('it gives no likelihoods of a prompt (echo with logprobs)', 'unsupported_platform')
    checkNames(asking.names, part, places)
    found.push({ before: part.slice(0, 1), ids: part.slice(1), places: places.slice(1) })
    options.onProgress?.(from + part.length - 1, ids.length - 1)
  }
  return found
}

/** @throws UserError where a server calls the tokens otherwise: it has another vocabulary, or it read the prompt in another way */
function checkNames(names: TokenNames, ids: readonly number[], places: readonly ListedPlace[]): void {
  const told = ids.flatMap((id, i) => {
    const [own, other] = [names.texts[id] ?? '', places[i]!.text]
    // The first may be a mark; parts of letters have names of many kinds.
    return i === 0 || own.includes('\uFFFD') || other === '' ? [] : [{ own, other }]
  })
  const strange = told.filter(({ own, other }) => own !== other)
  if (strange.length <= told.length * STRANGE_SHARE) return
  const { own, other } = strange[0]!
  throw new UserError(
    `the server's tokens are others: ${JSON.stringify(other)}, here ${JSON.stringify(own)}. Both have to be forms of one model.`,
    'invalid_argument',
  )
}

interface FoundAnswer extends GreedyAnswer {
  readonly listed: ListedText | undefined
}

/** Greedy answers to beginnings of parts of the text. */
async function completionAnswers(asking: Asking, ids: readonly number[]): Promise<FoundAnswer[]> {
  return each(greedyPrompts(ids), async (prompt) => {
    const body = { prompt, max_tokens: GREEDY_TOKENS, temperature: 0 }
    const choice = firstChoice(await listing(asking, '/v1/completions', (top) => ({ ...body, logprobs: top })))
    return answerOf(asking, prompt, choice['text'], completionPlaces(choice['logprobs']))
  })
}

/** Of a server that knows conversations alone: each part is what a user says, by the templates of both sides. */
async function chatAnswers(asking: Asking, ids: readonly number[]): Promise<FoundAnswer[]> {
  const { engine } = asking
  return each(greedyPrompts(ids), async (part) => {
    const messages = [{ role: 'user' as const, content: await engine.decode(part) }]
    const body = { messages, max_tokens: GREEDY_TOKENS, temperature: 0, logprobs: true }
    const choice = firstChoice(await listing(asking, '/v1/chat/completions', (top) => ({ ...body, top_logprobs: top })))
    const { content } = choice['message'] as JsonObject
    return answerOf(asking, await engine.encodeChat(messages), content, chatPlaces(choice['logprobs']))
  })
}

/** Tokens whose texts say which they are, up to the first that does not. */
function answerOf(
  { names }: Asking,
  prompt: readonly number[],
  text: unknown,
  places: readonly ListedPlace[] = [],
): FoundAnswer {
  const ids = places.map(({ text: token, top }) => (top.length === 0 ? undefined : names.idOf(token)))
  const unknown = ids.indexOf(undefined)
  const known = ids.slice(0, unknown < 0 ? ids.length : unknown).filter((id) => id !== undefined)
  const listed = { before: prompt, ids: known, places: places.slice(0, known.length) }
  return { prompt, text: typeof text === 'string' ? text : '', listed: places.length > 0 ? listed : undefined }
}

/** With as many of the likeliest tokens as the server lists; without any, where it takes no such request. */
async function listing(
  { api, model, options }: Asking,
  path: string,
  body: (top: number | undefined) => object,
): Promise<JsonObject> {
  let last: unknown
  for (const top of [...TOP, undefined]) {
    try {
      return await api.post(path, { model, ...body(top) }, options.signal)
    } catch (error) {
      if (!(error instanceof RefusedRequest) || (error.status !== 400 && error.status !== 422)) throw error
      last ??= error
    }
  }
  throw last
}

async function each<T, U>(values: readonly T[], of: (value: T) => Promise<U>): Promise<U[]> {
  const found: U[] = []
  for (const value of values) found.push(await of(value))
  return found
}
