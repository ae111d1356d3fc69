import { chatRoute } from './openai/chat.js'
import { completionRoute } from './openai/completions.js'
import { embeddingsRoute } from './openai/embeddings.js'
import { countTokensRoute, messagesRoute } from './anthropic/messages.js'
import { modelRoute, modelsRoute } from './openai/models.js'
import { ollamaRoutes } from './ollama/routes.js'
import { responseRoutes } from './responses/responses.js'
import { ResponseStore } from './responses/store.js'
import type { Route } from './route.js'
import { healthRoute, metricsRoute, readyRoute } from './probes/probes.js'
import { detokenizeRoute, tokenizeRoute, tokenizerInfoRoute } from './tokens/tokens.js'

/** Every endpoint of one server, in the order in which the documentation shows them. */
export function allRoutes(): Route[] {
  return [
    chatRoute,
    completionRoute,
    ...responseRoutes(new ResponseStore()),
    embeddingsRoute,
    modelsRoute,
    modelRoute,
    messagesRoute,
    countTokensRoute,
    ...ollamaRoutes,
    tokenizeRoute,
    detokenizeRoute,
    tokenizerInfoRoute,
    healthRoute,
    readyRoute,
    metricsRoute,
  ]
}
