import { LRUCache } from 'lru-cache'
import type { ChatMessage } from '../../../chat/message.js'

/** A response that a later one may continue from. */
export interface StoredResponse {
  /** As it was given to the client. */
  readonly body: Record<string, unknown>
  /** The conversation up to and with its answer, without instructions. */
  readonly messages: readonly ChatMessage[]
  /** The items that it was made from, those of earlier responses first. */
  readonly input?: readonly Record<string, unknown>[]
  readonly client: string
}

/** Responses in memory; beyond a limit, the least recently used are forgotten. They do not outlive the process. */
export class ResponseStore {
  private readonly responses: LRUCache<string, StoredResponse>
  /** The responses that items are in, by the ids of the items. */
  private readonly holders = new Map<string, string>()

  constructor(
    maxCount = 1000,
    /** In UTF-16 units of JSON. */
    maxSize = 64 * 2 ** 20,
  ) {
    const sizeCalculation = (response: StoredResponse): number => JSON.stringify(response).length
    const dispose = (response: StoredResponse, id: string): void => {
      for (const item of ownItems(response)) if (this.holders.get(item) === id) this.holders.delete(item)
    }
    this.responses = new LRUCache({ max: maxCount, maxSize, sizeCalculation, dispose })
  }

  get count(): number {
    return this.responses.size
  }

  set(id: string, response: StoredResponse): void {
    this.responses.set(id, response)
    if (this.responses.peek(id) === response) for (const item of ownItems(response)) this.holders.set(item, id)
  }

  /** Only the client that made it finds it. */
  get(id: string, client: string): StoredResponse | undefined {
    return this.responses.peek(id)?.client === client ? this.responses.get(id) : undefined
  }

  /** An item of a response of this client. */
  item(id: string, client: string): Record<string, unknown> | undefined {
    const holder = this.holders.get(id)
    const response = holder === undefined ? undefined : this.get(holder, client)
    return response && itemsOf(response).find((item) => item['id'] === id)
  }

  delete(id: string, client: string): boolean {
    return this.responses.peek(id)?.client === client && this.responses.delete(id)
  }
}

function itemsOf({ input = [], body }: StoredResponse): readonly Record<string, unknown>[] {
  const { output } = body
  return Array.isArray(output) ? [...input, ...(output as Record<string, unknown>[])] : input
}

function ownItems(response: StoredResponse): string[] {
  return itemsOf(response).flatMap(({ id }) => (typeof id === 'string' ? [id] : []))
}
