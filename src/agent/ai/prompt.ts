import type { ChatMessage, MessageToolCall } from '../../chat/message.js'
import { resultText } from '../loop/wording.js'
import type { PromptMessage, PromptPart, ToolOutput, Warning } from './types.js'

/** A conversation of the SDK as ours; what a model of text cannot read is left out with a warning. */
export function chatMessages(prompt: readonly PromptMessage[], warnings: Warning[]): ChatMessage[] {
  return prompt.flatMap(({ role, content }) => {
    if (typeof content === 'string') return [{ role, content }]
    if (role === 'assistant') return [assistantMessage(content, warnings)]
    if (role === 'tool') return toolMessages(content, warnings)
    return [{ role, content: textOf(content, role, warnings) }]
  })
}

function textOf(parts: readonly PromptPart[], role: string, warnings: Warning[]): string {
  return parts
    .map(({ type, text = '' }) => {
      if (type !== 'text') warnings.push({ type: 'unsupported', feature: `${type} parts in ${role} messages` })
      return type === 'text' ? text : ''
    })
    .join('')
}

function assistantMessage(parts: readonly PromptPart[], warnings: Warning[]): ChatMessage {
  const of = (type: string): readonly PromptPart[] => parts.filter((part) => part.type === type)
  const rest = parts.filter(({ type }) => type !== 'reasoning' && type !== 'tool-call')
  const text = textOf(rest, 'assistant', warnings)
  const thought = of('reasoning')
    .map((part) => part.text ?? '')
    .join('')
  const calls = of('tool-call').map(callOf)
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(thought !== '' && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function callOf({ toolCallId, toolName = '', input }: PromptPart): MessageToolCall {
  const text = typeof input === 'string' ? input : JSON.stringify(input ?? {})
  return { id: toolCallId, type: 'function', function: { name: toolName, arguments: text } }
}

/** Answers to requests for approval are no results: what was denied comes as one too. */
function toolMessages(parts: readonly PromptPart[], warnings: Warning[]): ChatMessage[] {
  return parts
    .filter(({ type }) => type === 'tool-result')
    .map(({ toolCallId, toolName, output }) => ({
      role: 'tool',
      tool_call_id: toolCallId,
      name: toolName,
      content: outputText(output ?? { type: 'text', value: '' }, warnings),
    }))
}

function outputText({ type, value, reason }: ToolOutput, warnings: Warning[]): string {
  if (type === 'execution-denied')
    return `The user did not allow this call${reason === undefined ? '' : `: ${reason}`}. Do not repeat it.`
  if (type === 'error-text' || type === 'error-json') return `Error: ${resultText(value)}`
  if (type !== 'content' || !Array.isArray(value)) return resultText(value)
  return (value as PromptPart[])
    .map((part) => {
      if (part.type === 'text') return part.text ?? ''
      warnings.push({ type: 'unsupported', feature: `${part.type} parts in results of tools` })
      return `[${part.type}]`
    })
    .join('\n')
}
