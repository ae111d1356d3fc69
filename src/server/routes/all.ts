import { chatRoute } from './chat.js'
import { completionRoute } from './completions.js'
import { embeddingsRoute } from './embeddings.js'
import { countTokensRoute, messagesRoute } from './messages.js'
import { modelRoute, modelsRoute } from './models.js'
import { deleteResponseRoute, responseRoute, responsesRoute } from './responses.js'
import type { Route } from './route.js'
import { healthRoute, metricsRoute, readyRoute } from './server.js'
import { detokenizeRoute, tokenizeRoute } from './tokens.js'

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
