import type { ChatMessage } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { itemsOf, messagesOfItems, shownItems } from './input.js'
import { remembered } from './remembered.js'
import type { ResponsesRequest } from './schema.js'
import type { ResponseStore, StoredResponse } from './store.js'

/** A conversation as the model gets it, and as its items. */
export interface Conversation {
  readonly messages: readonly ChatMessage[]
  readonly items: readonly Record<string, unknown>[]
  /** The answer continues with the last message. */
  readonly goesOn: boolean
}

/**
 * What a request sends, after what it continues from.
 * @param outputs of the calls that it approves, by the ids of their requests
 * @throws ApiError for what is not remembered or not known
 */
export function conversationOf(
  body: ResponsesRequest,
  scope: RequestScope,
  store: ResponseStore,
  outputs?: ReadonlyMap<string, string>,
): Conversation {
  const previous = body.previous_response_id
    ? remembered(store, scope, body.previous_response_id, 'previous_response_id')
    : undefined
  const own = itemsOf(body.input, (id) => store.item(id, scope.client))
  const messages = [...(previous?.messages ?? []), ...messagesOfItems(own, scope, outputs)]
  const items = [...itemsBefore(previous), ...shownItems(own)]
  const last = messages.at(-1)
  const goesOn = last?.role === 'assistant' && !last.tool_calls?.length && last.content !== null && own.length > 0
  return { messages, items, goesOn }
}

function itemsBefore(previous: StoredResponse | undefined): readonly Record<string, unknown>[] {
  if (!previous) return []
  const { output } = previous.body
  return [...(previous.input ?? []), ...(Array.isArray(output) ? (output as Record<string, unknown>[]) : [])]
}
