import { LRUCache } from 'lru-cache'
import type { ChatMessage } from '../../../chat/message.js'

/** A response that a later one may go on from. */
export interface StoredResponse {
  /** As it was given to the client. */
  readonly body: Record<string, unknown>
  /** The conversation up to and with its answer, without instructions. */
  readonly messages: readonly ChatMessage[]
  readonly client: string
}

/** Responses in memory; beyond a limit, the least recently used are forgotten. They do not outlive the process. */
export class ResponseStore {
  private readonly responses: LRUCache<string, StoredResponse>

  constructor(
    maxCount = 1000,
    /** In UTF-16 units of JSON. */
    maxSize = 64 * 2 ** 20,
  ) {
    const sizeCalculation = (response: StoredResponse): number => JSON.stringify(response).length
    this.responses = new LRUCache({ max: maxCount, maxSize, sizeCalculation })
  }

  get count(): number {
    return this.responses.size
  }

  set(id: string, response: StoredResponse): void {
    this.responses.set(id, response)
  }

  /** Only the client that made it finds it. */
  get(id: string, client: string): StoredResponse | undefined {
    return this.responses.peek(id)?.client === client ? this.responses.get(id) : undefined
  }

  delete(id: string, client: string): boolean {
    return this.responses.peek(id)?.client === client && this.responses.delete(id)
  }
}
