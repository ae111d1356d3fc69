import { itemSchema, propertySchema, toolSchema, typedValue, typesOf, type Schema } from './arguments.js'
import { objectText, ToldArguments } from './object-text.js'
import { dialectOf } from './answer.js'
import { attempt } from './atoms.js'
import { callsBetween } from './read-calls.js'
import type { AnswerReader, Reading } from './reader.js'

const MARK = ']<]minimax[>['
const BEGIN = `${MARK}<tool_call>`
const END = `${MARK}</tool_call>`
const ITEM = 'item'
/** Deeper than any argument, and far from the end of the stack. */
const MAX_DEPTH = 64

/**
 * MiniMax M3: elements named after the parameters, each tag with a mark before it that no text holds. Objects are elements in
 * elements, lists are elements called item. JSON in an element is read too: a grammar writes it for what elements cannot say.
 */
export const minimaxM3 = dialectOf(
  { name: 'minimax-m3', thought: { open: '<mm:think>', close: '</mm:think>' }, stopMarkers: ['[e~['] },
  {
    markers: ['<mm:think>', '</mm:think>', MARK],
    calls: [{ triggers: [BEGIN], read: (reader) => attempt(reader, callsBetween(BEGIN, [], END, call)) }],
    toolSyntax: () => ({
      before: `${BEGIN}\n`,
      begin: (name) => `${MARK}<invoke name="${name}">`,
      argumentsAs: {
        kind: 'tagged',
        begin: (key) => `${MARK}<${key}>`,
        end: (key) => `${MARK}</${key}>`,
        between: '',
        strings: 'raw',
        item: ITEM,
      },
      end: `${MARK}</invoke>\n`,
      between: '',
      after: END,
      parallel: true,
    }),
  },
)

function* call(reader: AnswerReader): Reading<boolean> {
  yield* reader.space()
  if ((yield* reader.take([`${MARK}<invoke`])) === undefined) return false
  const name = /^\s+name=["']([^"']+)["']$/.exec((yield* reader.until(['>'])).text)?.[1]
  if (name === undefined) return false
  const schema = toolSchema(reader.setup.tools, name)
  const told = new ToldArguments((text) => reader.input(name, text))
  for (;;) {
    yield* reader.space()
    const key = yield* tag(reader)
    if (key === '/invoke') break
    if (key === undefined || !(yield* argument(reader, key, propertySchema(schema, key), told))) return false
  }
  reader.call(name, told.end())
  return true
}

/** A marked tag's inside. */
function* tag(reader: AnswerReader): Reading<string | undefined> {
  if ((yield* reader.take([`${MARK}<`])) === undefined) return undefined
  const { text, marker } = yield* reader.until(['>'])
  return marker === undefined || text === '' ? undefined : text
}

/** After its tag; a string is told while it is read, with whatever tags stand in it. */
function* argument(reader: AnswerReader, key: string, schema: Schema, told: ToldArguments): Reading<boolean> {
  const types = typesOf(schema.own, schema.root)
  if (types?.size === 1 && types.has('string')) {
    const { text, marker } = yield* reader.until([`${MARK}</${key}>`], told.string(key, false))
    if (marker !== undefined) told.add(key, JSON.stringify(text))
    return marker !== undefined
  }
  const found = yield* element(reader, key, 0)
  if (found) told.add(key, json(found, schema))
  return found !== undefined
}

interface Element {
  readonly tag: string
  readonly text: string
  readonly children: readonly Element[]
}

/** An element after its tag, with its end; undefined where tags do not fit into each other. */
function* element(reader: AnswerReader, name: string, depth: number): Reading<Element | undefined> {
  if (depth > MAX_DEPTH || name.startsWith('/')) return undefined
  const { text } = yield* reader.until([MARK])
  const children: Element[] = []
  for (;;) {
    if ((yield* reader.take(['<'])) === undefined) return undefined
    const next = (yield* reader.until(['>'])).text
    // What follows a name in its tag, as an attribute would, may be left out at the end.
    if (next === `/${name}` || next === `/${name.split(/\s/, 1)[0]!}`) return { tag: name, text, children }
    const child = yield* element(reader, next, depth + 1)
    if (!child) return undefined
    children.push(child)
    yield* reader.until([MARK])
  }
}

function members(children: readonly Element[], schema: Schema): string {
  return objectText(children.map((child) => [child.tag, json(child, propertySchema(schema, child.tag))] as const))
}

function json({ text, children }: Element, schema: Schema): string {
  if (children.length === 0) return leaf(text, schema)
  const types = typesOf(schema.own, schema.root)
  const isObject = types?.has('object') && !types.has('array')
  if (!isObject && children.every(({ tag }) => tag === ITEM))
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
