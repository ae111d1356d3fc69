import { UserError } from '../../errors.js'
import type { Dialect, ToolSyntax } from '../dialects/dialect.js'
import type { ChatMessage, ToolDefinition } from '../message.js'
import type { ChatTemplate, RenderOptions } from '../prompt.js'
import { fromJavaScript, jsonText } from '../python/json.js'
import { History } from './history.js'

/** A tool that no conversation has, to see whether a template writes tools. */
const PROBE: ToolDefinition = {
  type: 'function',
  function: {
    name: 'look_up_the_tide',
    description: 'The tide at a harbour',
    parameters: { type: 'object', properties: { harbour: { type: 'string', description: 'Its name' } }, required: [] },
  },
}

/** How a template gets its tools: by further variables, or, where it has no place for them, as a text in front. */
type Way = ((tools: readonly ToolDefinition[]) => Record<string, unknown>) | 'in front'

/** Variables in which published templates look for tools. */
const VARIABLES: readonly ((tools: readonly ToolDefinition[]) => Record<string, unknown>)[] = [
  () => ({}),
  // SmolLM3
  (tools) => ({ xml_tools: tools }),
  // firefunction
  (tools) => ({
    functions: jsonText(fromJavaScript(tools), { indent: '    ' }),
    datetime: `${new Date().toISOString().slice(0, 19).replace('T', ' ')} GMT`,
  }),
]

/**
 * The template, with tools never dropped: where it has no place for them they are put in front of the conversation, with a warning
 * at the first; where even that is dropped they are refused. Calls of earlier turns, and answers to them, are not dropped either.
 */
export function withTools(
  template: ChatTemplate,
  dialect: Dialect,
  name: string,
  warn: (text: string) => void,
): ChatTemplate {
  // Prompts that are made by code have a place for everything.
  if (template.source === undefined) return template
  let way: Way | undefined
  let warned = false
  const history = new History(template, dialect, () => {
    if (!warned)
      warn(`kaiyuan: the chat template of ${name} leaves out calls of earlier turns; they are written as text`)
    warned = true
  })
  return {
    ...template,
    render(given, options = {}) {
      const { tools } = options
      const messages = history.whole(given)
      if (!tools?.length) return template.render(messages, options)
      way ??= wayOf(template, dialect, name, warn)
      if (way === 'in front') return inFront(template, dialect, name, messages, { ...options, tools })
      return template.render(messages, { ...options, extra: { ...way(tools), ...options.extra } })
    },
  }
}

function wayOf(template: ChatTemplate, dialect: Dialect, name: string, warn: (text: string) => void): Way {
  const tried = VARIABLES.map((variables) => ({ variables, result: probed(template, variables([PROBE])) }))
  const found = tried.find(({ result }) => result === 'written')
  if (found) return found.variables
  // A template that refuses the probe may have its reasons: what it does with a conversation is seen then.
  if (tried[0]!.result === 'refused') return tried[0]!.variables
  const unread = dialect.toolSyntax?.([PROBE]) ? '' : ', and its calls come as text, since their format is not known'
  warn(
    `kaiyuan: the chat template of ${name} has no place for tools; they are put in front of the conversation${unread}`,
  )
  return 'in front'
}

function probed(template: ChatTemplate, extra: Record<string, unknown>): 'written' | 'dropped' | 'refused' {
  try {
    const prompt = template.render([{ role: 'user', content: 'Hi' }], { tools: [PROBE], extra })
    return prompt.includes(PROBE.function.name) ? 'written' : 'dropped'
  } catch {
    return 'refused'
  }
}

function inFront(
  template: ChatTemplate,
  dialect: Dialect,
  name: string,
  messages: readonly ChatMessage[],
  options: RenderOptions & { readonly tools: readonly ToolDefinition[] },
): string {
  const { tools, ...others } = options
  const text = toolsText(tools, dialect.toolSyntax?.(tools))
  let failure: unknown = noPlace(name)
  for (const led of [inSystem(messages, text), inUser(messages, text, 'first'), inUser(messages, text, 'last')]) {
    try {
      const prompt = template.render(led, others)
      if (tools.every((tool) => prompt.includes(tool.function.name))) return prompt
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function inSystem(messages: readonly ChatMessage[], text: string): readonly ChatMessage[] {
  const [first, ...rest] = messages
  if (first?.role !== 'system' && first?.role !== 'developer') return [{ role: 'system', content: text }, ...messages]
  return [{ ...first, content: `${first.content ?? ''}\n\n${text}` }, ...rest]
}

/** For templates that refuse a system message, or leave it out. */
function inUser(messages: readonly ChatMessage[], text: string, which: 'first' | 'last'): readonly ChatMessage[] {
  const isUser = ({ role }: ChatMessage): boolean => role === 'user'
  const at = which === 'first' ? messages.findIndex(isUser) : messages.findLastIndex(isUser)
  return messages.map((m, i) => (i === at ? { ...m, content: `${text}\n\n${m.content ?? ''}` } : m))
}

function noPlace(name: string): UserError {
  return new UserError(
    `the chat template of ${name} has no place for tools, nor for a text in front of the conversation`,
    'invalid_template',
    { remedies: [{ advice: 'a model that was trained on tools' }, { advice: 'the request without tools' }] },
  )
}

/** Tools as JSON, and an example of a call where it can be told in a line. */
function toolsText(tools: readonly ToolDefinition[], syntax: ToolSyntax | undefined): string {
  const list = tools.map((tool) => jsonText(fromJavaScript(tool))).join('\n')
  const example = syntax && exampleOf(syntax)
  return `You may call these tools:\n${list}${example === undefined ? '' : `\n\nA call is written like this:\n${example}`}`
}

function exampleOf(syntax: ToolSyntax): string | undefined {
  if (syntax.argumentsAs.kind !== 'json') return undefined
  return `${syntax.before}${syntax.begin('NAME', 0)}{"ARGUMENT": "VALUE"}${syntax.end}${syntax.after}`
}
