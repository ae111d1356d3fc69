/** Calls of tools, as a model's dialect writes them, as EBNF. */
import type { ArgumentSyntax, JsonType, ToolSyntax } from '../chat/dialects/dialect.js'
import type { ToolDefinition } from '../chat/message.js'
import { Rules, invalidGrammar, literal, oneOf, repeated } from './ebnf.js'
import { addJsonSchema } from './json-schema.js'
import type { SchemaObject } from './schema-types.js'

const JSON_TYPES: readonly JsonType[] = ['string', 'number', 'boolean', 'null', 'object', 'array']
/** Calls in one answer, where the dialect numbers them. */
const MOST_NUMBERED = 16

/** An answer that is calls and nothing else, at least one. @throws UserError invalid_grammar, with the tool. */
export function toolCallsToEbnf(syntax: ToolSyntax, tools: readonly ToolDefinition[], parallel: boolean): string {
  const rules = new Rules()
  const { calls } = callRules(rules, syntax, tools, parallel)
  return rules.text(`${literal(syntax.before)} ${calls} ${literal(syntax.end + syntax.after)}`)
}

/**
 * Text in which calls may stand, for xgrammar's structural tags: the answer is free until `trigger` comes.
 * @throws UserError invalid_grammar, also for dialects whose calls have no fixed beginning or end
 */
export function toolCallsTag(syntax: ToolSyntax, tools: readonly ToolDefinition[], parallel: boolean): object {
  const beginnings = tools.map((tool) => syntax.before + syntax.begin(tool.function.name, 0))
  const shared = beginnings.reduce(commonPrefix)
  const lead = shared.length - shared.trimStart().length
  const trigger = shared.trim()
  const end = syntax.end + syntax.after
  if (trigger === '' || end === '')
    throw invalidGrammar('the calls of this model have no fixed beginning and end; leave strict out, or require a call')
  const rules = new Rules()
  const { calls } = callRules(rules, syntax, tools, parallel, lead + trigger.length)
  const content = { type: 'grammar', grammar: rules.text(calls) }
  return {
    type: 'structural_tag',
    format: { type: 'triggered_tags', triggers: [trigger], tags: [{ type: 'tag', begin: trigger, content, end }] },
  }
}

/**
 * One call or more, without `before`, and without the last `end`.
 * `skip`: characters of `before` and the first beginning that stand before already.
 */
function callRules(
  rules: Rules,
  syntax: ToolSyntax,
  tools: readonly ToolDefinition[],
  parallel: boolean,
  skip?: number,
): { calls: string } {
  if (tools.length === 0) throw invalidGrammar('expected at least one tool')
  const bodies = tools.map((tool) => rules.add('arguments', argumentsOf(tool, syntax.argumentsAs, rules)))
  const call = (index: number, without = 0): string =>
    oneOf(
      tools.map((tool, i) => {
        const begin = (index === 0 && skip !== undefined ? syntax.before : '') + syntax.begin(tool.function.name, index)
        return `${literal(begin.slice(without))} ${bodies[i]}`
      }),
    )
  const first = call(0, skip)
  if (!parallel || !syntax.parallel) return { calls: first }
  const next = (index: number): string => `${literal(syntax.end + syntax.between)} ${rules.add('call', call(index))}`
  const name = tools[0]!.function.name
  if (syntax.begin(name, 1) === syntax.begin(name, 2)) return { calls: `${first} ${repeated(next(1), 0, Infinity)}` }
  let more = '""'
  for (let index = MOST_NUMBERED - 1; index >= 1; index--) more = rules.add('more', `(${next(index)} ${more})?`)
  return { calls: `${first} ${more}` }
}

function argumentsOf({ function: tool }: ToolDefinition, syntax: ArgumentSyntax, rules: Rules): string {
  const schema: SchemaObject = { type: 'object', ...tool.parameters }
  if (syntax.kind === 'json') return addJsonSchema(schema, rules)
  if (syntax.kind === 'tagged') return taggedArguments(tool.name, schema, syntax, rules)
  throw invalidGrammar(
    `calls of this model are written as ${syntax.kind}, for which there is no grammar yet; use tool_choice auto`,
  )
}

/** Each argument between its tags, in the order of the schema. */
function taggedArguments(
  tool: string,
  schema: SchemaObject,
  syntax: Extract<ArgumentSyntax, { kind: 'tagged' }>,
  rules: Rules,
): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, unknown>)
  const required = (schema['required'] ?? []) as string[]
  const definitions = Object.fromEntries(
    ['$defs', 'definitions'].flatMap((key) => (key in schema ? [[key, schema[key]]] : [])),
  )
  let first = '""'
  let behind = '""'
  for (const [key, value] of properties.reverse()) {
    const type = typeOf(value, `${tool}.${key}`)
    const body =
      type === 'string' && syntax.strings === 'raw'
        ? rawString(value as SchemaObject, syntax.end, `${tool}.${key}`)
        : addJsonSchema({ ...(value as SchemaObject), ...definitions }, rules)
    const pair = `${literal(syntax.begin(key, type))} ${body} ${literal(syntax.end)}`
    const joined = `${literal(syntax.between)} ${pair}`
    const must = required.includes(key)
    ;[first, behind] = [
      rules.add('first', must ? `${pair} ${behind}` : `${pair} ${behind} | ${first}`),
      rules.add('more', must ? `${joined} ${behind}` : `(${joined})? ${behind}`),
    ]
  }
  return first
}

/** The one type of an argument, which its tag may have to name. */
function typeOf(schema: unknown, where: string): JsonType {
  const s = (typeof schema === 'object' && schema !== null ? schema : {}) as SchemaObject
  const fixed = 'const' in s ? [s['const']] : s['enum']
  const type = s['type'] ?? (Array.isArray(fixed) && fixed.every((v) => typeof v === 'string') ? 'string' : undefined)
  if (type === 'integer') return 'number'
  const known = JSON_TYPES.find((name) => name === type)
  if (known) return known
  throw invalidGrammar(`${where}: an argument needs one type in the calls of this model; found ${JSON.stringify(type)}`)
}

/** Text that ends where the closing tag begins: of the tag's first two characters, the second never follows the first. */
function rawString(schema: SchemaObject, end: string, where: string): string {
  const fixed = 'const' in schema ? [schema['const']] : schema['enum']
  if (Array.isArray(fixed)) return oneOf((fixed as string[]).map(literal))
  const restricted = ['pattern', 'format', 'minLength', 'maxLength'].find((keyword) => keyword in schema)
  if (restricted) throw invalidGrammar(`${where}: ${restricted} is not supported in the calls of this model`)
  const second = end.charAt(end.indexOf('<') + 1)
  if (!end.includes('<') || second === '') throw invalidGrammar(`${where}: a closing tag without <`)
  return `([^<] | "<"+ [^<${/[\]\\^-]/.test(second) ? `\\${second}` : second.charCodeAt(0) > 127 ? '/' : second}])*`
}

function commonPrefix(a: string, b: string): string {
  let n = 0
  while (n < a.length && a[n] === b[n]) n++
  return a.slice(0, n)
}
