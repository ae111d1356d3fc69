import { z } from 'zod'
import type { Route } from '../route.js'

type Json = Record<string, unknown>

/** The description of all endpoints in OpenAPI 3.1, from the schemas that check the requests. */
export function openApi(routes: readonly Route[], version: string): Json {
  const schemas: Json = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const item = (paths[route.path] ??= {})
    item[route.method.toLowerCase()] = operation(route, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'kaiyuan',
      version,
      description: 'Open language models behind the APIs of OpenAI, Anthropic and Ollama.',
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  }
}

function operation(route: Route, schemas: Json): Json {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  return {
    summary: route.summary,
    tags: [route.tag],
    ...(!route.open && { security: [{ bearer: [] }, { apiKey: [] }] }),
    ...(names.length > 0 && {
      parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    }),
    ...(route.body && {
      requestBody: { required: true, content: { 'application/json': { schema: reference(route.body, schemas) } } },
    }),
    responses: {
      '200': { description: 'The answer; as a stream, server-sent events, or for Ollama lines of JSON.' },
      '4XX': { description: 'What is wrong with the request, in the error form of the API.' },
      '5XX': { description: 'What the server could not do; Retry-After says when to try again.' },
    },
  }
}

function reference(body: z.ZodType, schemas: Json): Json {
  const schema = z.toJSONSchema(body, { io: 'input' }) as Json
  const name = String(schema['title'])
  delete schema['$schema']
  schemas[name] = schema
  return { $ref: `#/components/schemas/${name}` }
}
