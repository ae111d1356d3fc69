import { parseInteger } from '../python/numbers.js'
import type { Operator } from '../python/numbers.js'
import { Float, type Value } from '../python/values.js'
import type { Call, Comparison, Expression, FilterStep, Target } from './syntax.js'
import type { Tokens } from './tokens.js'

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=']

/** Where a list without brackets ends, next to the end of its tag. */
type TupleEnd = readonly string[]

/** An expression with the precedence that Jinja gives its operators. @throws SyntaxFault */
export function parseExpression(tokens: Tokens, conditional = true): Expression {
  return tokens.deeper(() => (conditional ? parseConditional(tokens) : parseOr(tokens)))
}

function parseConditional(tokens: Tokens): Expression {
  let expression = parseOr(tokens)
  while (tokens.skipName('if')) {
    const test = parseOr(tokens)
    const otherwise = tokens.skipName('else') ? tokens.deeper(() => parseConditional(tokens)) : undefined
    expression = { kind: 'conditional', test, then: expression, otherwise }
  }
  return expression
}

function parseOr(tokens: Tokens): Expression {
  let left = parseAnd(tokens)
  while (tokens.skipName('or')) left = { kind: 'or', left, right: parseAnd(tokens) }
  return left
}

function parseAnd(tokens: Tokens): Expression {
  let left = parseNot(tokens)
  while (tokens.skipName('and')) left = { kind: 'and', left, right: parseNot(tokens) }
  return left
}

function parseNot(tokens: Tokens): Expression {
  if (!tokens.skipName('not')) return parseComparison(tokens)
  return { kind: 'not', of: tokens.deeper(() => parseNot(tokens)) }
}

function parseComparison(tokens: Tokens): Expression {
  const first = parseSum(tokens)
  const rest: { operator: Comparison; right: Expression }[] = []
  for (let operator = comparison(tokens); operator; operator = comparison(tokens)) {
    rest.push({ operator, right: parseSum(tokens) })
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest }
}

function comparison(tokens: Tokens): Comparison | undefined {
  if (tokens.isOperator(...COMPARISONS)) return tokens.next().text as Comparison
  if (tokens.skipName('in')) return 'in'
  const { following } = tokens
  if (!tokens.isName('not') || following?.type !== 'name' || following.text !== 'in') return undefined
  tokens.next()
  tokens.next()
  return 'not in'
}

function parseSum(tokens: Tokens): Expression {
  return leftToRight(tokens, ['+', '-'], parseConcat)
}

function parseConcat(tokens: Tokens): Expression {
  const parts = [parseProduct(tokens)]
  while (tokens.skipOperator('~')) parts.push(parseProduct(tokens))
  return parts.length === 1 ? parts[0]! : { kind: 'concat', parts }
}

function parseProduct(tokens: Tokens): Expression {
  return leftToRight(tokens, ['*', '/', '//', '%'], parsePower)
}

function parsePower(tokens: Tokens): Expression {
  return leftToRight(tokens, ['**'], parseUnary)
}

function leftToRight(tokens: Tokens, operators: string[], operand: (tokens: Tokens) => Expression): Expression {
  let left = operand(tokens)
  while (tokens.isOperator(...operators)) {
    const operator = tokens.next().text as Operator
    left = { kind: 'arithmetic', operator, left, right: operand(tokens) }
  }
  return left
}

function parseUnary(tokens: Tokens, withFilter = true): Expression {
  const operator = tokens.isOperator('-', '+') ? (tokens.next().text as '-' | '+') : undefined
  const operand: Expression = operator
    ? { kind: 'unary', operator, of: tokens.deeper(() => parseUnary(tokens, false)) }
    : parsePrimary(tokens)
  const expression = parsePostfix(tokens, operand)
  return withFilter ? parseFilters(tokens, expression) : expression
}

function parsePrimary(tokens: Tokens): Expression {
  const { type, text } = tokens.current
  switch (type) {
    case 'name': {
      tokens.next()
      const value = CONSTANTS.get(text)
      return value === undefined ? { kind: 'name', name: text } : { kind: 'constant', value }
    }
    case 'string':
      return { kind: 'constant', value: adjacentStrings(tokens) }
    case 'integer':
      tokens.next()
      return { kind: 'constant', value: parseInteger(text, 0) ?? 0 }
    case 'float':
      tokens.next()
      return { kind: 'constant', value: new Float(Number(text.replaceAll('_', ''))) }
    default:
      return parseBrackets(tokens)
  }
}

function adjacentStrings(tokens: Tokens): string {
  let value = ''
  while (tokens.current.type === 'string') value += unescape(tokens.next().text.slice(1, -1), tokens)
  return value
}

/** The escapes of Python's strings; an unknown one keeps its backslash. */
function unescape(text: string, tokens: Tokens): string {
  if (!text.includes('\\')) return text
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([^]))/g,
    (
      whole: string,
      x: string | undefined,
      u: string | undefined,
      long: string | undefined,
      octal: string | undefined,
      letter: string | undefined,
    ) => {
      const hex = x ?? u ?? long
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8))
      if (hex !== undefined) {
        const code = parseInt(hex, 16)
        if (code > 0x10ffff) throw tokens.fault(`${whole} is no character`)
        return String.fromCodePoint(code)
      }
      if ('xuUN'.includes(letter!)) throw tokens.fault(`the escape ${whole} is not complete or not supported`)
      return ESCAPES[letter!] ?? whole
    },
  )
}

const ESCAPES: Readonly<Record<string, string | undefined>> = {
  ...{ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07' },
  ...{ '\\': '\\', "'": "'", '"': '"', '\n': '' },
}

function parseBrackets(tokens: Tokens): Expression {
  if (tokens.skipOperator('(')) {
    const inner = tokens.deeper(() => parseTuple(tokens, { parentheses: true }))
    tokens.expectOperator(')')
    return inner
  }
  if (tokens.skipOperator('[')) return { kind: 'list', items: separated(tokens, ']', () => parseExpression(tokens)) }
  if (!tokens.skipOperator('{')) throw tokens.unexpected('an expression')
  const entries = separated(tokens, '}', (): [Expression, Expression] => {
    const key = parseExpression(tokens)
    tokens.expectOperator(':')
    return [key, parseExpression(tokens)]
  })
  return { kind: 'dict', entries }
}

function separated<T>(tokens: Tokens, end: string, item: () => T): T[] {
  const items: T[] = []
  while (!tokens.isOperator(end)) {
    if (items.length > 0) tokens.expectOperator(',')
    if (tokens.isOperator(end)) break
    items.push(item())
  }
  tokens.expectOperator(end)
  return items
}

/** One expression, or several with commas between them: a tuple. @throws SyntaxFault */
export function parseTuple(
  tokens: Tokens,
  {
    conditional = true,
    parentheses = false,
    ends = [],
  }: { conditional?: boolean; parentheses?: boolean; ends?: TupleEnd } = {},
): Expression {
  const items: Expression[] = []
  let isTuple = false
  for (;;) {
    if (items.length > 0) tokens.expectOperator(',')
    if (tokens.isEnd() || tokens.isOperator(')') || (ends.length > 0 && tokens.isName(...ends))) break
    items.push(parseExpression(tokens, conditional))
    if (!tokens.isOperator(',')) break
    isTuple = true
  }
  if (isTuple) return { kind: 'tuple', items }
  if (items.length > 0) return items[0]!
  if (!parentheses) throw tokens.unexpected('an expression')
  return { kind: 'tuple', items }
}

function parsePostfix(tokens: Tokens, operand: Expression): Expression {
  let expression = operand
  for (;;) {
    if (tokens.skipOperator('.')) expression = parseMember(tokens, expression)
    else if (tokens.skipOperator('[')) expression = parseSubscript(tokens, expression)
    else if (tokens.isOperator('(')) expression = { kind: 'call', callee: expression, args: parseCall(tokens) }
    else return expression
  }
}

function parseMember(tokens: Tokens, of: Expression): Expression {
  const { type, text } = tokens.next()
  if (type === 'name') return { kind: 'attribute', of, name: text }
  if (type !== 'integer') throw tokens.fault('expected a name or a number after the point')
  return { kind: 'item', of, index: { kind: 'constant', value: Number(text) } }
}

function parseSubscript(tokens: Tokens, of: Expression): Expression {
  const parts: Expression[] = []
  if (tokens.isOperator(':')) return parseSlice(tokens, of, undefined)
  while (!tokens.isOperator(']')) {
    if (parts.length > 0) tokens.expectOperator(',')
    const part = parseExpression(tokens)
    if (parts.length === 0 && tokens.isOperator(':')) return parseSlice(tokens, of, part)
    parts.push(part)
  }
  tokens.expectOperator(']')
  return { kind: 'item', of, index: parts.length === 1 ? parts[0]! : { kind: 'tuple', items: parts } }
}

/** At the first colon. */
function parseSlice(tokens: Tokens, of: Expression, start: Expression | undefined): Expression {
  const part = (): Expression | undefined =>
    tokens.skipOperator(':') && !tokens.isOperator(':', ']') ? parseExpression(tokens) : undefined
  const stop = part()
  const step = part()
  tokens.expectOperator(']')
  return { kind: 'slice', of, start, stop, step }
}

/** At the opening parenthesis. */
export function parseCall(tokens: Tokens): Call {
  tokens.expectOperator('(')
  const positional: Expression[] = []
  const named: [string, Expression][] = []
  let spread: Expression | undefined
  let spreadNamed: Expression | undefined
  separated(tokens, ')', () => {
    if (tokens.skipOperator('*')) {
      if (spread || spreadNamed) throw tokens.fault('a second *list in a call')
      spread = parseExpression(tokens)
    } else if (tokens.skipOperator('**')) {
      if (spreadNamed) throw tokens.fault('a second **dict in a call')
      spreadNamed = parseExpression(tokens)
    } else if (isNamed(tokens)) {
      const name = tokens.expectName()
      tokens.expectOperator('=')
      named.push([name, parseExpression(tokens)])
    } else {
      if (named.length > 0 || spread || spreadNamed) throw tokens.fault('a value without a name after those with one')
      positional.push(parseExpression(tokens))
    }
  })
  return { positional, named, spread, spreadNamed }
}

function isNamed(tokens: Tokens): boolean {
  const { following } = tokens
  return tokens.isName() && following?.type === 'operator' && following.text === '='
}

const NOTHING: Call = { positional: [], named: [] }

function parseFilters(tokens: Tokens, operand: Expression): Expression {
  let expression = operand
  for (;;) {
    if (tokens.skipOperator('|')) expression = { kind: 'filter', of: expression, ...parseFilter(tokens) }
    else if (tokens.skipName('is')) expression = parseTest(tokens, expression)
    else if (tokens.isOperator('(')) expression = { kind: 'call', callee: expression, args: parseCall(tokens) }
    else return expression
  }
}

/** A filter's name and arguments. */
export function parseFilter(tokens: Tokens): FilterStep {
  return { name: dottedName(tokens), args: tokens.isOperator('(') ? parseCall(tokens) : NOTHING }
}

function dottedName(tokens: Tokens): string {
  let name = tokens.expectName()
  while (tokens.skipOperator('.')) name += `.${tokens.expectName()}`
  return name
}

function parseTest(tokens: Tokens, of: Expression): Expression {
  const negated = tokens.skipName('not')
  const name = dottedName(tokens)
  const args = testArguments(tokens)
  const test: Expression = { kind: 'test', name, of, args }
  return negated ? { kind: 'not', of: test } : test
}

/** A test's one argument may stand without parentheses. */
function testArguments(tokens: Tokens): Call {
  if (tokens.isOperator('(')) return parseCall(tokens)
  const begins = ['name', 'string', 'integer', 'float'].includes(tokens.current.type) || tokens.isOperator('[', '{')
  if (!begins || tokens.isName('else', 'or', 'and')) return NOTHING
  if (tokens.isName('is')) throw tokens.fault("tests cannot be chained with 'is'")
  return { positional: [parsePostfix(tokens, parsePrimary(tokens))], named: [] }
}

/** What `for` and `set` assign to. @throws SyntaxFault */
export function parseTarget(tokens: Tokens, ends: TupleEnd = []): Target {
  const targets: Target[] = []
  let isTuple = false
  for (;;) {
    if (targets.length > 0) tokens.expectOperator(',')
    if (tokens.isEnd() || tokens.isOperator(')') || (ends.length > 0 && tokens.isName(...ends))) break
    targets.push(parseOneTarget(tokens))
    if (!tokens.isOperator(',')) break
    isTuple = true
  }
  if (targets.length === 0) throw tokens.unexpected('a name')
  return isTuple ? { kind: 'several', targets } : targets[0]!
}

function parseOneTarget(tokens: Tokens): Target {
  if (tokens.skipOperator('(')) {
    const inner = tokens.deeper(() => parseTarget(tokens))
    tokens.expectOperator(')')
    return inner
  }
  const name = tokens.expectName()
  if (CONSTANTS.has(name)) throw tokens.fault(`${name} cannot be assigned to`)
  return tokens.skipOperator('.') ? { kind: 'member', of: name, name: tokens.expectName() } : { kind: 'name', name }
}
