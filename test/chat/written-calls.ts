import type { ArgumentSyntax, JsonType, ToolSyntax } from '../../src/chat/dialects/dialect.js'

export type Call = readonly [name: string, args: Readonly<Record<string, unknown>>]

/** Calls as a grammar makes them. `id` goes where a family has ids. */
export function callsText(syntax: ToolSyntax, calls: readonly Call[], id = ''): string {
  const written = calls.map(
    ([name, args], i) =>
      syntax.begin(name, i).replace('$id', id) + argumentsText(args, syntax.argumentsAs) + syntax.end,
  )
  return syntax.before + written.join(syntax.between) + syntax.after
}

function argumentsText(args: Call[1], as: ArgumentSyntax): string {
  const entries = Object.entries(args)
  if (as.kind === 'json') return JSON.stringify(args)
  if (as.kind === 'python') return entries.map(([k, v]) => `${k}=${value(v, as)}`).join(', ')
  if (as.kind === 'gemma') return gemma(args, as.quote)
  return entries.map(([k, v]) => tagged(k, v, as)).join(as.between)
}

/** An argument in its tags; objects and lists as elements in elements where the family has them. */
function tagged(key: string, json: unknown, as: Extract<ArgumentSyntax, { kind: 'tagged' }>): string {
  const { item } = as
  const isNested = item !== undefined && typeof json === 'object' && json !== null
  const children = isNested && Object.entries(json).map(([k, v]) => tagged(Array.isArray(json) ? item : k, v, as))
  return as.begin(key, typeOf(json)) + (children ? children.join('') : value(json, as)) + as.end(key)
}

function value(json: unknown, as: ArgumentSyntax): string {
  if (as.kind === 'tagged') return typeof json === 'string' && as.strings === 'raw' ? json : JSON.stringify(json)
  if (as.kind === 'python') return json === true ? 'True' : json === null ? 'None' : JSON.stringify(json)
  return JSON.stringify(json)
}

/** Gemma's notation: bare keys, and quotes of its own. */
function gemma(json: unknown, quote: string): string {
  if (typeof json === 'string') return `${quote}${json}${quote}`
  if (Array.isArray(json)) return `[${json.map((one) => gemma(one, quote)).join(',')}]`
  if (typeof json !== 'object' || json === null) return JSON.stringify(json)
  return `{${Object.entries(json).map(([k, v]) => `${k}:${gemma(v, quote)}`).join(',')}}` // prettier-ignore
}

function typeOf(v: unknown): JsonType {
  return v === null ? 'null' : Array.isArray(v) ? 'array' : (typeof v as JsonType)
}
