/**
 * JSON Schema (drafts 7 to 2020-12) to nodes. What they match always validates; a schema that cannot be held is refused with the
 * place and the keyword, never weakened. https://json-schema.org/draft/2020-12/json-schema-validation
 */
import { Pauses } from '../pauses.js'
import type { Node } from '../syntax/nodes.js'
import { invalidGrammar } from '../syntax/refuse.js'
import { AnyValue, Builder } from './build.js'
import { Graph } from './graph.js'
import { JSON_DEFAULTS, type Digits, type JsonOptions, type JsonStyle } from './style/options.js'
import { described } from './reading/refusal.js'
import { Shapes } from './shapes.js'
import { layoutOf } from './style/white-space.js'

/**
 * The JSON texts that `schema` allows.
 * @param document the schema in which it stands, and into which its references are, where that is another one
 * @throws UserError invalid_grammar with a JSON pointer and the keyword for what is malformed, contradictory or cannot be enforced,
 *   grammar_too_complex for what is nested too deeply or has too many combinations
 * @example
 * await schemaNode({ type: 'object', properties: { name: { type: 'string' } }, required: ['name'] })
 */
export async function schemaNode(
  schema: unknown,
  options: JsonStyle = {},
  pauses: Pauses = new Pauses(),
  document: unknown = schema,
): Promise<Node> {
  const all = completed(options)
  const shapes = new Shapes(schema, all, document)
  await pauses.run(shapes.reading.schemas.document.read())
  const root = shapes.reading.schemas.goal([{ schema: shapes.reading.schemas.root, negated: false }])
  const graph = await Graph.of(root, shapes, pauses)
  return new Builder(graph, shapes, all).build(root, pauses)
}

/**
 * Any JSON object, or any value.
 * @throws UserError invalid_grammar for options that are out of range
 * @example
 * jsonNode({ whiteSpace: 'compact' }, 'value')
 */
export function jsonNode(options: JsonStyle = {}, what: 'object' | 'value' = 'object'): Node {
  const all = completed(options)
  const any = new AnyValue(layoutOf(all.whiteSpace), all)
  return what === 'object' ? any.object(0) : any.at(0)
}

const MOST_DIGITS: Digits = { whole: 300, decimals: 300, exponent: 3 }
const MOST_SPACES = 10

function completed(options: JsonStyle): JsonOptions {
  const { whiteSpace = JSON_DEFAULTS.whiteSpace, properties = JSON_DEFAULTS.properties } = options
  const spaces =
    typeof whiteSpace === 'number' && Number.isInteger(whiteSpace) && whiteSpace >= 1 && whiteSpace <= MOST_SPACES
  if (!spaces && !['flexible', 'compact', 'spaced', '\t'].includes(whiteSpace as string))
    throw option('whiteSpace', `flexible, compact, spaced, 1 to ${MOST_SPACES} or a tab`, whiteSpace)
  if (!['in-order', 'any'].includes(properties)) throw option('properties', 'in-order or any', properties)
  const digits = { ...JSON_DEFAULTS.digits }
  for (const [name, most] of Object.entries(MOST_DIGITS) as [keyof Digits, number][]) {
    const count = options.digits?.[name] ?? JSON_DEFAULTS.digits[name]
    digits[name] = count
    const least = name === 'whole' ? 1 : 0
    if (!Number.isInteger(count) || count < least || count > most)
      throw option(`digits.${name}`, `a whole number from ${least} to ${most}`, count)
  }
  return { whiteSpace, properties, digits }
}

function option(name: string, what: string, found: unknown): Error {
  return invalidGrammar(`${name}: expected ${what}, found ${described(found)}`)
}
