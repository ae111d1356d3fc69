import { itemSchema, propertySchema, toolSchema, typedValue, typesOf, type Schema } from './arguments.js'
import { objectText } from './object-text.js'
import { dialectOf } from './answer.js'
import { attempt } from './read-calls.js'
import type { AnswerReader, Reading } from './reader.js'

const MARK = ']<]minimax[>['
const BEGIN = `${MARK}<tool_call>`
const END = `${MARK}</tool_call>`
/** Deeper than any argument, and far from the end of the stack. */
const MAX_DEPTH = 64

/**
 * MiniMax M3: elements named after the parameters, each tag with a mark before it that no text holds. Objects are elements in
 * elements, lists are elements called item. A grammar writes them as JSON in one element.
 */
export const minimaxM3 = dialectOf(
  { name: 'minimax-m3', thought: { open: '<mm:think>', close: '</mm:think>' }, stopMarkers: ['[e~['] },
  {
    markers: ['<mm:think>', '</mm:think>', MARK],
    calls: [{ triggers: [BEGIN], read: (reader) => attempt(reader, block) }],
    toolSyntax: () => ({
      before: `${BEGIN}\n`,
      begin: (name) => `${MARK}<invoke name="${name}">`,
      argumentsAs: {
        kind: 'tagged',
        begin: (key) => `${MARK}<${key}>`,
        end: (key) => `${MARK}</${key}>`,
        between: '',
        strings: 'raw',
      },
      end: `${MARK}</invoke>\n`,
      between: '',
      after: END,
      parallel: true,
    }),
  },
)

function* block(reader: AnswerReader): Reading<boolean> {
  yield* reader.take([BEGIN])
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
    const schema = toolSchema(reader.setup.tools, call.name)
    reader.call(call.name, members(call.children, schema))
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

function members(children: readonly Element[], schema: Schema): string {
  return objectText(children.map((child) => [child.tag, json(child, propertySchema(schema, child.tag))] as const))
}

function json({ text, children }: Element, schema: Schema): string {
  if (children.length === 0) return leaf(text, schema)
  if (children.every(({ tag }) => tag === 'item'))
    return `[${children.map((child) => json(child, itemSchema(schema))).join(', ')}]`
  return members(children, schema)
}

/** A list or an object without elements has no text either. */
function leaf(text: string, { own, root }: Schema): string {
  const types = typesOf(own, root)
  if (text.trim() === '' && types && !types.has('string')) {
    if (types.has('array')) return '[]'
    if (types.has('object')) return '{}'
  }
  return typedValue(text, types, 'json')
}
