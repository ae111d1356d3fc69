import type { Dialect } from '../chat/dialects/dialect.js'
import { Automaton } from './automaton/automaton.js'
import { jsonNode, schemaNode } from './json/schema.js'
import { CancellablePauses, type Pauses } from './pauses.js'
import type { GrammarSpec, ToolCallsSpec } from './spec.js'
import { Rule, type Node } from './syntax/nodes.js'
import { invalidGrammar } from './syntax/refuse.js'
import { ebnfSteps } from './text/ebnf.js'
import { gbnfSteps } from './text/gbnf.js'
import { larkSteps } from './text/lark.js'
import { anything } from './text/quoting.js'
import { regexSteps } from './text/regex.js'
import { toolCallsNode } from './tools/calls.js'
import type { InputNode } from './tools/input.js'
import type { Turns } from './turns.js'

/** For what model, and for how long, a grammar is compiled. */
export interface BuildOptions {
  /** How the model writes calls. */
  readonly dialect?: Dialect | undefined
  readonly signal?: AbortSignal | undefined
  /** With which other works it takes turns. */
  readonly turns?: Turns | undefined
  /** Whether a marker of the dialect is one token that no text can spell; none is by default. */
  readonly isSpecial?: (name: string) => boolean
  /** Whether a marker ends the answer. */
  readonly isStop?: (name: string) => boolean
}

/** The automaton of a grammar. @throws UserError invalid_grammar, grammar_too_complex, aborted */
export async function automatonOf(spec: GrammarSpec, options: BuildOptions): Promise<Automaton> {
  const pauses = new CancellablePauses(options.signal, options.turns)
  await pauses.pause()
  const node = await nodeOf(spec, options, pauses)
  await pauses.pause()
  return Automaton.of(node, pauses)
}

async function nodeOf(spec: GrammarSpec, options: BuildOptions, pauses: Pauses): Promise<Node> {
  switch (spec.kind) {
    case 'json':
      return jsonNode(spec)
    case 'json-schema':
      return schemaNode(spec.schema, spec, pauses)
    case 'regex':
      return pauses.run(regexSteps(textOf(spec.pattern, 'pattern'), { quoting: 'plain', whole: true }))
    case 'ebnf':
      return pauses.run(ebnfSteps(textOf(spec.grammar, 'grammar')))
    case 'lark':
      return larkOf(textOf(spec.grammar, 'grammar'), pauses)
    case 'gbnf':
      return pauses.run(gbnfSteps(textOf(spec.grammar, 'grammar')))
    case 'tool-calls':
      return callsOf(spec, options, pauses)
    default:
      throw invalidGrammar(unknownKind(spec))
  }
}

/** Embedded schemas become rules that are defined once the grammar was read. */
async function larkOf(grammar: string, pauses: Pauses): Promise<Node> {
  const embedded: { readonly rule: Rule; readonly schema: unknown }[] = []
  const json = (schema: unknown): Node => {
    const rule = new Rule('%json')
    embedded.push({ rule, schema })
    return { kind: 'rule', rule }
  }
  const node = await pauses.run(larkSteps(grammar, { json }))
  for (const { rule, schema } of embedded) rule.define(await schemaNode(schema, {}, pauses))
  return node
}

/** Types alone do not protect: specs come from JavaScript too. */
function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw invalidGrammar(`expected a text as ${name}, found ${typeof value}`)
}

async function callsOf(spec: ToolCallsSpec, options: BuildOptions, pauses: Pauses): Promise<Node> {
  const { dialect, isSpecial = () => false, isStop = () => false } = options
  const syntax = dialect?.toolSyntax?.(spec.tools)
  if (!dialect || !syntax) {
    // What the model cannot write needs no holding.
    const free = !spec.must && spec.tools.some((tool) => tool.input) && !spec.tools.some((tool) => tool.function.strict)
    if (spec.orJson === undefined && (free || spec.none)) return anything('plain')
    if (spec.orJson === undefined || spec.must) throw invalidGrammar('this model has no format for calls of tools')
    return schemaNode(spec.orJson, {}, pauses)
  }
  const markers = { names: [...dialect.markers, ...(dialect.stopMarkers ?? [])], isSpecial, isStop }
  const input: InputNode = ({ kind, text }) =>
    kind === 'lark' ? larkOf(text, pauses) : pauses.run(regexSteps(text, { quoting: 'plain', whole: true }))
  return toolCallsNode(spec, syntax, markers, (schema, root) => schemaNode(schema, {}, pauses, root), input)
}

const KINDS = 'json, json-schema, regex, ebnf, lark, gbnf or tool-calls'

/** Callers in JavaScript may give a schema itself. */
function unknownKind(spec: unknown): string {
  const given = spec as { readonly kind?: unknown } | null
  const isSchema =
    typeof given === 'object' &&
    given !== null &&
    ['~standard', 'type', 'properties', '$schema'].some((key) => key in given)
  if (isSchema)
    return "expected a kind of grammar, found a schema: give { kind: 'json-schema', schema } with a JSON schema, or ask object(engine, schema, prompt) for a typed value"
  return `expected the kind to be ${KINDS}, found ${JSON.stringify(given?.kind)}`
}
