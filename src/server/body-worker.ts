import { invariant } from '../errors.js'
import { answerWork } from '../remote/node-work.js'
import { allRoutes } from './apis/all.js'
import { ApiError } from './http/api-error.js'
import type { BodyFailure, SentBody } from './http/body-reader.js'
import { readBody } from './http/body.js'

/** The file that the thread of a BodyReader runs. */
const schemas = new Map(allRoutes().map(({ method, path, body }) => [`${method} ${path}`, body]))

answerWork<SentBody, unknown, BodyFailure>(
  ({ route, bytes }) => {
    const schema = schemas.get(route)
    invariant(schema, `a body of ${route}, which has none`)
    return readBody(bytes, schema)
  },
  (error) =>
    error instanceof ApiError
      ? { refusal: { status: error.status, message: error.message, detail: error.detail } }
      : { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) },
)
