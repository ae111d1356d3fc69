import { UserError } from '../../errors.js'
import { escapeAttribute } from '../dialects/kimi-k3.js'
import type { ChatMessage, MessageToolCall } from '../message.js'
import type { ChatTemplate, PromptSegment, RenderOptions } from '../prompt.js'
import { isNumber } from '../python/numbers.js'
import type { Value } from '../python/values.js'
import { argumentEntries, declared, inCallOrder } from './conversation.js'
import { pythonJson } from './python-json.js'
import { effortOf, isThinking } from './thinking.js'

const OPEN = '<|open|>'
const CLOSE = '<|close|>'
const SEPARATOR = '<|sep|>'
const END = '<|end_of_msg|>'
const EFFORTS = { low: 'low', high: 'high', max: 'max' }

/**
 * Kimi K3's prompt; its checkpoint has no template. Moonshot's encoding_k3.py: only what the encoder itself writes is a
 * special token, and every name and attribute is encoded alone, so the prompt is a list of segments.
 */
export const kimiK3Prompt: ChatTemplate = {
  render: (messages, options) =>
    segments(messages, options)
      .map(({ text }) => text)
      .join(''),
  segments,
}

type Attributes = readonly (readonly [name: string, value: string])[]

function segments(messages: readonly ChatMessage[], options: RenderOptions = {}): PromptSegment[] {
  const thinking = isThinking(options, true)
  const tools = options.tools ?? []
  const ordered = inCallOrder(messages)
  return [
    ...(tools.length > 0 ? notice('tool-declare', toolsText(declared(tools))) : []),
    ...(thinking ? notice('thinking-effort', effortText(options)) : []),
    ...ordered.flatMap((message, i) => messageOf(message, ordered, i)),
    ...((options.addGenerationPrompt ?? true) ? generation(thinking) : []),
  ]
}

function generation(thinking: boolean): PromptSegment[] {
  return [...open('message', [['role', 'assistant']]), ...open(thinking ? 'think' : 'response')]
}

function messageOf(message: ChatMessage, messages: readonly ChatMessage[], index: number): PromptSegment[] {
  // A developer's message is a system message here.
  const role = message.role === 'developer' ? 'system' : message.role
  const attributes: Attributes =
    role === 'tool'
      ? [['role', role], ...resultOf(message, messages, index)]
      : [['role', role], ...(message.name !== undefined ? [['name', message.name] as const] : [])]
  const body = role === 'assistant' ? answer(message) : plain(message.content ?? '')
  return [...open('message', attributes), ...body, ...close('message'), special(END)]
}

/** Which call a tool's message answers: its name, and its place among the calls of the answer, from 1. */
function resultOf(message: ChatMessage, messages: readonly ChatMessage[], index: number): Attributes {
  const start = messages.slice(0, index).findLastIndex((m) => m.role !== 'tool')
  const calls = messages[start]?.tool_calls ?? []
  const byId = calls.findIndex((call) => call.id !== undefined && call.id === message.tool_call_id)
  const place = byId >= 0 ? byId : index - start - 1
  const name = calls[place]?.function.name ?? message.name
  if (name === undefined)
    throw new UserError(
      "a tool's message without a call before it; send the assistant's tool_calls too",
      'invalid_argument',
    )
  return [
    ['tool', name],
    ['index', String(place + 1)],
  ]
}

function answer(message: ChatMessage): PromptSegment[] {
  const calls = message.tool_calls ?? []
  return [
    ...element('think', [], plain(message.reasoning_content ?? '')),
    ...element('response', [], plain(message.content ?? '')),
    ...(calls.length > 0 ? element('tools', [], calls.flatMap(callOf)) : []),
  ]
}

function callOf({ function: { name, arguments: text } }: MessageToolCall, index: number): PromptSegment[] {
  const args = argumentEntries(text)
  const body = args
    ? args.flatMap(([key, value]) =>
        element(
          'argument',
          [
            ['key', key],
            ['type', typeOf(value)],
          ],
          plain(typeof value === 'string' ? value : pythonJson(value)),
        ),
      )
    : element('json', [['type', 'object']], plain(text))
  return element(
    'call',
    [
      ['tool', name],
      ['index', String(index + 1)],
    ],
    body,
  )
}

function typeOf(value: Value): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return isNumber(value) && typeof value !== 'boolean' ? 'number' : typeof value
}

function notice(type: string, text: string): PromptSegment[] {
  return [
    ...element(
      'message',
      [
        ['role', 'system'],
        ['type', type],
      ],
      plain(text),
    ),
    special(END),
  ]
}

function element(name: string, attributes: Attributes, body: PromptSegment[]): PromptSegment[] {
  return [...open(name, attributes), ...body, ...close(name)]
}

function open(name: string, attributes: Attributes = []): PromptSegment[] {
  const written = attributes.flatMap(([key, value]) => [` ${key}`, '="', escapeAttribute(value), '"'])
  return [special(OPEN), ...[name, ...written].flatMap(plain), special(SEPARATOR)]
}

function close(name: string): PromptSegment[] {
  return [special(CLOSE), ...plain(name), special(SEPARATOR)]
}

function special(text: string): PromptSegment {
  return { text, special: true }
}

function plain(text: string): PromptSegment[] {
  return text === '' ? [] : [{ text, special: false }]
}

function toolsText(tools: readonly object[]): string {
  const json = pythonJson(tools, { compact: true, sortKeys: true })
  return `# Tools\nHere are the available tools, described in JSONSchema.\n\n\`\`\`json\n${json}\n\`\`\``
}

/** The published text names medium, which the published encoder refuses. */
function effortText(options: RenderOptions): string {
  const effort = effortOf(options, ['thinking_effort', 'reasoning_effort'], EFFORTS) ?? EFFORTS.max
  return (
    '`thinking_effort` guides on how much to think in your thinking channel (not including the response channel), ' +
    'supported values include `low`, `medium`, `high`, and `max`.\n' +
    `Now the system is invoked with \`thinking_effort=${effort}\`.`
  )
}
