import type { ToolDefinition } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { GrammarSpec } from '../../grammar/constraint.js'
import { jsonSchemaToEbnf } from '../../grammar/json-schema.js'
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

/**
 * The one place where response formats, strict tools and tool choices become a grammar; undefined where the answer is free.
 * Whether a format can be a grammar is the engine's to say, see {@link grammarParam}; of tools, it would not say which.
 * @throws ApiError 400 that names the parameter
 */
export function grammarOf({ format, choice = 'auto', tools = [], parallel }: AnswerForm): GrammarSpec | undefined {
  const required = choice !== 'auto' && choice !== 'none'
  const strict = choice !== 'none' && tools.some((tool) => tool.function.strict)
  const formatted = format !== undefined && format.type !== 'text'
  if (formatted && (required || strict))
    throw badRequest(format.param, `${format.param} does not go with strict tools or a required call; leave one out`)
  if (formatted) return formatGrammar(format)
  if (!required && !strict) return undefined
  if (tools.length === 0) throw badRequest('tools', 'tool_choice asks for a call, and there are no tools')
  const named = typeof choice === 'object' ? tools.filter((tool) => tool.function.name === choice.name) : tools
  if (named.length === 0) throw badRequest('tool_choice', 'tool_choice names a tool that is not among the tools')
  tools.forEach(checkParameters)
  return { kind: 'tool-calls', tools: named, must: required, parallel: parallel && typeof choice !== 'object' }
}

function formatGrammar({ param, type, schema }: NonNullable<AnswerForm['format']>): GrammarSpec {
  switch (type) {
    case 'json_object':
      return { kind: 'json' }
    case 'json_schema':
      if (schema === undefined) throw badRequest(param, `${param}: type json_schema needs a schema`)
      return { kind: 'json-schema', schema }
    case 'regex':
    case 'ebnf':
      if (typeof schema !== 'string') throw badRequest(param, `${param}: type ${type} needs its text`)
      return type === 'regex' ? { kind: 'regex', pattern: schema } : { kind: 'ebnf', grammar: schema }
    default:
      throw badRequest(param, `${param}: expected type text, json_object, json_schema, regex or ebnf, found ${type}`)
  }
}

/** The parameter at fault when the engine refuses a grammar. */
export function grammarParam(grammar: GrammarSpec | undefined, formatParam: string): string {
  return grammar?.kind === 'tool-calls' ? 'tools' : formatParam
}

function checkParameters(tool: ToolDefinition, index: number): void {
  try {
    jsonSchemaToEbnf({ type: 'object', ...tool.function.parameters })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const param = `tools[${index}].function.parameters`
    throw badRequest(param, `${param}: ${error.message}`)
  }
}
