import { parentPort } from 'node:worker_threads'
import { invariant } from '../errors.js'
import { allRoutes } from './apis/all.js'
import { ApiError } from './http/api-error.js'
import { readBody } from './http/body.js'
import type { FromReader, ToReader } from './http/body-reader.js'

/** The file that the thread of a BodyReader runs. */
invariant(parentPort, 'this file is the beginning of a worker')
const port = parentPort
const schemas = new Map(allRoutes().map(({ method, path, body }) => [`${method} ${path}`, body]))

port.on('message', ({ id, route, bytes }: ToReader) => {
  let answer: FromReader
  try {
    const schema = schemas.get(route)
    invariant(schema, `a body of ${route}, which has none`)
    answer = { id, value: readBody(bytes, schema) }
  } catch (error) {
    answer =
      error instanceof ApiError
        ? { id, refusal: { status: error.status, message: error.message, detail: error.detail } }
        : { id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  port.postMessage(answer)
})
port.postMessage('running')
