/** Requests as the store makes them, over whatever the platform has. */

/** The answer to a request. Its body is read or discarded, never left. */
export interface Answer {
  readonly status: number
  /** Where the answer came from: the platform may have followed redirects. */
  readonly url: string
  header(name: string): string | undefined
  /** Chunk by chunk, once; of a large one, a chunk is there until the next is asked for. It throws where the connection ends early. */
  readonly body: AsyncIterable<Uint8Array>
  discard(): Promise<void>
}

export interface Request {
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
  /** Much is expected: whoever reads the body takes its bytes out of each chunk before the next. */
  readonly isLarge?: boolean | undefined
}

export interface Transport {
  /** Whether redirects come as answers. Browsers follow them themselves, and drop a token on the way to another origin. */
  readonly showsRedirects: boolean
  /** Hosts from which an answer has come. */
  readonly reached: Set<string>
  get(url: string, request: Request): Promise<Answer>
  close(): Promise<void>
}

/** Over a function like the global `fetch`. */
export function fetchTransport(
  fetch: (url: string, init?: RequestInit) => Promise<Response>,
  showsRedirects: boolean,
): Transport {
  return {
    showsRedirects,
    reached: new Set(),
    async get(url, { headers, signal }) {
      // What is stored is not to be kept by the browser's cache as well, which also takes ranges apart.
      const how = { redirect: showsRedirects ? 'manual' : 'follow', cache: 'no-store' } as const
      const response = await fetch(url, { ...how, headers: { ...headers }, signal: signal ?? null })
      return {
        status: response.status,
        url: response.url || url,
        header: (name) => response.headers.get(name) ?? undefined,
        body: response.body ? chunksOf(response.body) : nothing(),
        discard: async () => {
          await response.body?.cancel().catch(() => undefined)
        },
      }
    },
    close: () => Promise.resolve(),
  }
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // No body at all.
}

/** All of a body that is no larger than `limit`; undefined where it is. */
export async function wholeBody(answer: Answer, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
