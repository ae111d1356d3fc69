import { UserError } from '../../errors.js'
import type { ChatMessage, ToolDefinition } from '../message.js'
import type { ChatTemplate, RenderOptions } from '../prompt.js'
import { functionOf, inCallOrder, withSystem } from './conversation.js'
import { DSML_V32, dsmlCalls, dsmlExample } from './dsml.js'
import { pythonJson } from './python-json.js'
import { isThinking } from './thinking.js'

const BOS = '<｜begin▁of▁sentence｜>'
const EOS = '<｜end▁of▁sentence｜>'
const USER = '<｜User｜>'
const ASSISTANT = '<｜Assistant｜>'
const THINK = '<think>'
const THINK_END = '</think>'

/** DeepSeek V3.2's prompt; its checkpoint has no template. DeepSeek's encoding_dsv32.py. Thinking is off unless it is asked for. */
export const deepseekV32Prompt: ChatTemplate = {
  render(messages, options = {}) {
    const { system, turns } = withSystem(messages)
    const tools = options.tools ?? []
    const head = (system ?? '') + (tools.length > 0 ? `\n\n${toolsText(tools)}` : '')
    const ordered = inCallOrder(turns)
    const lastUser = ordered.findLastIndex((m) => m.role === 'user')
    const thinking = isThinking(options, false)
    return BOS + head + ordered.map((_, i) => turnText(ordered, i, lastUser, thinking, options)).join('')
  },
}

function turnText(
  turns: readonly ChatMessage[],
  index: number,
  lastUser: number,
  thinking: boolean,
  options: RenderOptions,
): string {
  const turn = turns[index]!
  const content = turn.content ?? ''
  // After the last turn the opening belongs to the answer that is asked for.
  const opens = index < turns.length - 1 || (options.addGenerationPrompt ?? true)
  const opening = thinking && index >= lastUser ? THINK : THINK_END
  switch (turn.role) {
    case 'user':
      return USER + content + (opens ? ASSISTANT + opening : '')
    case 'tool':
      return toolText(turns, index) + (isLastResult(turns, index) && opens ? `\n\n${opening}` : '')
    case 'assistant': {
      const thought = thinking && index > lastUser ? (turn.reasoning_content ?? '') + THINK_END : ''
      return thought + content + (turn.tool_calls?.length ? dsmlCalls(turn.tool_calls, DSML_V32) : '') + EOS
    }
    default:
      return content
  }
}

function toolText(turns: readonly ChatMessage[], index: number): string {
  const first = turns[index - 1]?.role !== 'tool'
  const caller = turns.slice(0, index).findLast((m) => m.role === 'assistant')
  if (!caller?.tool_calls?.length)
    throw new UserError(
      "a tool's message without a call before it; send the assistant's tool_calls too",
      'invalid_argument',
    )
  return `${first ? '\n\n<function_results>' : ''}\n<result>${turns[index]!.content ?? ''}</result>${
    isLastResult(turns, index) ? '\n</function_results>' : ''
  }`
}

function isLastResult(turns: readonly ChatMessage[], index: number): boolean {
  return turns[index + 1]?.role !== 'tool'
}

function toolsText(tools: readonly ToolDefinition[]): string {
  const { block } = DSML_V32
  return `## Tools

You have access to a set of tools you can use to answer the user's question.
You can invoke functions by writing a "<${block}>" block like the following as part of your reply to the user:
${dsmlExample(DSML_V32, 'FUNCTION')}

String and scalar parameters should be specified as is without any escaping or quotes, while lists and objects should use JSON format. The "string" attribute should be set to "true" for string type parameters and "false" for other types (numbers, booleans, arrays, objects).

If the thinking_mode is enabled, then after function results you should strongly consider outputting a thinking block. Here is an example:

<${block}>
...
</${block}>

<function_results>
...
</function_results>

${THINK}...thinking about results${THINK_END}

Here are the functions available in JSONSchema format:
<functions>
${tools.map((tool) => pythonJson(functionOf(tool))).join('\n')}
</functions>
`
}
