import type { ChatMessage, ToolDefinition } from '../message.js'

/** How a conversation is given to a template, where templates want different things. */
export interface Form {
  /** What stands for content that is null: null, for a template that asks for it, or an empty text. */
  readonly nullContent: null | ''
  readonly developer: 'developer' | 'system'
  /** Whether an answer has its thought next to a text before a call, which gpt-oss refuses. */
  readonly thoughtBesideText: boolean
  /** Tools without a description or parameters, which are optional, get empty ones. */
  readonly wholeTools: boolean
  /** A template's own lists may change, and generators are lists. */
  readonly lenient: boolean
  /** Arguments of calls as values, or as their JSON text. */
  readonly argumentsAs: 'values' | 'text'
}

export interface Conversation {
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly ToolDefinition[] | undefined
}

/** A change of the form for a template that refuses it. */
interface Concession {
  readonly change: Partial<Form>
  /** Whether it changes anything of this conversation. */
  concerns(conversation: Conversation): boolean
}

/** From what changes least to what changes most; each stays when the next is tried. */
const CONCESSIONS: readonly Concession[] = [
  { change: { nullContent: '' }, concerns: ({ messages }) => messages.some(({ content }) => content === null) },
  { change: { developer: 'system' }, concerns: ({ messages }) => messages.some(({ role }) => role === 'developer') },
  { change: { thoughtBesideText: false }, concerns: ({ messages }) => messages.some(hasThoughtBesideText) },
  { change: { wholeTools: true }, concerns: ({ tools }) => (tools ?? []).some((tool) => !isWhole(tool)) },
  { change: { lenient: true }, concerns: () => true },
  {
    change: { argumentsAs: 'text' },
    concerns: ({ messages }) => messages.some((m) => (m.tool_calls ?? []).length > 0),
  },
]

/** The forms in which a template is tried, the first that it takes counts. */
export function* formsFor(first: Form, conversation: Conversation): Generator<Form, void> {
  let form = first
  yield form
  for (const concession of CONCESSIONS) {
    const { change } = concession
    const changes = Object.entries(change).some(([key, value]) => form[key as keyof Form] !== value)
    if (!changes || !concession.concerns(conversation)) continue
    form = { ...form, ...change }
    yield form
  }
}

export function hasThoughtBesideText({ content, reasoning_content, tool_calls }: ChatMessage): boolean {
  return Boolean(reasoning_content) && Boolean(content) && tool_calls !== undefined
}

function isWhole({ function: { description, parameters } }: ToolDefinition): boolean {
  return description !== undefined && parameters?.['properties'] !== undefined
}

/** A tool with what is optional. */
export function wholeTool(tool: ToolDefinition): ToolDefinition {
  const { name, description, parameters, ...rest } = tool.function
  const whole = { type: 'object', ...parameters, properties: parameters?.['properties'] ?? {} }
  return { ...tool, function: { name, description: description ?? '', parameters: whole, ...rest } }
}
