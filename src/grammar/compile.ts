import type { Dialect } from '../chat/dialects/dialect.js'
import { UserError } from '../errors.js'
import { Automaton } from './automaton/automaton.js'
import { schemaNode } from './json/schema.js'
import { Pauses } from './pauses.js'
import type { GrammarSpec, JsonStyle, ToolCallsSpec } from './spec.js'
import { Rule, type Node } from './syntax/nodes.js'
import { invalidGrammar } from './syntax/refuse.js'
import { ebnfNode } from './text/ebnf.js'
import { gbnfNode } from './text/gbnf.js'
import { larkNode } from './text/lark.js'
import { regexNode } from './text/regex.js'
import { toolCallsNode } from './tools/calls.js'

/** For what, and how long, a grammar is compiled. */
export interface CompileOptions {
  /** How the model writes calls, for grammars of kind tool-calls: `engine.dialect`. */
  readonly dialect?: Dialect | undefined
  readonly signal?: AbortSignal | undefined
  /** Whether a marker of the dialect is one token that no text can spell; none is by default. */
  readonly isSpecial?: ((name: string) => boolean) | undefined
  /** Whether a marker ends the answer. */
  readonly isStop?: ((name: string) => boolean) | undefined
}

/** A grammar that can be enforced, by any model. */
export class CompiledGrammar {
  constructor(
    readonly spec: GrammarSpec,
    readonly automaton: Automaton,
  ) {}

  /**
   * Whether a whole answer matches.
   * @example
   * const grammar = await compileGrammar({ kind: 'regex', pattern: '[a-z]+' })
   * console.log(grammar.accepts('abc'), grammar.accepts('ABC')) // true false
   */
  accepts(text: string): boolean {
    let state = this.automaton.initial
    for (const byte of new TextEncoder().encode(text)) state = this.automaton.go(state, byte)
    return this.automaton.accepts(state)
  }

  /** Bytes that it takes by now; what may come next is worked out when it is asked for, and remembered. */
  get bytes(): number {
    return this.automaton.bytes
  }
}

/**
 * Compiles a grammar, and so tells before a model is loaded whether it can be enforced: whatever it lets through matches, so what
 * cannot be held is refused. Long work is done in slices, between which others run.
 * @throws UserError invalid_grammar, with the keyword and its place or the line and the column; grammar_too_complex; aborted
 * @example
 * const schema = { type: 'object', properties: { due: { type: 'string', format: 'date' } }, required: ['due'] }
 * const grammar = await compileGrammar({ kind: 'json-schema', schema })
 * console.log(grammar.accepts('{"due": "2026-11-26"}')) // true
 */
export async function compileGrammar(spec: GrammarSpec, options: CompileOptions = {}): Promise<CompiledGrammar> {
  const pauses = new CancellablePauses(options.signal)
  const node = await nodeOf(spec, options, pauses)
  await pauses.pause()
  return new CompiledGrammar(spec, new Automaton(node))
}

async function nodeOf(spec: GrammarSpec, options: CompileOptions, pauses: Pauses): Promise<Node> {
  switch (spec.kind) {
    case 'json':
      return jsonSchemaNode({ type: 'object' }, spec, pauses)
    case 'json-schema':
      return jsonSchemaNode(spec.schema, spec, pauses)
    case 'regex':
      return regexNode(textOf(spec.pattern, 'pattern'), { quoting: 'plain', whole: true })
    case 'ebnf':
      return ebnfNode(textOf(spec.grammar, 'grammar'))
    case 'lark':
      return larkOf(textOf(spec.grammar, 'grammar'), pauses)
    case 'gbnf':
      return gbnfNode(textOf(spec.grammar, 'grammar'))
    case 'tool-calls':
      return callsOf(spec, options, pauses)
    default:
      throw invalidGrammar(`expected a kind of grammar, found ${JSON.stringify((spec as { kind?: unknown }).kind)}`)
  }
}

/** JSON of a schema. */
function jsonSchemaNode(schema: unknown, style: JsonStyle, pauses: Pauses): Promise<Node> {
  return schemaNode(schema, style, pauses)
}

/** Embedded schemas become rules that are defined once the grammar was read. */
async function larkOf(grammar: string, pauses: Pauses): Promise<Node> {
  const embedded: { readonly rule: Rule; readonly schema: unknown }[] = []
  const json = (schema: unknown): Node => {
    const rule = new Rule('%json')
    embedded.push({ rule, schema })
    return { kind: 'rule', rule }
  }
  const node = larkNode(grammar, { json })
  for (const { rule, schema } of embedded) rule.define(await jsonSchemaNode(schema, {}, pauses))
  return node
}

/** Types alone do not protect: specs come from JavaScript too. */
function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw invalidGrammar(`expected a text as ${name}, found ${typeof value}`)
}

async function callsOf(spec: ToolCallsSpec, options: CompileOptions, pauses: Pauses): Promise<Node> {
  const { dialect, isSpecial = () => false, isStop = () => false } = options
  const syntax = dialect?.toolSyntax?.(spec.tools)
  if (!dialect || !syntax) {
    if (spec.orJson === undefined || spec.must) throw invalidGrammar('this model has no format for calls of tools')
    return jsonSchemaNode(spec.orJson, {}, pauses)
  }
  const markers = { names: [...dialect.markers, ...(dialect.stopMarkers ?? [])], isSpecial, isStop }
  return toolCallsNode(spec, syntax, markers, (schema) => jsonSchemaNode(schema, {}, pauses))
}

/** Pauses after which the work goes on only where somebody still wants it. */
class CancellablePauses extends Pauses {
  constructor(private readonly signal: AbortSignal | undefined) {
    super()
  }

  override async pause(): Promise<void> {
    await super.pause()
    if (this.signal?.aborted) throw new UserError('nobody waits for the grammar any more', 'aborted')
  }
}
