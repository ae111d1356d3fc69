import { chatRoute } from './openai/chat.js'
import { completionRoute } from './openai/completions.js'
import { embeddingsRoute } from './openai/embeddings.js'
import { countTokensRoute, messagesRoute } from './anthropic/messages.js'
import { modelRoute, modelsRoute } from './openai/models.js'
import { deleteResponseRoute, responseRoute, responsesRoute } from './responses/responses.js'
import type { Route } from './route.js'
import { healthRoute, metricsRoute, readyRoute } from '../http/probes.js'
import { detokenizeRoute, tokenizeRoute } from './tokens/tokens.js'

/** Every endpoint, in the order in which the documentation shows them. */
export const routes: readonly Route[] = [
  chatRoute,
  completionRoute,
  responsesRoute,
  responseRoute,
  deleteResponseRoute,
  embeddingsRoute,
  modelsRoute,
  modelRoute,
  messagesRoute,
  countTokensRoute,
  tokenizeRoute,
  detokenizeRoute,
  healthRoute,
  readyRoute,
  metricsRoute,
]
