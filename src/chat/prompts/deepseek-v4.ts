import type { ChatMessage, ToolDefinition } from '../message.js'
import type { ChatTemplate, RenderOptions } from '../prompt.js'
import { functionOf, inCallOrder, withSystem } from './conversation.js'
import { DSML_V4, DSML_V41, dsmlCalls, dsmlExample, type DsmlNames } from './dsml.js'
import { pythonJson } from './python-json.js'
import { effortOf, isThinking } from './thinking.js'

const BOS = '<｜begin▁of▁sentence｜>'
const EOS = '<｜end▁of▁sentence｜>'
const SYSTEM = '<｜System｜>'
const USER = '<｜User｜>'
const ASSISTANT = '<｜Assistant｜>'
const THINK = '<think>'
const THINK_END = '</think>'

/** V4's efforts, by reasoning_effort. */
const EFFORTS_V4 = {
  low: '',
  high: `Reasoning Effort: Absolute maximum with no shortcuts permitted.
You MUST be very thorough in your thinking and comprehensively decompose the problem to resolve the root cause, rigorously stress-testing your logic against all potential paths, edge cases, and adversarial scenarios.
Explicitly write out your entire deliberation process, documenting every intermediate step, considered alternative, and rejected hypothesis to ensure absolutely no assumption is left unchecked.

`,
  max: `Reasoning Effort: Beyond maximum — exhaustive, relentless, and uncompromising.
You MUST reason with the utmost depth and rigor, leaving absolutely nothing to chance: exhaustively decompose the problem into its most fundamental components, trace every causal chain to its root, and resolve the underlying cause rather than any surface symptom.
Do not stop reasoning until you have independently verified the solution from multiple angles and are certain that no assumption remains unchecked and no error remains undiscovered.

`,
}

/** V4.1's, as numbers. Sources differ (25 to 100, and 50 to 100); these are those of the published encoder. */
const EFFORTS_V41 = { low: 50, high: 75, max: 100 }

interface Version {
  readonly tags: DsmlNames
  /** A token before every system text. */
  readonly systemToken: string
  effort(options: RenderOptions): string
}

const V4: Version = {
  tags: DSML_V4,
  systemToken: '',
  effort: (options) => effortOf(options, ['reasoning_effort'], EFFORTS_V4) ?? '',
}

const V41: Version = {
  tags: DSML_V41,
  systemToken: SYSTEM,
  effort: (options) => {
    const number = effortOf(options, ['reasoning_effort'], EFFORTS_V41) ?? EFFORTS_V41.high
    return `Reasoning Effort: ${number} (range 1-100, the higher the value, the more thorough the reasoning)\n\n`
  },
}

/** DeepSeek V4's prompt; its checkpoint has no template. DeepSeek's encoding_dsv4.py. Thinking is off unless it is asked for. */
export const deepseekV4Prompt = promptOf(V4)
/** DeepSeek V4.1's. */
export const deepseekV41Prompt = promptOf(V41)

function promptOf(version: Version): ChatTemplate {
  return {
    render(messages, options = {}) {
      const { system, turns } = withSystem(messages)
      const tools = options.tools ?? []
      const thinking = isThinking(options, false)
      const effort = thinking ? version.effort(options) : ''
      const text = (system ?? '') + (tools.length > 0 ? `\n\n${toolsText(tools, version.tags)}` : '')
      const leads = effort !== '' || system !== undefined || tools.length > 0
      const head = BOS + (leads ? version.systemToken : '') + effort + text
      // Thoughts of earlier turns stay where there are tools.
      const keepsThoughts = thinking && tools.length > 0
      return head + turnsText(merged(inCallOrder(turns)), version, { thinking, keepsThoughts, options })
    },
  }
}

/** Tools' results are part of the user's turn; turns of one role in a row are one. */
function merged(turns: readonly ChatMessage[]): ChatMessage[] {
  const result: ChatMessage[] = []
  for (const turn of turns) {
    const content = turn.role === 'tool' ? `<tool_result>${turn.content ?? ''}</tool_result>` : (turn.content ?? '')
    const role = turn.role === 'tool' ? 'user' : turn.role
    const last = result.at(-1)
    if (last?.role !== role || role === 'system') result.push({ ...turn, role, content })
    else result[result.length - 1] = joined(last, { ...turn, content })
  }
  return result
}

function joined(a: ChatMessage, b: ChatMessage): ChatMessage {
  const both = (x: string | null | undefined, y: string | null | undefined): string =>
    [x, y].filter((text) => text).join('\n\n')
  if (a.role === 'user') return { role: 'user', content: `${a.content ?? ''}\n\n${b.content ?? ''}` }
  return {
    role: a.role,
    content: both(a.content, b.content),
    reasoning_content: both(a.reasoning_content, b.reasoning_content),
    tool_calls: [...(a.tool_calls ?? []), ...(b.tool_calls ?? [])],
  }
}

interface Mode {
  readonly thinking: boolean
  readonly keepsThoughts: boolean
  readonly options: RenderOptions
}

function turnsText(turns: readonly ChatMessage[], version: Version, mode: Mode): string {
  const { thinking, keepsThoughts, options } = mode
  const isAsking = (m: ChatMessage): boolean => m.role === 'user' || (m.role === 'system' && version.systemToken !== '')
  const lastUser = turns.findLastIndex(isAsking)
  return turns
    .map((turn, i) => {
      const next = turns[i + 1]?.role
      const opens = next === 'assistant' || (next === undefined && (options.addGenerationPrompt ?? true))
      const opening = ASSISTANT + (thinking && (keepsThoughts || i >= lastUser) ? THINK : THINK_END)
      if (turn.role === 'assistant') {
        const thought = thinking && (keepsThoughts || i > lastUser) ? (turn.reasoning_content ?? '') + THINK_END : ''
        const calls = turn.tool_calls?.length ? dsmlCalls(turn.tool_calls, version.tags) : ''
        return thought + (turn.content ?? '') + calls + EOS
      }
      const token = turn.role === 'user' ? USER : version.systemToken
      return token + (turn.content ?? '') + (opens ? opening : '')
    })
    .join('')
}

function toolsText(tools: readonly ToolDefinition[], tags: DsmlNames): string {
  return `## Tools

You have access to a set of tools to help answer the user's question. You can invoke tools by writing a "<${tags.block}>" block like the following:

${dsmlExample(tags, 'TOOL')}

String parameters should be specified as is and set \`string="true"\`. For all other types (numbers, booleans, arrays, objects), pass the value in JSON format and set \`string="false"\`.

If thinking_mode is enabled (triggered by ${THINK}), you MUST output your complete reasoning inside ${THINK}...${THINK_END} BEFORE any tool calls or final response.

Otherwise, output directly after ${THINK_END} with tool calls or final response.

### Available Tool Schemas

${tools.map((tool) => pythonJson(functionOf(tool))).join('\n')}

You MUST strictly follow the above defined tool name and parameter schemas to invoke tool calls.
`
}
