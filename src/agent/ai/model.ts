import type { EngineLike, Generation } from '../../remote/engine-like.js'
import { chatMessages } from './prompt.js'
import { answerOptions, type KaiyuanOptions } from './request.js'
import { callPart, endingOf, streamOf, streamParts } from './stream.js'
import type { CallOptions, Content, Ending, Generated, SdkModel, StreamPart, Warning } from './types.js'

/** What is asked of an engine. */
export type SdkEngine = Pick<EngineLike, 'chat' | 'info'>

/** A model of the versions 3 and 4, which a model of text cannot tell apart. */
export class KaiyuanModel<V extends 'v3' | 'v4'> implements SdkModel<V> {
  readonly provider = 'kaiyuan'
  /** Files are not read, from nowhere. */
  readonly supportedUrls = {}
  readonly modelId: string

  constructor(
    readonly specificationVersion: V,
    private readonly engine: SdkEngine,
    private readonly settings: KaiyuanOptions,
  ) {
    this.modelId = modelIdOf(engine)
  }

  /** @throws UserError for what the engine refuses; the signal's reason where the call was aborted */
  async doGenerate(options: CallOptions): Promise<Generated & Ending> {
    const { generation, warnings } = this.start(options)
    const result = await generation.result
    options.abortSignal?.throwIfAborted()
    const { reasoning, text, toolCalls } = result
    const content: Content[] = []
    if (reasoning !== '') content.push({ type: 'reasoning', text: reasoning })
    if (text !== '') content.push({ type: 'text', text })
    content.push(...toolCalls.map(callPart))
    return { content, ...endingOf(result), warnings, response: { modelId: this.modelId, timestamp: new Date() } }
  }

  /** @throws UserError for what the engine refuses before it begins; later failures are parts of the stream */
  async doStream(options: CallOptions): Promise<{ stream: ReadableStream<StreamPart> }> {
    const { generation, warnings } = this.start(options)
    await generation.begun
    return { stream: streamOf(this.parts(generation, warnings, options.abortSignal)) }
  }

  private start(options: CallOptions): { generation: Generation; warnings: Warning[] } {
    options.abortSignal?.throwIfAborted()
    const warnings: Warning[] = []
    const messages = chatMessages(options.prompt, warnings)
    return { generation: this.engine.chat(messages, answerOptions(options, this.settings, warnings)), warnings }
  }

  private async *parts(
    generation: Generation,
    warnings: Warning[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StreamPart, void, undefined> {
    yield { type: 'stream-start', warnings }
    yield { type: 'response-metadata', modelId: this.modelId, timestamp: new Date() }
    try {
      yield* streamParts(generation)
    } catch (error) {
      yield { type: 'error', error }
      return
    }
    // An aborted answer is a result here, and an error there.
    signal?.throwIfAborted()
    yield { type: 'finish', ...endingOf(await generation.result) }
  }
}

/** The model's own name, without the folders that it came from. */
export function modelIdOf({ info }: Pick<EngineLike, 'info'>): string {
  return info.name.split(/[\\/]/).findLast((part) => part !== '') ?? 'model'
}
