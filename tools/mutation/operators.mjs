// Small wrong changes to TypeScript source, and source that has all of them at once and lets one be chosen at run time.
import ts from 'typescript'

const { SyntaxKind: Kind } = ts

/** Operators and what each becomes. */
const BINARY = new Map([
  [Kind.LessThanToken, ['<=', '>=']],
  [Kind.LessThanEqualsToken, ['<', '>']],
  [Kind.GreaterThanToken, ['>=', '<=']],
  [Kind.GreaterThanEqualsToken, ['>', '<']],
  [Kind.EqualsEqualsEqualsToken, ['!==']],
  [Kind.ExclamationEqualsEqualsToken, ['===']],
  [Kind.AmpersandAmpersandToken, ['||']],
  [Kind.BarBarToken, ['&&']],
  [Kind.PlusToken, ['-']],
  [Kind.MinusToken, ['+']],
  [Kind.AsteriskToken, ['/']],
  [Kind.SlashToken, ['*']],
  [Kind.PercentToken, ['*']],
  [Kind.PlusEqualsToken, ['-=']],
  [Kind.MinusEqualsToken, ['+=']],
])

/** Methods that differ in a way that is easily confused. */
const METHODS = new Map(
  [
    ['min', 'max'],
    ['floor', 'ceil'],
    ['some', 'every'],
    ['startsWith', 'endsWith'],
    ['indexOf', 'lastIndexOf'],
    ['find', 'findLast'],
    ['push', 'unshift'],
    ['pop', 'shift'],
  ].flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
)
/** Methods that may be left out: what they are called on is of the same kind as their result. */
const OMITTED = new Set([
  'trim',
  'trimStart',
  'trimEnd',
  'slice',
  'subarray',
  'filter',
  'sort',
  'reverse',
  'toLowerCase',
])

/** What a message says is not a policy: no sentence is changed, and nothing inside of an error in flight. */
function inMessage(node) {
  if (ts.isStringLiteralLike(node) && /[a-z]+ [a-z]+ [a-z]+/i.test(node.text)) return true
  for (let at = node; at; at = at.parent) {
    if (ts.isThrowStatement(at)) return true
    if (ts.isNewExpression(at) && /Error$/.test(at.expression.getText())) return true
    if (ts.isCallExpression(at) && at.expression.getText() === 'invariant') return true
    if (ts.isFunctionLike(at) && /Error$/.test(at.type?.getText() ?? '')) return true
  }
  return false
}

function isCondition(node) {
  const { parent } = node
  return (
    (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node)
  )
}

const isLoopCondition = (node) =>
  (ts.isWhileStatement(node.parent) && node.parent.expression === node) ||
  (ts.isForStatement(node.parent) && node.parent.condition === node)

/** A literal that is the name of something, or part of an import. */
function isName(node) {
  const { parent } = node
  return (
    parent.name === node ||
    ts.isImportDeclaration(parent) ||
    ts.isExportDeclaration(parent) ||
    ts.isLiteralTypeNode(parent)
  )
}

function isTarget(node) {
  const { parent } = node
  if (ts.isBinaryExpression(parent)) return parent.left === node && parent.operatorToken.kind === Kind.EqualsToken
  return ts.isForOfStatement(parent) && parent.initializer === node
}

/** The texts that may stand in place of an expression, with the name of the change. */
function expressionChanges(node) {
  const changes = []
  const add = (operator, replacement) => changes.push({ operator, replacement })
  const text = (part) => part.getText()
  if (isCondition(node)) add('condition', 'true')
  if (isCondition(node) || isLoopCondition(node)) add('condition', 'false')
  if (ts.isBinaryExpression(node)) {
    const strings = [node.left, node.right].some(
      (side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side),
    )
    for (const other of strings && node.operatorToken.kind === Kind.PlusToken
      ? []
      : (BINARY.get(node.operatorToken.kind) ?? []))
      add('operator', `${text(node.left)} ${other} ${text(node.right)}`)
    if (node.operatorToken.kind === Kind.QuestionQuestionToken) {
      add('operator', text(node.left))
      add('operator', text(node.right))
    }
  } else if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === Kind.ExclamationToken || node.operator === Kind.MinusToken)
      add('operator', text(node.operand))
    if (node.operator === Kind.PlusPlusToken) add('operator', `--${text(node.operand)}`)
    if (node.operator === Kind.MinusMinusToken) add('operator', `++${text(node.operand)}`)
  } else if (ts.isPostfixUnaryExpression(node)) {
    add('operator', text(node.operand) + (node.operator === Kind.PlusPlusToken ? '--' : '++'))
  } else if (node.kind === Kind.TrueKeyword) add('literal', 'false')
  else if (node.kind === Kind.FalseKeyword) add('literal', 'true')
  else if (ts.isNumericLiteral(node) && /^[012]$/.test(node.text)) {
    if (!ts.isPrefixUnaryExpression(node.parent))
      add('literal', String(Number(node.text) === 1 ? 0 : Number(node.text) + 1))
  } else if (ts.isStringLiteral(node) && node.text !== '') add('literal', "''")
  else if (
    (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)) &&
    !ts.isTaggedTemplateExpression(node.parent)
  )
    add('literal', "''")
  else if (ts.isArrayLiteralExpression(node) && node.elements.length > 0 && !isTarget(node)) add('literal', '[]')
  else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && !ts.isOptionalChain(node)) {
    const { expression: receiver, name } = node.expression
    const args = node.arguments.map(text).join(', ')
    const other = METHODS.get(name.text)
    if (other !== undefined) add('method', `${text(receiver)}.${other}(${args})`)
    if (OMITTED.has(name.text)) add('method', text(receiver))
  }
  if (ts.isArrowFunction(node.parent) && node.parent.body === node) add('result', 'undefined')
  return changes
}

/** A block whose absence ends a loop's progress would only run into the time limit. */
function isLoopThatNeedsItsBlock({ parent }) {
  return ts.isWhileStatement(parent) || ts.isDoStatement(parent) || (ts.isForStatement(parent) && !parent.incrementor)
}

function mayOmitStatement(node) {
  const { expression } = node
  if (ts.isStringLiteral(expression)) return false
  return !(ts.isYieldExpression(expression) && !expression.expression)
}

const isSuperCall = ({ expression }) =>
  ts.isCallExpression(expression) && expression.expression.kind === Kind.SuperKeyword

/**
 * All changes of one file, numbered from `first`, and its source with all of them: `__mutant` says which one is there.
 * With `collect` the source notes which places are reached instead.
 */
export function instrument(source, file, first, collect = false) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const mutants = []
  const test = (id) => (collect ? `__reached(${id})` : `__mutant===${id}`)

  function note(node, operator, replacement) {
    const { line, character } = tree.getLineAndCharacterOfPosition(node.getStart())
    const id = first + mutants.length
    mutants.push({ id, file, line: line + 1, column: character + 1, operator, original: node.getText(), replacement })
    return id
  }

  function render(node) {
    // Types cannot change what runs.
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node.getText()
    let out = ''
    let at = node.getStart()
    node.forEachChild((child) => {
      const start = child.getStart()
      out += source.slice(at, start) + render(child)
      at = child.end
    })
    return changed(node, out + source.slice(at, node.end))
  }

  function changed(node, inner) {
    if (ts.isBlock(node)) return changedBlock(node, inner)
    if (ts.isExpressionStatement(node)) return changedStatement(node, inner)
    if (!ts.isExpression(node) || isName(node) || inMessage(node)) return inner
    if (ts.isExpressionStatement(node.parent) && !ts.isCallExpression(node)) return inner
    for (const { operator, replacement } of expressionChanges(node))
      inner = `(${test(note(node, operator, replacement))}?(${replacement}):${inner})`
    return inner
  }

  function changedBlock(node, inner) {
    const only = node.statements.length === 1 ? node.statements[0] : undefined
    const skipped =
      node.statements.length === 0 ||
      (only && (ts.isThrowStatement(only) || ts.isExpressionStatement(only))) ||
      isLoopThatNeedsItsBlock(node) ||
      ts.isConstructorDeclaration(node.parent) ||
      inMessage(node)
    return skipped ? inner : `{if(${test(note(node, 'block', '{}'))}){}else${inner}}`
  }

  function changedStatement(node, inner) {
    if (isSuperCall(node)) return inner
    if (inMessage(node) || !mayOmitStatement(node)) return `{${inner}}`
    return `{if(!(${test(note(node, 'statement', ''))}))${`{${inner}}`}}`
  }

  const body = render(tree)
  const head = collect
    ? 'const __reached=(id)=>{globalThis.__reachedMutants?.add(id);return false};'
    : 'const __mutant=globalThis.__activeMutant??0;'
  return { code: head + source.slice(0, tree.getStart()) + body, mutants }
}
