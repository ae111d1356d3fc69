import type { ToolDefinition } from '../../chat/message.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import { badRequest } from '../http/api-error.js'

/** none and auto leave it to the model. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string }

/** What a request says about the form of its answer, in the words of all three APIs. */
export interface AnswerForm {
  /** response_format of chat completions, text.format of responses; `param` is where it stands. */
  readonly format?: { readonly param: string; readonly type: string; readonly schema?: unknown } | undefined
  readonly choice?: ToolChoice | undefined
  readonly tools?: readonly ToolDefinition[] | undefined
  /** Whether there may be several calls. */
  readonly parallel: boolean
}

/** The grammar of an answer, and which parameter says what a refusal of the engine is about. */
export interface RequestedGrammar {
  readonly grammar: GrammarSpec | undefined
  /** @param path of the engine's error; undefined where it names no place */
  readonly paramOf: (path: string | undefined) => string | undefined
}

/** Kinds of formats beside OpenAI's, whose texts are grammars. */
const TEXTS = ['regex', 'ebnf', 'lark', 'gbnf'] as const

/**
 * The one place where response formats, strict tools and tool choices become a grammar; none where the answer is free. With a
 * format and tools that may be called, the answer is calls or what the format says. Whether a schema or an expression can be
 * held is the engine's to say: nothing of a client is compiled or run here.
 * @param parametersIn where a tool has its schema
 * @throws ApiError 400 that names the parameter
 */
export function grammarOf(form: AnswerForm, parametersIn: string): RequestedGrammar {
  const { format, choice = 'auto', tools = [], parallel } = form
  const required = choice !== 'auto' && choice !== 'none'
  const strict = choice !== 'none' && tools.some((tool) => tool.function.strict)
  const formatted = format === undefined || format.type === 'text' ? undefined : formatGrammar(format)
  const param = formatted && format?.param
  if (!required && !strict && !(formatted && choice !== 'none' && tools.length > 0))
    return { grammar: formatted, paramOf: () => param }
  if (tools.length === 0) throw badRequest('tools', 'tool_choice asks for a call, and there are no tools')
  const named = typeof choice === 'object' ? tools.filter((tool) => tool.function.name === choice.name) : tools
  if (named.length === 0) throw badRequest('tool_choice', 'tool_choice names a tool that is not among the tools')
  const paramOf = (path: string | undefined): string => {
    const tool = named[Number(/^tools\[(\d+)\]/.exec(path ?? '')?.[1] ?? NaN)]
    if (tool) return `tools[${tools.indexOf(tool)}].${parametersIn}`
    return path === 'orJson' && format ? format.param : 'tools'
  }
  const calls = {
    kind: 'tool-calls',
    tools: named,
    must: required,
    parallel: parallel && typeof choice !== 'object',
  } as const
  // A required call is no answer in the format.
  if (!formatted || required) return { grammar: calls, paramOf }
  return { grammar: { ...calls, orJson: schemaOf(formatted, format!.param) }, paramOf }
}

function formatGrammar({ param, type, schema }: NonNullable<AnswerForm['format']>): GrammarSpec {
  if (type === 'json_object') return { kind: 'json' }
  if (type === 'json_schema') {
    if (schema === undefined) throw badRequest(param, `${param}: type json_schema needs a schema`)
    return { kind: 'json-schema', schema }
  }
  const kind = TEXTS.find((text) => text === type)
  if (!kind) {
    const known = `text, json_object, json_schema, ${TEXTS.slice(0, -1).join(', ')} or ${TEXTS.at(-1)}`
    throw badRequest(param, `${param}: expected type ${known}, found ${type}`)
  }
  if (typeof schema !== 'string') throw badRequest(param, `${param}: type ${type} needs its text`)
  return kind === 'regex' ? { kind, pattern: schema } : { kind, grammar: schema }
}

/** What the answer is instead of calls. @throws ApiError where it is no JSON */
function schemaOf(format: GrammarSpec, param: string): unknown {
  if (format.kind === 'json') return { type: 'object' }
  if (format.kind === 'json-schema') return format.schema
  throw badRequest(param, `${param}: beside tools an answer can be JSON; leave out ${format.kind} or the tools`)
}
