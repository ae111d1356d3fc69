import type { ChatMessage } from '../../../chat/message.js'

/** A response that a later one may go on from. */
export interface StoredResponse {
  /** As it was given to the client. */
  readonly body: Record<string, unknown>
  /** The conversation up to and with its answer, without instructions. */
  readonly messages: readonly ChatMessage[]
  readonly client: string
}

/** Responses in memory, the latest used last; what is beyond a limit is forgotten. They do not outlive the process. */
export class ResponseStore {
  private readonly responses = new Map<string, { response: StoredResponse; size: number }>()
  private size = 0

  constructor(
    private readonly maxCount = 1000,
    /** In UTF-16 units of JSON. */
    private readonly maxSize = 64 * 2 ** 20,
  ) {}

  get count(): number {
    return this.responses.size
  }

  set(id: string, response: StoredResponse): void {
    const size = JSON.stringify(response).length
    this.responses.set(id, { response, size })
    this.size += size
    while (this.responses.size > this.maxCount || this.size > this.maxSize) {
      const [oldest] = this.responses.keys()
      this.forget(oldest!)
    }
  }

  /** Only the client that made it finds it. */
  get(id: string, client: string): StoredResponse | undefined {
    const entry = this.responses.get(id)
    if (entry?.response.client !== client) return undefined
    this.responses.delete(id)
    this.responses.set(id, entry)
    return entry.response
  }

  delete(id: string, client: string): boolean {
    if (this.responses.get(id)?.response.client !== client) return false
    this.forget(id)
    return true
  }

  private forget(id: string): void {
    this.size -= this.responses.get(id)?.size ?? 0
    this.responses.delete(id)
  }
}
