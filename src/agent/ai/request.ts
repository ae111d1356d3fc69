import type { ToolDefinition } from '../../chat/message.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import { isJsonObject } from '../../json.js'
import type { ChatAnswerOptions } from '../../remote/engine-like.js'
import type { CallOptions, CallTool, Warning } from './types.js'

/** What the SDK has no name for; of the model, and of a call by `providerOptions.kaiyuan`. */
export interface KaiyuanOptions {
  readonly minP?: number | undefined
  readonly repetitionPenalty?: number | undefined
  readonly seed?: number | undefined
  /** What the answer has to look like, in place of what the SDK asks for. */
  readonly grammar?: GrammarSpec | undefined
  readonly speculate?: ChatAnswerOptions['speculate']
  /** Variables of the chat template. */
  readonly templateOptions?: Record<string, unknown> | undefined
  /** Whose call it is: the cache is shared only by calls of the same salt. */
  readonly cacheSalt?: string | undefined
}

const OPTIONS: Readonly<Record<keyof KaiyuanOptions, true>> = {
  minP: true,
  repetitionPenalty: true,
  seed: true,
  grammar: true,
  speculate: true,
  templateOptions: true,
  cacheSalt: true,
}

/** A call of the SDK as options of an answer. */
export function answerOptions(options: CallOptions, settings: KaiyuanOptions, warnings: Warning[]): ChatAnswerOptions {
  const own = { ...settings, ...ownOptions(options.providerOptions?.['kaiyuan'], warnings) }
  const all = toolDefinitions(options.tools ?? [], warnings)
  const mayCall = options.toolChoice?.type !== 'none'
  const tools = mayCall ? all : []
  const thinking = thinkingOf(options.reasoning)
  const grammar =
    own.grammar ?? (mayCall || options.responseFormat?.type === 'json' ? grammarOf(options, tools) : withoutCalls(all))
  return {
    temperature: options.temperature,
    topP: options.topP,
    topK: options.topK,
    minP: own.minP,
    repetitionPenalty: own.repetitionPenalty,
    presencePenalty: options.presencePenalty,
    frequencyPenalty: options.frequencyPenalty,
    seed: options.seed ?? own.seed,
    maxTokens: options.maxOutputTokens,
    stop: options.stopSequences,
    speculate: own.speculate,
    cacheSalt: own.cacheSalt,
    signal: options.abortSignal,
    mustAnswer: true,
    grammar,
    ...(tools.length > 0 && { tools, callPieces: true }),
    ...((thinking ?? own.templateOptions) && { templateOptions: { ...thinking, ...own.templateOptions } }),
  }
}

function ownOptions(given: unknown, warnings: Warning[]): KaiyuanOptions {
  if (!isJsonObject(given)) return {}
  for (const name of Object.keys(given))
    if (!Object.hasOwn(OPTIONS, name))
      warnings.push({ type: 'unsupported', feature: `providerOptions.kaiyuan.${name}`, details: knownText() })
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(OPTIONS, name)))
}

const knownText = (): string => `there are ${Object.keys(OPTIONS).join(', ')}`

function toolDefinitions(tools: readonly CallTool[], warnings: Warning[]): ToolDefinition[] {
  return tools.flatMap(({ type, name, description, inputSchema, strict, id }) => {
    if (type === 'function') {
      const parameters = isJsonObject(inputSchema) ? inputSchema : { type: 'object' }
      return [{ type: 'function', function: { name, description, parameters, strict } }]
    }
    warnings.push({ type: 'unsupported', feature: `tool ${id ?? name}`, details: 'it is a tool of another provider' })
    return []
  })
}

/** Calls that are asked for, JSON of a schema, or one of the two; undefined where the answer is free. */
function grammarOf(
  { responseFormat, toolChoice }: CallOptions,
  tools: readonly ToolDefinition[],
): GrammarSpec | undefined {
  const calls = { kind: 'tool-calls', tools, parallel: true } as const
  if (tools.length > 0 && toolChoice?.type === 'required') return { ...calls, must: true }
  if (tools.length > 0 && toolChoice?.type === 'tool') {
    const named = tools.filter((tool) => tool.function.name === toolChoice.toolName)
    return { ...calls, tools: named, must: true, parallel: false }
  }
  if (responseFormat?.type === 'json') {
    const { schema } = responseFormat
    if (tools.length > 0) return { ...calls, must: false, orJson: schema ?? { type: 'object' } }
    return schema === undefined ? { kind: 'json' } : { kind: 'json-schema', schema }
  }
  return tools.some((tool) => tool.function.strict) ? { ...calls, must: false } : undefined
}

/** Models that called before may call again, also where they are told about no tools. */
function withoutCalls(tools: readonly ToolDefinition[]): GrammarSpec | undefined {
  return tools.length > 0 ? { kind: 'tool-calls', tools, must: false, none: true, parallel: false } : undefined
}

/** How much is to be thought, in the words of chat templates. */
function thinkingOf(reasoning: string | undefined): Record<string, unknown> | undefined {
  if (reasoning === undefined || reasoning === 'provider-default') return undefined
  return { enable_thinking: reasoning !== 'none', reasoning_effort: reasoning }
}
