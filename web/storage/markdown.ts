/*
 * A conversation as Markdown that people read, and that is read back: each message has a heading, which a comment (that no reader
 * shows) tells from headings inside of messages.
 */
import { newId } from '../page/id.js'
import type { Attachment, Call, Conversation, Message } from './types.js'

/** A conversation with all its messages, versions included. */
export interface Whole {
  readonly conversation: Conversation
  readonly messages: readonly Message[]
}

const ROLES = { user: 'user', assistant: 'assistant', tool: 'tool' } as const
type Role = keyof typeof ROLES

const HEADING = /^## (.*?) <!-- (user|assistant|tool)(?: ([^ ]*))? -->$/
const FILE = /^<!-- file: (.*) -->$/
const CALL = /^<!-- call: ([^ ]*) ([^ ]*) -->$/
const THOUGHT = '<details><summary>Thought</summary>'
const THOUGHT_END = '</details>'
/** Lines of a message that look like one of these get a backslash in front. */
const OWN = /^\\*(?:## .* <!-- .* -->|<!-- (?:file|call): .* -->|<details><summary>Thought<\/summary>|<\/details>)$/
/** Headings of other programs' conversations. */
const OTHERS: readonly (readonly [RegExp, Role])[] = [
  [/^(?:you|user|human|me|question|你|用户)\b/iu, 'user'],
  [/^(?:tool|工具)\b/iu, 'tool'],
]

/** The shown path. */
export function toMarkdown(
  { title }: Conversation,
  path: readonly Message[],
  names: { you: string; tool: string },
): string {
  const sections = path.map((message) => {
    const { role, model, text, reasoning, files = [], calls = [], callId } = message
    const who = role === 'user' ? names.you : role === 'tool' ? names.tool : (model ?? 'assistant')
    const mark = `<!-- ${role}${callId === undefined ? '' : ` ${encodeURIComponent(callId)}`} -->`
    const parts = [
      ...files.map(
        ({ name, text: content }) => `<!-- file: ${encodeURIComponent(name)} -->\n\n**${name}**\n\n${fenced(content)}`,
      ),
      ...(reasoning ? [`${THOUGHT}\n\n${escaped(reasoning)}\n\n${THOUGHT_END}`] : []),
      ...(text === '' ? [] : [escaped(text)]),
      ...calls.map(
        ({ id, name, arguments: given }) =>
          `<!-- call: ${encodeURIComponent(id)} ${encodeURIComponent(name)} -->\n\n${fenced(given)}`,
      ),
    ]
    return [`## ${who.replaceAll('\n', ' ')} ${mark}\n`, ...parts.map((part) => `${part}\n`)].join('\n')
  })
  return [`# ${title.replaceAll('\n', ' ')}\n`, ...sections].join('\n')
}

/**
 * Reads what {@link toMarkdown} wrote, and any text of sections `## You` and `## NAME`.
 * @throws Error where there is no such section
 */
export function fromMarkdown(text: string, name: string): Whole {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n')
  const own = lines.some((line) => HEADING.test(line))
  const sections = sectionsOf(lines, own)
  if (sections.length === 0)
    throw new Error('expected sections that begin with "## You" or "## " and a name, found none')
  const now = Date.now()
  const id = newId()
  const heading = lines.find((line) => /^# \S/.test(line))
  const messages: Message[] = []
  for (const section of sections) {
    const body = own ? bodyOf(section.lines) : { text: section.lines.join('\n').trim() }
    messages.push({
      id: newId(),
      conversation: id,
      parent: messages.at(-1)?.id ?? '',
      role: section.role,
      created: now + messages.length,
      state: 'done',
      ...(section.role === 'assistant' && section.who !== 'assistant' && { model: section.who }),
      ...(section.callId !== undefined && { callId: section.callId }),
      ...body,
    })
  }
  const title = (heading?.slice(2).trim() ?? name.replace(/\.\w+$/, '')).slice(0, 200)
  return { conversation: { id, title, created: now, changed: now, settings: {}, chosen: {} }, messages }
}

interface Section {
  readonly role: Role
  readonly who: string
  readonly callId?: string | undefined
  readonly lines: string[]
}

function sectionsOf(lines: readonly string[], own: boolean): Section[] {
  const sections: Section[] = []
  let fence: string | undefined
  for (const line of lines) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    const found = own ? HEADING.exec(line) : fence === undefined ? /^## (\S.*)$/.exec(line) : null
    if (found) {
      const who = found[1] ?? ''
      const role = own ? ROLES[found[2] as Role] : (OTHERS.find(([names]) => names.test(who))?.[1] ?? 'assistant')
      sections.push({ role, who, callId: found[3] === undefined ? undefined : decodeURIComponent(found[3]), lines: [] })
    } else sections.at(-1)?.lines.push(line)
    // Headings inside of code are code.
    if (mark !== undefined && fence === undefined) fence = mark
    else if (fence !== undefined && mark?.startsWith(fence) && line.trim() === mark) fence = undefined
  }
  return sections
}

type Body = Pick<Message, 'text' | 'reasoning' | 'files' | 'calls'>

function bodyOf(lines: readonly string[]): Body {
  const files: Attachment[] = []
  const calls: Call[] = []
  const rest: string[] = []
  let reasoning: string | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    const [file, call] = [FILE.exec(line), CALL.exec(line)]
    if (line === THOUGHT) {
      const end = lines.indexOf(THOUGHT_END, at)
      reasoning = unescaped(trimmed(lines.slice(at + 1, end < 0 ? undefined : end)))
      at = end < 0 ? lines.length : end
    } else if (file || call) {
      const { content, end } = fencedAt(lines, at + 1)
      if (file) files.push({ name: decodeURIComponent(file[1]!), text: content })
      if (call) calls.push({ id: decodeURIComponent(call[1]!), name: decodeURIComponent(call[2]!), arguments: content })
      at = end
    } else rest.push(line)
  }
  return {
    text: unescaped(trimmed(rest)),
    ...(reasoning !== undefined && { reasoning }),
    ...(files.length > 0 && { files }),
    ...(calls.length > 0 && { calls }),
  }
}

/** Empty lines after a heading and before the next one are not the message's. */
function trimmed(lines: readonly string[]): string {
  return lines.join('\n').replace(/^\n+/, '').replace(/\n+$/, '')
}

/** In a fence that is longer than any in it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${escaped(text)}\n${fence}`
}

function fencedAt(lines: readonly string[], from: number): { content: string; end: number } {
  const begin = lines.findIndex((line, i) => i >= from && /^`{3,}$/.test(line))
  const end = begin < 0 ? -1 : lines.indexOf(lines[begin]!, begin + 1)
  if (end < 0) return { content: '', end: from }
  return { content: unescaped(lines.slice(begin + 1, end).join('\n')), end }
}

function escaped(text: string): string {
  return text
    .split('\n')
    .map((line) => (OWN.test(line) ? `\\${line}` : line))
    .join('\n')
}

function unescaped(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.startsWith('\\') && OWN.test(line) ? line.slice(1) : line))
    .join('\n')
}
