import { UserError } from '../../errors.js'
import type { ChatMessage, MessageToolCall, ToolDefinition } from '../message.js'
import { parseJson } from '../python/json.js'
import { Dict, type Value } from '../python/values.js'

/** The system messages at the beginning as one, and what follows. A developer's message is a system message here. */
export function withSystem(messages: readonly ChatMessage[]): { system: string | undefined; turns: ChatMessage[] } {
  const plain = messages.map((m): ChatMessage => (m.role === 'developer' ? { ...m, role: 'system' } : m))
  const end = plain.findIndex((m) => m.role !== 'system')
  const leading = end < 0 ? plain : plain.slice(0, end)
  const system = leading.map((m) => m.content ?? '').join('\n\n')
  return { system: leading.length > 0 ? system : undefined, turns: plain.slice(leading.length) }
}

/** Arguments in the order and with the numbers of their text; undefined where they are no JSON object. Nothing stands for none. */
export function argumentEntries(text: string): [name: string, value: Value][] | undefined {
  const value = text.trim() === '' ? new Dict() : parseJson(text)
  return value instanceof Dict ? value.entries().map(([key, item]) => [key as string, item]) : undefined
}

/** Arguments of a call. @throws UserError invalid_argument for what is no JSON object. */
export function argumentsOf(call: MessageToolCall): [name: string, value: Value][] {
  const { name, arguments: text } = call.function
  const entries = argumentEntries(text)
  if (entries) return entries
  const found = JSON.stringify(text.slice(0, 80))
  throw new UserError(`arguments of the call of ${name}: expected a JSON object, found ${found}`, 'invalid_argument')
}

/** Each run of tools' messages in the order of the calls that they answer; where ids are missing, as it was given. */
export function inCallOrder(turns: readonly ChatMessage[]): ChatMessage[] {
  const ordered: ChatMessage[] = []
  let calls: readonly MessageToolCall[] = []
  for (let i = 0; i < turns.length;) {
    const turn = turns[i]!
    if (turn.tool_calls) calls = turn.tool_calls
    let end = i + 1
    if (turn.role === 'tool') while (turns[end]?.role === 'tool') end++
    const place = (m: ChatMessage): number =>
      calls.findIndex((call) => call.id !== undefined && call.id === m.tool_call_id)
    const run = turns.slice(i, end)
    if (turn.role === 'tool' && run.every((m) => place(m) >= 0)) run.sort((a, b) => place(a) - place(b))
    ordered.push(...run)
    i = end
  }
  return ordered
}

/** Tools without the keys that have no value. */
export function declared(tools: readonly ToolDefinition[]): object[] {
  return tools.map((tool) => ({ ...tool, function: functionOf(tool) }))
}

export function functionOf({ function: f }: ToolDefinition): object {
  return Object.fromEntries(Object.entries(f).filter(([, value]) => value !== undefined && value !== null))
}
