import type { ChatMessage } from '../../chat/message.js'
import type { ConversationOptions, EncodeOptions, EngineLike } from '../../remote/engine-like.js'
import type { ServedModel } from '../admission/models.js'
import type { RequestScope } from '../admission/request.js'
import { badRequest } from '../http/api-error.js'

/** Characters that are made tokens for their own sake, or as many as a long context may hold: no answer's context bounds them. */
const MOST_CHARACTERS = 1_000_000
/** No text of a language has more characters in a token, on average. */
const PER_TOKEN = 8
/** Ids that are made text at once. */
const MOST_IDS = 262_144
/** Longer texts take a place among the answers, so that nobody has many of them in work. */
const LONG = 16_384
/** Ids whose texts are asked for at once, while others wait. */
const PIECE = 8192

/** The tokens of a text, for whoever has no place among the answers. @throws ApiError 400 where it is too long */
export async function tokensOf(
  model: ServedModel,
  text: string,
  options: EncodeOptions | undefined,
  param: string,
  scope: RequestScope,
): Promise<number[]> {
  checkCharacters(text.length, model.engine, param)
  return withPlace(model, text.length, scope, () => model.engine.encode(text, options))
}

/** The tokens of a conversation, likewise. @throws ApiError 400 where it is too long */
export async function tokensOfChat(
  model: ServedModel,
  messages: readonly ChatMessage[],
  options: ConversationOptions,
  param: string,
  scope: RequestScope,
): Promise<number[]> {
  const characters = messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0)
  checkCharacters(characters, model.engine, param)
  return withPlace(model, characters, scope, () => model.engine.encodeChat(messages, options))
}

/** @throws ApiError 400 for a text that takes long to be made tokens */
export function checkCharacters(characters: number, { info }: EngineLike, param: string): void {
  const most = Math.max(MOST_CHARACTERS, PER_TOKEN * info.contextLength)
  if (characters > most) throw tooLarge(param, most, 'characters', characters)
}

/** @throws ApiError 400 for more ids than are made text at once */
export function checkIds(ids: readonly number[], { info }: EngineLike, param: string): void {
  const most = Math.max(MOST_IDS, info.contextLength)
  if (ids.length > most) throw tooLarge(param, most, 'token ids', ids.length)
}

/** The text of each token. */
export async function textsOf(engine: EngineLike, ids: readonly number[]): Promise<string[]> {
  const texts: string[] = []
  for (let at = 0; at < ids.length; at += PIECE)
    for (const text of await engine.tokenTexts(ids.slice(at, at + PIECE))) texts.push(text)
  return texts
}

async function withPlace<T>(
  model: ServedModel,
  size: number,
  scope: RequestScope,
  work: () => T | Promise<T>,
): Promise<T> {
  if (size <= LONG) return work()
  const leave = await model.admission.enter(scope.client, 1, scope.signal)
  try {
    // A client that leaves keeps its place until the work that it has asked for is over.
    return await work()
  } finally {
    leave()
  }
}

function tooLarge(param: string, most: number, what: string, found: number): Error {
  const message = `${param}: expected at most ${most} ${what}, found ${found}; send it in parts`
  return badRequest(param, message, 'too_large')
}
