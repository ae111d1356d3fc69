import type { RequestScope } from '../../admission/request.js'
import { ApiError, badRequest } from '../../http/api-error.js'
import { eventStream } from '../../http/events.js'
import type { Call, Route } from '../route.js'
import { retold } from './retold.js'
import type { ResponseStore, StoredResponse } from './store.js'

/** What can be asked about a response that is remembered. */
export function rememberedRoutes(store: ResponseStore): Route[] {
  return [readRoute(store), deleteRoute(store), cancelRoute(store), inputItemsRoute(store)]
}

const readRoute = (store: ResponseStore): Route => ({
  method: 'GET',
  path: '/v1/responses/{id}',
  summary: 'A response that is still remembered; with ?stream=true as events, after the ?starting_after= one',
  tag: 'OpenAI',
  handle(call) {
    const { body } = asked(store, call)
    const after = lastEvent(call.query)
    return call.query?.get('stream') === 'true'
      ? eventStream(retold(body, after), () => undefined)
      : Response.json(body)
  },
})

/** The number of the last event that a client has, -1 for none. */
function lastEvent(query: URLSearchParams | undefined): number {
  const given = query?.get('starting_after') ?? undefined
  if (given === undefined) return -1
  if (!/^\d{1,9}$/.test(given))
    throw badRequest(
      'starting_after',
      'starting_after: expected the sequence_number of an event, a whole number from 0',
    )
  if (query?.get('stream') !== 'true')
    throw badRequest('starting_after', 'starting_after: expected stream=true with it')
  return Number(given)
}

const deleteRoute = (store: ResponseStore): Route => ({
  method: 'DELETE',
  path: '/v1/responses/{id}',
  summary: 'Forgets a response',
  tag: 'OpenAI',
  handle(call) {
    asked(store, call)
    const id = call.params['id'] ?? ''
    store.delete(id, call.scope.client)
    return Response.json({ id, object: 'response', deleted: true })
  },
})

/** Responses are made while the client waits, so that what is remembered has ended. */
const cancelRoute = (store: ResponseStore): Route => ({
  method: 'POST',
  path: '/v1/responses/{id}/cancel',
  summary: 'Refuses: only responses in the background could be cancelled, and a client ends its own by leaving',
  tag: 'OpenAI',
  handle(call) {
    asked(store, call)
    throw badRequest('id', 'the response has ended, so that it cannot be cancelled')
  },
})

const inputItemsRoute = (store: ResponseStore): Route => ({
  method: 'GET',
  path: '/v1/responses/{id}/input_items',
  summary: 'The items that a response was made from, the last first; ?order=asc, ?limit= and ?after= say which',
  tag: 'OpenAI',
  handle(call) {
    const { input = [] } = asked(store, call)
    const order = call.query?.get('order') ?? 'desc'
    if (order !== 'asc' && order !== 'desc') throw badRequest('order', 'order: expected asc or desc')
    const limit = Number(call.query?.get('limit') ?? 20)
    if (!Number.isInteger(limit) || limit < 1 || limit > 100)
      throw badRequest('limit', 'limit: expected a whole number from 1 to 100')
    const ordered = order === 'asc' ? input : [...input].reverse()
    const after = call.query?.get('after') ?? undefined
    const from = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1
    if (after !== undefined && from === 0) throw badRequest('after', 'after: expected the id of one of the items')
    const data = ordered.slice(from, from + limit)
    return Response.json({
      object: 'list',
      data,
      first_id: data[0]?.['id'] ?? null,
      last_id: data.at(-1)?.['id'] ?? null,
      has_more: from + limit < ordered.length,
    })
  },
})

function asked(store: ResponseStore, { scope, params }: Call<unknown>): StoredResponse {
  return remembered(store, scope, params['id'] ?? '', 'id')
}

/** @throws ApiError 404 or 400 for a response that is not remembered, or is another client's */
export function remembered(store: ResponseStore, scope: RequestScope, id: string, param: string): StoredResponse {
  const response = store.get(id, scope.client)
  if (response) return response
  const shown = JSON.stringify(id.slice(0, 100))
  const message = `response ${shown} is not remembered here (any more); send the whole conversation`
  // The codes of OpenAI's servers, by which clients know to send all of the conversation.
  if (param === 'id') throw new ApiError(404, message, { code: 'response_not_found', param })
  throw badRequest(param, message, 'previous_response_not_found')
}
