import type { ToolDefinition } from '../../chat/message.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import { badRequest } from '../http/api-error.js'

/** none: no call can begin; auto leaves it to the model; of all tools that it is told about, it may call these. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly name: string }
  | { readonly allowed: readonly string[]; readonly must: boolean }

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

/** Kinds of formats in addition to OpenAI's, whose texts are grammars. */
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
  const required = typeof choice === 'object' ? !('allowed' in choice) || choice.must : choice === 'required'
  const limited = typeof choice === 'object' && 'allowed' in choice
  const strict = choice !== 'none' && tools.some((tool) => tool.function.strict || tool.input)
  const formatted = format === undefined || format.type === 'text' ? undefined : formatGrammar(format)
  const param = formatted && format?.param
  // A model that called before may go on to call, also where it is told of no tools.
  if (choice === 'none' && !formatted && tools.length > 0)
    return {
      grammar: { kind: 'tool-calls', tools, must: false, none: true, parallel: false },
      paramOf: () => undefined,
    }
  if (!required && !limited && !strict && !(formatted && choice !== 'none' && tools.length > 0))
    return { grammar: formatted, paramOf: () => param }
  if (tools.length === 0) throw badRequest('tools', 'tool_choice asks for a call, and there are no tools')
  const named = chosenTools(tools, choice)
  const paramOf = (path: string | undefined): string => {
    const tool = named[Number(/^tools\[(\d+)\]/.exec(path ?? '')?.[1] ?? NaN)]
    if (tool) return `tools[${tools.indexOf(tool)}].${parametersIn}`
    return path === 'orJson' && format ? format.param : 'tools'
  }
  const calls = {
    kind: 'tool-calls',
    tools: named,
    must: required,
    parallel: parallel && !(typeof choice === 'object' && 'name' in choice),
  } as const
  // A required call is no answer in the format.
  if (!formatted || required) return { grammar: calls, paramOf }
  return { grammar: { ...calls, orJson: schemaOf(formatted, format!.param) }, paramOf }
}

/** The tools that may be called. @throws ApiError 400 where one of them is not there */
function chosenTools(tools: readonly ToolDefinition[], choice: ToolChoice): readonly ToolDefinition[] {
  if (typeof choice !== 'object') return tools
  const names = 'name' in choice ? [choice.name] : choice.allowed
  const missing = names.find((name) => !tools.some((tool) => tool.function.name === name))
  if (missing === undefined && names.length > 0) return tools.filter((tool) => names.includes(tool.function.name))
  throw badRequest('tool_choice', 'tool_choice names a tool that is not among the tools')
}

function formatGrammar({ param, type, schema }: NonNullable<AnswerForm['format']>): GrammarSpec {
  if (type === 'json_object') return schema === undefined ? { kind: 'json' } : { kind: 'json-schema', schema }
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
  throw badRequest(
    param,
    `${param}: with tools, an answer can be constrained to JSON only; leave out ${format.kind} or the tools`,
  )
}
