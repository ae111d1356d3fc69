import type { Part } from '../../src/engine/answer/generation.js'
import type { ChatMessage } from '../../src/chat/message.js'
import type { ChatAnswerOptions } from '../../src/remote/engine-like.js'
import { eventData } from './events.js'
import type { AnswerEnd, ModelEntry, PageAnswer, PageEngine, Place } from './line.js'
import { chatRequest } from './request.js'

/** The server said no. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** Asks for the key of a server that has keys; undefined: nobody gave one. */
export type AskKey = () => Promise<string | undefined>

const KEY = 'kaiyuan-key'
/** Tries while the model is loaded. */
const TRIES = 60

/** The models of the server that the page came from. */
export function serverPlace(askKey: AskKey): Place {
  const line = new ServerLine(askKey)
  return {
    kind: 'server',
    async models(): Promise<ModelEntry[]> {
      const { data } = (await line.json('v1/models')) as { data: { id: string; max_model_len?: number }[] }
      return data.map(({ id, max_model_len: contextLength }) => ({
        name: id,
        state: contextLength === undefined ? 'loading' : 'ready',
        contextLength,
      }))
    },
    open: (name) => line.open(name),
  }
}

class ServerLine {
  private key = sessionStorage.getItem(KEY) ?? undefined

  constructor(private readonly askKey: AskKey) {}

  async open(name: string): Promise<PageEngine> {
    const info = (await this.json(`tokenizer_info?model=${encodeURIComponent(name)}`)) as {
      chat_template: string | null
      model_max_length: number
    }
    return {
      info: {
        name,
        contextLength: info.model_max_length,
        ...(info.chat_template && { chatTemplate: info.chat_template }),
      },
      chat: (messages, options) => new ServedAnswer(this, chatRequest(name, messages, options), options.signal),
      count: (prompt) => this.count({ model: name, prompt, add_special_tokens: false }),
      countChat: (messages: readonly ChatMessage[], options: ChatAnswerOptions = {}) =>
        this.count({
          model: name,
          messages,
          ...(options.tools && { tools: options.tools }),
          ...(options.continueFinalMessage && { continue_final_message: true }),
          ...(options.templateOptions && { chat_template_kwargs: options.templateOptions }),
        }),
      close: async () => undefined,
    }
  }

  private async count(body: object): Promise<number> {
    return ((await this.json('tokenize', body)) as { count: number }).count
  }

  async json(path: string, body?: object): Promise<unknown> {
    return (await this.send(path, body)).json()
  }

  /** @throws ServerError */
  async send(path: string, body?: object, signal?: AbortSignal): Promise<Response> {
    for (let tries = 0; ; tries++) {
      const response = await fetch(path, {
        method: body ? 'POST' : 'GET',
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
      if (response.ok) return response
      const message = await messageOf(response)
      if (response.status === 401 && (await this.renewKey())) continue
      const wait = Number(response.headers.get('retry-after'))
      if (!(response.status === 503 && wait > 0 && tries < TRIES)) throw new ServerError(message, response.status)
      await new Promise((resolve) => setTimeout(resolve, wait * 1000))
    }
  }

  private async renewKey(): Promise<boolean> {
    const key = await this.askKey()
    if (key === undefined) return false
    this.key = key
    sessionStorage.setItem(KEY, key)
    return true
  }
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } }
    if (error?.message) return error.message
  } catch {
    // Not the API's: what it says is shown as it is.
  }
  return text.slice(0, 300) || `${response.status} ${response.statusText}`
}

interface Chunk {
  readonly choices?: { delta?: Delta; finish_reason?: string | null }[]
  readonly usage?: {
    prompt_tokens: number
    completion_tokens: number
    prompt_tokens_details?: { cached_tokens: number }
  }
  readonly error?: { message: string }
}
interface Delta {
  readonly content?: string | null
  readonly reasoning_content?: string
  readonly tool_calls?: { index: number; id?: string; function?: { name?: string; arguments?: string } }[]
}

/** A streamed chat completion, as the engine's own answers are read. */
class ServedAnswer implements PageAnswer {
  readonly result: Promise<AnswerEnd>
  private readonly controller = new AbortController()
  private finish!: (end: AnswerEnd) => void
  private fail!: (error: unknown) => void
  private pieces = 0
  private firstAt = 0
  private lastAt = 0

  constructor(
    private readonly line: ServerLine,
    private readonly body: object,
    signal: AbortSignal | undefined,
  ) {
    this.result = new Promise((resolve, reject) => ([this.finish, this.fail] = [resolve, reject]))
    this.result.catch(() => undefined)
    signal?.addEventListener('abort', () => this.abort())
  }

  abort(): void {
    this.controller.abort()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Part, void, undefined> {
    let usage: Chunk['usage']
    let reason: string | undefined
    try {
      const { body } = await this.line.send('v1/chat/completions', this.body, this.controller.signal)
      if (!body) throw new ServerError('the answer has no body', 0)
      for await (const data of eventData(body)) {
        if (data === '[DONE]') break
        const chunk = JSON.parse(data) as Chunk
        if (chunk.error) throw new ServerError(chunk.error.message, 0)
        usage = chunk.usage ?? usage
        const [choice] = chunk.choices ?? []
        reason = choice?.finish_reason ?? reason
        yield* this.partsOf(choice?.delta ?? {})
      }
      if (reason === undefined) throw new ServerError('the connection ended before the answer did', 0)
      this.finish(this.end(reason === 'length' ? 'length' : 'stop', usage))
    } catch (error) {
      if (!this.controller.signal.aborted) {
        this.fail(error)
        throw error
      }
      this.finish(this.end('abort', usage))
    } finally {
      this.controller.abort()
    }
  }

  private *partsOf({ content, reasoning_content: reasoning, tool_calls: calls }: Delta): Generator<Part> {
    if (reasoning || content || calls) {
      this.lastAt = performance.now()
      this.firstAt ||= this.lastAt
      this.pieces++
    }
    if (reasoning) yield { kind: 'reasoning', text: reasoning }
    if (content) yield { kind: 'text', text: content }
    for (const { index, id = '', function: called } of calls ?? [])
      yield { kind: 'tool-input', index, id, name: called?.name ?? '', text: called?.arguments ?? '' }
  }

  private end(finishReason: AnswerEnd['finishReason'], usage: Chunk['usage']): AnswerEnd {
    const tokens = usage?.completion_tokens ?? this.pieces
    const seconds = (this.lastAt - this.firstAt) / 1000
    return {
      finishReason,
      tokens,
      promptTokens: usage?.prompt_tokens ?? 0,
      cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      tokensPerSecond: seconds > 0 ? Math.max(0, tokens - 1) / seconds : 0,
    }
  }
}
