import type { KaiyuanModel } from './model.js'
import { streamOf } from './stream.js'
import type { CallOptions, Ending, EndingV2, Generated, SdkModel, StreamPart, Warning, WarningV2 } from './types.js'

/** The same model, as version 2 of the specification has it. */
export class KaiyuanModelV2 implements SdkModel<'v2', EndingV2, WarningV2> {
  readonly specificationVersion = 'v2'
  readonly provider = 'kaiyuan'
  readonly supportedUrls = {}

  constructor(private readonly model: KaiyuanModel<'v3'>) {}

  get modelId(): string {
    return this.model.modelId
  }

  async doGenerate(options: CallOptions): Promise<Generated<WarningV2> & EndingV2> {
    const { content, response, warnings, ...ending } = await this.model.doGenerate(options)
    return { content, response, warnings: warnings.map(warningOf), ...endingOf(ending) }
  }

  async doStream(options: CallOptions): Promise<{ stream: ReadableStream<StreamPart<EndingV2, WarningV2>> }> {
    const { stream } = await this.model.doStream(options)
    return { stream: streamOf(converted(stream)) }
  }
}

async function* converted(
  stream: ReadableStream<StreamPart>,
): AsyncGenerator<StreamPart<EndingV2, WarningV2>, void, undefined> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      if (value.type === 'stream-start') yield { ...value, warnings: value.warnings.map(warningOf) }
      else if (value.type === 'finish') yield { type: 'finish', ...endingOf(value) }
      else yield value
    }
  } finally {
    await reader.cancel()
  }
}

function endingOf({ finishReason, usage, providerMetadata }: Ending): EndingV2 {
  const { inputTokens: read, outputTokens: written } = usage
  return {
    finishReason: finishReason.unified,
    usage: {
      inputTokens: read.total,
      outputTokens: written.total,
      totalTokens: read.total + written.total,
      reasoningTokens: written.reasoning,
      cachedInputTokens: read.cacheRead,
    },
    providerMetadata,
  }
}

function warningOf(warning: Warning): WarningV2 {
  if (warning.type === 'other') return warning
  const { feature, details } = warning
  return { type: 'other', message: `not supported: ${feature}${details === undefined ? '' : `; ${details}`}` }
}
