import type { Route } from '../route.js'
import { ollamaChatRoute, ollamaGenerateRoute } from './chat.js'
import { ollamaEmbedRoute, ollamaEmbeddingsRoute } from './embed.js'
import { ollamaPsRoute, ollamaShowRoute, ollamaTagsRoute, ollamaVersionRoute } from './models.js'

/** Ollama does not look at the type of a body, and its own examples send none that says JSON. */
export const ollamaRoutes: readonly Route[] = [
  ollamaChatRoute,
  ollamaGenerateRoute,
  ollamaEmbedRoute,
  ollamaEmbeddingsRoute,
  ollamaTagsRoute,
  ollamaShowRoute,
  ollamaPsRoute,
  ollamaVersionRoute,
].map((route: Route) => ({ ...route, anyType: true }))
