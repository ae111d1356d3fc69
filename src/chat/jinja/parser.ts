import { parseExpression, parseFilter, parseTarget, parseTuple } from './expressions.js'
import { tokenize } from './lexer.js'
import type { Body, Expression, FilterStep, MacroUses, Parameter, Statement, Target } from './syntax.js'
import { Tokens } from './tokens.js'

/**
 * The statements of a template.
 * @throws SyntaxFault with the line, for what Jinja refuses.
 */
export function parseTemplate(source: string): Body {
  return new Parser(new Tokens(tokenize(source))).body([])
}

class Parser {
  /** Statements that stand in each other. */
  private depth = 0
  private loops = 0

  constructor(private readonly tokens: Tokens) {}

  /** Statements up to one of the names, which stays; up to the end where there are none. */
  body(ends: readonly string[]): Body {
    if (++this.depth > 100) throw this.tokens.fault('blocks that stand in each other too deep')
    const statements: Statement[] = []
    const { tokens } = this
    for (;;) {
      const { current } = tokens
      if (current.type === 'eof') {
        if (ends.length > 0) throw tokens.unexpected(ends.map((end) => `'${end}'`).join(' or '))
        break
      }
      tokens.next()
      if (current.type === 'data') statements.push({ kind: 'text', text: current.text })
      else if (current.type === 'begin' && current.of === 'variable') {
        statements.push({ kind: 'print', value: parseTuple(tokens) })
        tokens.expectEnd('variable')
      } else {
        if (ends.length > 0 && tokens.isName(...ends)) break
        statements.push(...this.statement())
        tokens.expectEnd('block')
      }
    }
    this.depth--
    return statements
  }

  /** What stands between the end of a tag and the tag with the last of the names, which is read too, but for its end. */
  private block(...ends: string[]): Body {
    this.tokens.skipOperator(':')
    this.tokens.expectEnd('block')
    return this.body(ends)
  }

  /** A block that only one name ends. */
  private closed(end: string): Body {
    const body = this.block(end)
    this.tokens.expectKeyword(end)
    return body
  }

  private statement(): Statement[] {
    const name = this.tokens.expectName()
    switch (name) {
      case 'if':
        return [this.ifStatement()]
      case 'for':
        return [this.forStatement()]
      case 'set':
        return [this.setStatement()]
      case 'macro':
        return [this.macro()]
      case 'call':
        return [this.callBlock()]
      case 'filter':
        return [{ kind: 'filter-block', filters: this.filters(), body: this.closed('endfilter') }]
      case 'with':
        return [this.withStatement()]
      case 'print':
        return [{ kind: 'print', value: parseTuple(this.tokens) }]
      case 'generation':
        return [{ kind: 'scope', of: 'here', body: this.closed('endgeneration') }]
      case 'block':
        return [this.namedBlock()]
      case 'break':
      case 'continue':
        if (this.loops === 0) throw this.tokens.fault(`'${name}' outside of a loop`)
        return [{ kind: name }]
      default:
        throw this.tokens.fault(`unknown statement '${name}'`)
    }
  }

  private ifStatement(): Statement {
    const branches: { test: Expression; body: Body }[] = []
    for (;;) {
      const test = parseTuple(this.tokens, { conditional: false })
      branches.push({ test, body: this.block('elif', 'else', 'endif') })
      if (!this.tokens.skipName('elif')) break
    }
    const otherwise = this.tokens.skipName('else') ? this.block('endif') : []
    this.tokens.expectKeyword('endif')
    return { kind: 'if', branches, otherwise }
  }

  private forStatement(): Statement {
    const target = parseTarget(this.tokens, ['in'])
    this.tokens.expectKeyword('in')
    const over = parseTuple(this.tokens, { conditional: false, ends: ['recursive'] })
    const test = this.tokens.skipName('if') ? parseExpression(this.tokens) : undefined
    const recursive = this.tokens.skipName('recursive')
    this.loops++
    const body = this.block('else', 'endfor')
    this.loops--
    const otherwise = this.tokens.skipName('else') ? this.block('endfor') : []
    this.tokens.expectKeyword('endfor')
    return { kind: 'for', target, over, test, recursive, body, otherwise }
  }

  private setStatement(): Statement {
    const target = parseTarget(this.tokens)
    if (this.tokens.skipOperator('=')) return { kind: 'set', target, value: parseTuple(this.tokens) }
    const filters = this.tokens.skipOperator('|') ? this.filters() : []
    return { kind: 'set-block', target, filters, body: this.closed('endset') }
  }

  private filters(): FilterStep[] {
    const filters = [parseFilter(this.tokens)]
    while (this.tokens.skipOperator('|')) filters.push(parseFilter(this.tokens))
    return filters
  }

  private macro(): Statement {
    const name = this.tokens.expectName()
    const parameters = this.parameters()
    const body = this.functionBody('endmacro')
    return { kind: 'macro', name, parameters, body, uses: usesOf(body) }
  }

  private callBlock(): Statement {
    const parameters = this.tokens.isOperator('(') ? this.parameters() : []
    const call = parseExpression(this.tokens)
    if (call.kind !== 'call') throw this.tokens.fault("expected a call after 'call'")
    return { kind: 'call-block', call, parameters, body: this.functionBody('endcall') }
  }

  /** break and continue do not reach out of a function. */
  private functionBody(end: string): Body {
    const loops = this.loops
    this.loops = 0
    const body = this.closed(end)
    this.loops = loops
    return body
  }

  private parameters(): Parameter[] {
    const { tokens } = this
    const parameters: Parameter[] = []
    tokens.expectOperator('(')
    while (!tokens.isOperator(')')) {
      if (parameters.length > 0) tokens.expectOperator(',')
      const name = tokens.expectName()
      const byDefault = tokens.skipOperator('=') ? parseExpression(tokens) : undefined
      if (!byDefault && parameters.at(-1)?.byDefault)
        throw tokens.fault('a parameter without a default after one with it')
      parameters.push({ name, byDefault })
    }
    tokens.expectOperator(')')
    return parameters
  }

  private withStatement(): Statement {
    const { tokens } = this
    const assignments: [Target, Expression][] = []
    while (!tokens.isEnd()) {
      if (assignments.length > 0) tokens.expectOperator(',')
      const target = parseTarget(tokens, [])
      tokens.expectOperator('=')
      assignments.push([target, parseExpression(tokens)])
    }
    return { kind: 'with', assignments, body: this.closed('endwith') }
  }

  private namedBlock(): Statement {
    const name = this.tokens.expectName()
    this.tokens.skipName('scoped')
    this.tokens.skipName('required')
    const body = this.closed('endblock')
    this.tokens.skipName(name)
    return { kind: 'scope', of: 'root', body }
  }
}

/** Which of the names that a macro may have it mentions; anywhere in it counts, as for Jinja. */
function usesOf(body: Body): MacroUses {
  const names = new Set<string>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { kind, name } = node as { kind?: unknown; name?: unknown }
    if (kind === 'name' && typeof name === 'string') names.add(name)
    for (const inner of Object.values(node)) visit(inner)
  }
  visit(body)
  return { varargs: names.has('varargs'), kwargs: names.has('kwargs'), caller: names.has('caller') }
}
