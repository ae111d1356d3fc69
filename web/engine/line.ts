import type { Signal } from '@preact/signals'
import type { GenerationResult, Part } from '../../src/engine/answer/generation.js'
import type { ChatMessage } from '../../src/chat/message.js'
import type { Pull } from '../storage/models/download.js'
import type { ChatAnswerOptions, ConversationOptions, EngineInfo, EngineLike } from '../../src/remote/engine-like.js'

/** The end of an answer. */
export interface AnswerEnd extends Pick<GenerationResult, 'finishReason' | 'promptTokens' | 'cachedTokens'> {
  readonly tokens: number
  /** Tokens after the first, per second. */
  readonly tokensPerSecond: number
}

/** An answer that is being made. Leaving its loop cancels it. */
export interface PageAnswer extends AsyncIterable<Part> {
  readonly result: Promise<AnswerEnd>
  abort(): void
}

export type PageInfo = Pick<EngineInfo, 'name' | 'contextLength'> &
  Partial<Pick<EngineInfo, 'chatTemplate' | 'threads' | 'precision' | 'weightBytes'>>

/**
 * What the page asks of an engine, wherever it is: in a worker of the page, or at the other end of the server's API. The calls are
 * those of {@link EngineLike}.
 */
export interface PageEngine {
  readonly info: PageInfo
  chat(messages: readonly ChatMessage[], options: ChatAnswerOptions): PageAnswer
  /** Tokens of a text. */
  count(text: string): Promise<number>
  /** Tokens of a conversation, as the model gets it. */
  countChat(messages: readonly ChatMessage[], options?: ConversationOptions): Promise<number>
  close(): Promise<void>
}

/** A model that can be asked, or could be after something was done. */
export interface ModelEntry {
  readonly name: string
  /** ready: it answers at once; present: it is here and is loaded when it is asked; partial: its download was not finished. */
  readonly state: 'ready' | 'loading' | 'present' | 'partial'
  /** Of a partial one: from where it comes, and all its bytes. */
  readonly source?: { readonly address: string; readonly total: number } | undefined
  readonly contextLength?: number | undefined
  readonly bytes?: number | undefined
  /** Whether it can be deleted here. */
  readonly isRemovable?: boolean | undefined
}

export interface LoadingProgress {
  readonly loadedBytes: number
  readonly totalBytes: number
}

export interface OpenSettings {
  readonly precision?: 'fast' | 'exact' | undefined
  readonly onProgress?: ((progress: LoadingProgress) => void) | undefined
}

/** Where engines come from. */
export interface Place {
  readonly kind: 'server' | 'worker'
  models(): Promise<ModelEntry[]>
  /** @throws Error whose message can be shown */
  open(name: string, settings: OpenSettings): Promise<PageEngine>
  /** What the person should know of the place, by the name of its words. */
  readonly notice?: Signal<'oneThread' | 'offline' | undefined> | undefined
  /** What only a place with a store of its own has. */
  readonly store?: ModelStore | undefined
}

/** Models that the page keeps. */
export interface ModelStore {
  /** @throws Error for files that are no model */
  add(files: readonly File[]): Promise<string>
  /** @throws Error for what is no address */
  addAddress(address: string): Promise<string>
  remove(name: string): Promise<void>
  /** Downloads a .gguf, from where it was left. @throws Error */
  pull(address: string): Pull
}

/** Shows an engine of the library as one of the page. */
export function pageEngine(engine: EngineLike): PageEngine {
  return {
    info: engine.info,
    chat(messages, options) {
      const generation = engine.chat(messages, options)
      const result = generation.result.then(({ ids, timings, ...whole }) => ({
        ...whole,
        tokens: ids.length,
        tokensPerSecond: timings.decodeTokensPerSecond,
      }))
      result.catch(() => undefined)
      return {
        result,
        abort: () => generation.abort(),
        [Symbol.asyncIterator]: () => generation[Symbol.asyncIterator](),
      }
    },
    count: async (text) => (await engine.encode(text, { addSpecial: false })).length,
    countChat: async (messages, options) => (await engine.encodeChat(messages, options)).length,
    close: () => engine.close(),
  }
}
