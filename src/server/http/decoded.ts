import { ApiError } from './api-error.js'

/** Encodings of bodies, by the names of the header content-encoding. */
const FORMATS: Readonly<Record<string, 'gzip' | 'deflate'>> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate' }

/**
 * The bytes of a body as they were before the client packed them. They come in pieces, so that whoever counts them can stop. What
 * is not packed as its header says fails with an ApiError 400.
 * @throws ApiError 415 for an encoding that is not known
 */
export function decodedBody(request: Request): ReadableStream<Uint8Array> | null {
  const { body } = request
  const encoding = (request.headers.get('content-encoding') ?? 'identity').trim().toLowerCase()
  if (!body || encoding === 'identity' || encoding === '') return body
  const format = Object.hasOwn(FORMATS, encoding) ? FORMATS[encoding] : undefined
  if (format) return unpacked(body, format)
  const message = `content-encoding: expected gzip, deflate or none, found ${encoding.slice(0, 40)}`
  throw new ApiError(415, message, { code: 'unsupported_encoding' })
}

function unpacked(body: ReadableStream<Uint8Array>, format: 'gzip' | 'deflate'): ReadableStream<Uint8Array> {
  // Its type takes any bytes, also such in shared memory.
  const pair = new DecompressionStream(format) as ReadableWritablePair<Uint8Array, Uint8Array>
  const reader = body.pipeThrough(pair).getReader()
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (cause) {
          if (!isDataError(cause)) throw cause
          const message = `the body is not ${format}, as its content-encoding says`
          throw new ApiError(400, message, { code: 'invalid_encoding' }, { cause })
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** What zlib says of data that is none of its format; anything else is a client that went away. */
function isDataError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return error instanceof TypeError || code.startsWith('Z_')
}
