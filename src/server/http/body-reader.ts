import type { z } from 'zod'
import { WorkLost, WorkThread } from '../../remote/node-work-thread.js'
import { ApiError, type ErrorDetail } from './api-error.js'
import { readBody } from './body.js'

/** What the thread is sent. */
export interface SentBody {
  /** Whose schema: `POST /v1/messages`. */
  readonly route: string
  readonly bytes: Uint8Array
}

/** What it sends where a body cannot be taken: what the client is told, or an error that is ours. */
export type BodyFailure = { readonly refusal: SentRefusal } | { readonly bug: string }

export interface SentRefusal {
  readonly status: ApiError['status']
  readonly message: string
  readonly detail: ErrorDetail
}

/** Smaller bodies take less time than the way to another thread and back. */
const AT_ONCE = 4096
/** A body that takes longer is refused, and the thread is ended. */
const PATIENCE_MS = 10_000
/** Megabytes of objects that the thread may have. */
const HEAP = 512

/**
 * Parses and checks bodies in a thread of its own, one at a time and the clients in turn, so that neither a large body nor a
 * malicious one holds up the thread that serves all. Where the thread's file is not (sources that run unbuilt, bundles), bodies
 * are read in the caller's.
 */
export class BodyReader {
  private readonly thread: WorkThread<SentBody, unknown, BodyFailure>
  private missing = false
  private readonly rounds = new Rounds()

  constructor(file: URL = new URL('../body-worker.js', import.meta.url), patienceMs = PATIENCE_MS) {
    this.thread = new WorkThread({ file, patienceMs, heap: HEAP, errorOf })
  }

  /**
   * @param route names the schema for the thread
   * @throws ApiError 400 that says what is wrong, 503 when it is closed
   */
  async read(bytes: Uint8Array, schema: z.ZodType, route: string, client: string): Promise<unknown> {
    if (bytes.length <= AT_ONCE || this.missing) return readBody(bytes, schema)
    const round = this.rounds.enter(client)
    try {
      return await this.thread.do({ route, bytes }, round)
    } catch (error) {
      if (!(error instanceof WorkLost)) throw error
      if (error.why !== 'missing') throw lossOf(error)
      this.missing = true
      return readBody(bytes, schema)
    } finally {
      this.rounds.leave(client, round)
    }
  }

  /** Bodies in its hands are refused. */
  async close(): Promise<void> {
    await this.thread.close()
  }
}

/** Whoever has sent many bodies waits with the rest of them until all others had a turn: one of each client is in a round. */
class Rounds {
  private current = 0
  private readonly clients = new Map<string, { last: number; bodies: number }>()

  enter(client: string): number {
    const known = this.clients.get(client)
    const last = known ? Math.max(this.current, known.last + 1) : this.current
    this.clients.set(client, { last, bodies: (known?.bodies ?? 0) + 1 })
    return last
  }

  leave(client: string, round: number): void {
    const { last, bodies } = this.clients.get(client)!
    if (bodies === 1) this.clients.delete(client)
    else this.clients.set(client, { last, bodies: bodies - 1 })
    this.current = Math.max(this.current, round)
  }
}

function errorOf(failure: BodyFailure): Error {
  if ('bug' in failure) return new Error(failure.bug)
  const { status, message, detail } = failure.refusal
  return new ApiError(status, message, detail)
}

function lossOf({ why, message }: WorkLost): Error {
  if (why === 'closed') return new ApiError(503, 'the server is shutting down', { code: 'draining', retryAfter: 5 })
  const reason = why === 'slow' ? 'it takes too long to read' : message
  return new ApiError(400, `the body cannot be read: ${reason}`, { code: 'request_too_complex' })
}
