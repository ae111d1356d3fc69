import { isJsonObject } from '../../json.js'
import type { ChatMessage, MessageToolCall, ToolDefinition } from '../message.js'
import type { ChatTemplate } from '../prompt.js'
import { dialectOf } from './answer.js'
import type { Dialect } from './dialect.js'
import { THINK, triggerOf, type CallForm, type Family, type ThinkTags } from './written.js'

/** Words that a template has for no reason of its own. */
const NAME = 'look_up_the_tide'
const [KEY, OTHER_KEY] = ['harbour_name', 'tide_day'] as const
const [VALUE, OTHER_VALUE] = ['Warnemuende', 'Saturday'] as const
const [TEXT, THOUGHT] = ['The sea is calm.', 'They ask for tides.'] as const
const IDS = ['aB3dE5gH7', 'zY8xW6vU4']

const TOOL: ToolDefinition = {
  type: 'function',
  function: {
    name: NAME,
    description: 'The tide at a harbour',
    parameters: {
      type: 'object',
      properties: {
        [KEY]: { type: 'string', description: 'Its name' },
        [OTHER_KEY]: { type: 'string', description: 'A day' },
        hours: { type: 'integer', description: 'How many' },
        options: { type: 'object', description: 'What else' },
      },
    },
  },
}
const ARGUMENTS = { [KEY]: VALUE, [OTHER_KEY]: OTHER_VALUE }
/** What has to be read back too. */
const FURTHER = { [KEY]: 'a "b" <c>\nd', hours: 12, options: { deep: [true, 1.5, 'e'] } }

/**
 * The dialect of a template that no family is known for: probes are rendered, and what stands around the parts of a call is its form.
 * Undefined where the template writes no calls, or none that are read back.
 */
export function deriveDialect(template: Pick<ChatTemplate, 'render'>): Dialect | undefined {
  const render = (turn: Partial<ChatMessage>): string | undefined => rendered(template, turn)
  const plain = render({ content: TEXT })
  const one = render({ content: '', tool_calls: [call(0)] })
  if (plain === undefined || one === undefined) return undefined
  const single = between(one, plain)
  const several = render({ content: '', tool_calls: [call(0), call(1)] })
  const form = formOf(single, several === undefined ? undefined : between(several, plain))
  if (!form) return undefined
  const trigger = triggerOf(form.written)
  if (trigger === '') return undefined
  const bare = !/[<[|]/.test(trigger)
  const thought = thoughtOf(render({ content: TEXT, reasoning_content: THOUGHT }))
  const family: Family = { name: 'derived', thought, calls: [{ ...form.written, bare }], parallel: form.parallel }
  const dialect = { ...dialectOf(family), derived: sampleOf(form.written) }
  return readsBack(dialect, template, form.parallel) ? dialect : undefined
}

function call(index: number, args: object = ARGUMENTS): MessageToolCall {
  return { id: IDS[index]!, type: 'function', function: { name: NAME, arguments: JSON.stringify(args) } }
}

function rendered(template: Pick<ChatTemplate, 'render'>, turn: Partial<ChatMessage>): string | undefined {
  const messages: ChatMessage[] = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: '', ...turn },
  ]
  try {
    return template.render(messages, { tools: [TOOL], addGenerationPrompt: false })
  } catch {
    return undefined
  }
}

/** What a rendering has where the other has something else. */
function between(one: string, other: string): string {
  const rest = one.slice(commonStart(one, other).length)
  return rest.slice(0, rest.length - commonEnd(other, rest).length)
}

interface Core {
  readonly start: number
  readonly end: number
  /** With places for its parts. */
  readonly call: string
  readonly more: Partial<CallForm>
}

/** The form of calls from the text of one, and of two. */
function formOf(one: string, two: string | undefined): { written: CallForm; parallel: boolean } | undefined {
  const core = coreOf(one, 0)
  if (!core || one.includes('$')) return undefined
  const [lead, tail] = [one.slice(0, core.start), one.slice(core.end)]
  const first = two === undefined ? undefined : coreOf(two, 0)
  const second = first && coreOf(two!, first.end)
  if (!second) return { written: { call: lead + core.call + tail, ...core.more }, parallel: false }
  const middle = two!.slice(first.end, second.start)
  // What stands before each call, and after each; the rest is of all together.
  const before = commonEnd(lead, middle)
  const after = commonStart(tail, middle.slice(0, middle.length - before.length))
  const begin = lead.slice(0, lead.length - before.length)
  const written = {
    begin,
    call: before + core.call + after,
    between: middle.slice(after.length, middle.length - before.length),
    // What ends calls that have no beginning in common is the turn's own end.
    end: begin.trim() === '' ? '' : tail.slice(after.length),
    ...core.more,
  }
  return { written, parallel: true }
}

/** One call from `from` on, from its name or the object that has it to its arguments' end. */
function coreOf(text: string, from: number): Core | undefined {
  const name = text.indexOf(NAME, from)
  if (name < 0) return undefined
  return jsonCore(text, from, name) ?? pythonCore(text, name) ?? taggedCore(text, name)
}

function pattern(...parts: string[]): RegExp {
  return new RegExp(parts.join('\\s*'), 'g')
}

const JSON_ARGUMENTS = pattern(
  '\\{',
  `"${KEY}"`,
  ':',
  `"${VALUE}"`,
  ',',
  `"${OTHER_KEY}"`,
  ':',
  `"${OTHER_VALUE}"`,
  '\\}',
)

function jsonCore(text: string, from: number, name: number): Core | undefined {
  JSON_ARGUMENTS.lastIndex = from
  const args = JSON_ARGUMENTS.exec(text)
  if (!args) return undefined
  const argsEnd = args.index + args[0].length
  const object = objectAround(text, from, Math.min(name, args.index), Math.max(name + NAME.length, argsEnd))
  if (!object && args.index < name) return undefined
  const [start, end] = object ?? [name, argsEnd]
  const parts = text.slice(start, end).replace(args[0], '$arguments').replaceAll(NAME, '$name')
  const id = IDS.find((one) => parts.includes(one))
  return {
    start,
    end,
    call: id === undefined ? parts : parts.replaceAll(id, '$id'),
    more: id === undefined ? {} : { ids: '[A-Za-z0-9]{9}' },
  }
}

/** The smallest JSON object that holds all from `first` to `last`. */
function objectAround(text: string, from: number, first: number, last: number): [number, number] | undefined {
  for (let start = text.lastIndexOf('{', first); start >= from; start = text.lastIndexOf('{', start - 1)) {
    for (let end = text.indexOf('}', last - 1); end >= 0; end = text.indexOf('}', end + 1))
      if (isJson(text.slice(start, end + 1))) return [start, end + 1]
    if (start === 0) break
  }
  return undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const QUOTED = (value: string): string => `(?:"${value}"|'${value}')`
const PYTHON_CALL = pattern(NAME, '\\(', KEY, '=', QUOTED(VALUE), ',', OTHER_KEY, '=', QUOTED(OTHER_VALUE), '\\)')

function pythonCore(text: string, name: number): Core | undefined {
  PYTHON_CALL.lastIndex = name
  const found = PYTHON_CALL.exec(text)
  if (found?.index !== name) return undefined
  return { start: name, end: name + found[0].length, call: '$name($arguments)', more: { values: 'python' } }
}

/** Arguments one after the other, each with its key and its value. */
function taggedCore(text: string, name: number): Core | undefined {
  const places: number[] = []
  for (const part of [KEY, VALUE, OTHER_KEY, OTHER_VALUE]) {
    const at = text.indexOf(part, places.at(-1) ?? name + NAME.length)
    if (at < 0) return undefined
    places.push(at)
  }
  const [key = 0, value = 0, otherKey = 0, otherValue = 0] = places
  const lead = text.slice(name + NAME.length, key)
  const middle = text.slice(value + VALUE.length, otherKey)
  const before = commonEnd(lead, middle)
  const after = middle.slice(0, middle.length - before.length)
  const end = otherValue + OTHER_VALUE.length + after.length
  if (before.trim() === '' || after.trim() === '' || text.slice(end - after.length, end) !== after) return undefined
  const parameter = `${before}$key${text.slice(key + KEY.length, value)}$value${after}`
  const call = `$name${lead.slice(0, lead.length - before.length)}$arguments`
  return { start: name, end, call, more: { parameter } }
}

/** The tags around a thought, if it is written between tags. */
function thoughtOf(text: string | undefined): ThinkTags {
  const [before, after] = text?.split(THOUGHT) ?? []
  const open = /(?:<[^<>\s]+>|\[[A-Z_]+\])\s*$/.exec(before ?? '')?.[0].trim()
  const close = /^\s*(?:<\/?[^<>\s]+>|\[\/?[A-Z_]+\])/.exec(after ?? '')?.[0].trim()
  return open === undefined || close === undefined || open.startsWith('</') ? THINK : { open, close }
}

/** Whether the dialect reads what the template writes of other calls. */
function readsBack(dialect: Dialect, template: Pick<ChatTemplate, 'render'>, parallel: boolean): boolean {
  const calls = parallel ? [call(0, FURTHER), call(1)] : [call(0, FURTHER)]
  const text = rendered(template, { content: '', tool_calls: calls })
  const plain = rendered(template, { content: TEXT })
  if (text === undefined || plain === undefined) return false
  const parser = dialect.parser({ prompt: '', tools: [TOOL], newId: () => '' })
  const parts = [...parser.push(between(text, plain)), ...parser.flush()]
  const found = parts.map(
    (part) => (part.kind === 'tool-call' ? JSON.parse(part.call.arguments) : part.text) as unknown,
  )
  return sorted(found) === sorted(parallel ? [FURTHER, ARGUMENTS] : [FURTHER])
}

/** JSON text with keys in order: some templates sort them. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isJsonObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  )
}

function sampleOf({ begin = '', call: written, end = '' }: CallForm): string {
  return begin + written.replace('$name', 'NAME').replace('$arguments', 'ARGUMENTS').replace('$id', 'ID') + end
}

/** What both begin with, without a part of a tag. */
function commonStart(a: string, b: string): string {
  let n = 0
  while (n < a.length && a[n] === b[n]) n++
  return a.slice(0, n).replace(/(?:<[^<>\n]*|\[\w*)$/, '')
}

/** What both end with, without a part of a tag. */
function commonEnd(a: string, b: string): string {
  let n = 0
  while (n < Math.min(a.length, b.length) && a.at(-1 - n) === b.at(-1 - n)) n++
  const common = a.slice(a.length - n)
  return /<[^<>\n]*$/.test(b.slice(0, b.length - n)) ? common.replace(/^[^>\n]*>/, '') : common
}
