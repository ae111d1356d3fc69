import { argumentTypes, objectText, typedValue } from './arguments.js'
import type { Dialect, JsonType } from './dialect.js'
import { parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const MARK = ']<]minimax[>['
const BEGIN = `${MARK}<tool_call>`
const END = `${MARK}</tool_call>`
/** Deeper than any argument, and far from the end of the stack. */
const MAX_DEPTH = 64

/**
 * MiniMax M3: elements named after the parameters, each tag behind a mark that no text holds. Objects are elements in
 * elements, lists are elements called item. A grammar writes them as JSON in one element: inside of elements nothing says which
 * texts are strings.
 */
export const minimaxM3: Dialect = {
  name: 'minimax-m3',
  markers: [THINK.open, THINK.close, MARK],
  stopMarkers: ['[e~['],
  textStart: endOf(THINK),
  parser: (setup) =>
    parserOf(setup, function* (reader) {
      yield* reasoning(reader, THINK)
      yield* textWithCalls(reader, [BEGIN], () => block(reader))
    }),
  toolSyntax: () => ({
    before: `${BEGIN}\n`,
    begin: (name) => `${MARK}<invoke name="${name}">\n`,
    argumentsAs: {
      kind: 'tagged',
      begin: (key) => `${MARK}<${key}>`,
      end: (key) => `${MARK}</${key}>\n`,
      between: '',
      strings: 'raw',
    },
    end: `${MARK}</invoke>\n`,
    between: '',
    after: END,
    parallel: true,
  }),
}

function* block(reader: AnswerReader): Reading<boolean> {
  const { text, marker } = yield* reader.until([END])
  const roots = marker === undefined ? undefined : elements(text)
  if (!roots || roots.length === 0) return false
  const calls = roots.map(({ tag, children }) => {
    const name = /^invoke\s+name=["']([^"']+)["']$/.exec(tag)?.[1]
    return name === undefined ? undefined : { name, children }
  })
  if (calls.includes(undefined)) return false
  for (const call of calls) {
    if (!call) continue
    const { tools } = reader.setup
    const entries = call.children.map((child) => [child.tag, json(child, argumentTypes(tools, call.name, child.tag))])
    reader.call(call.name, objectText(entries as [string, string][]))
  }
  return true
}

interface Element {
  readonly tag: string
  text: string
  readonly children: Element[]
}

/** Marked tags as elements; undefined where they do not fit into each other. */
function elements(text: string): Element[] | undefined {
  const root: Element = { tag: '', text: '', children: [] }
  const open = [root]
  const [before = '', ...pieces] = text.split(MARK)
  root.text = before
  for (const piece of pieces) {
    const end = piece.indexOf('>')
    const current = open.at(-1)!
    if (!piece.startsWith('<') || end < 0) return undefined
    const tag = piece.slice(1, end)
    if (tag.startsWith('/')) {
      if (open.length === 1 || current.tag.split(/\s/)[0] !== tag.slice(1)) return undefined
      open.pop()
    } else {
      if (open.length > MAX_DEPTH) return undefined
      const element: Element = { tag, text: piece.slice(end + 1), children: [] }
      current.children.push(element)
      open.push(element)
    }
  }
  return open.length === 1 ? root.children : undefined
}

function json({ text, children }: Element, types: ReadonlySet<JsonType> | undefined): string {
  if (children.length === 0) return typedValue(text, types, 'json')
  if (children.every(({ tag }) => tag === 'item')) return `[${children.map((c) => json(c, undefined)).join(', ')}]`
  return objectText(children.map((child) => [child.tag, json(child, undefined)] as const))
}
