// Some files of kernels/cpu/linear are written for one row of x. This makes functions for several rows of each NAME$ in them: NAME1 to
// NAME4, or those that are asked for, and NAME, which is told how many.
// A name that ends in `$` is there once for each row: so are the declarations, statements and operands of a comma that
// such a name is in. A block that stands alone is repeated as a whole. `$` by itself is the row's number. A call of one NAME$ in
// another is of the one for as many rows.
// A function whose comment has `@bytes` sums in i16: it is there once more with sums in i32, NAMERows$ as NAMEBytesRows$.
import ts from 'typescript'

const MADE = '// Made by tools/kernel-rows.mjs; not in version control.\n'

/** The text for as many rows as each of `counts`; imports and what is no function of rows stay as they are. */
export function rowsText(source, counts) {
  const file = ts.createSourceFile('rows.ts', source, ts.ScriptTarget.ESNext, true)
  const names = file.statements.filter(ts.isFunctionDeclaration).map(({ name }) => name.text)
  const own = new Set(names.filter((name) => name.endsWith('$')))
  const parts = file.statements
    .filter((statement) => !declaresRow(statement))
    .flatMap((statement) => {
      const text = statement.getFullText(file).trim()
      if (ts.isImportDeclaration(statement)) return [withBytesNames(text)]
      if (!ts.isFunctionDeclaration(statement) || !statement.name.text.endsWith('$')) return [text]
      const forms = /@bytes\b/.test(text) ? [statement, withBytes(statement, file)] : [statement]
      const inline = /@inline\b/.test(text) ? '/** @inline */\n' : ''
      return forms.flatMap((form) => {
        const each = counts.map((rows) => inline + print(expanded(form, rows, own), form.getSourceFile()))
        return inline ? each : [...each, chosen(form, counts)]
      })
    })
  return `${MADE}${parts.join('\n')}\n`
}

/** An import brings what `@bytes` makes of it. */
function withBytesNames(text) {
  const whole = /\bdot4\b/.test(text) ? text : text.replace(/\bdot2\b/, 'dot2, dot4')
  return whole.replace(/\b(weighted|wholeScales)\b/g, '$1, $1Bytes')
}

/** The constant that makes the text for one row a whole one. */
function declaresRow(statement) {
  return (
    ts.isVariableStatement(statement) && statement.declarationList.declarations.some(({ name }) => name.text === '$')
  )
}

/** The function that calls the one for `rows` rows. */
function chosen({ name, parameters }, counts) {
  const base = name.text.slice(0, -1)
  const names = parameters.map((parameter) => parameter.name.text).join(', ')
  const calls = counts.map((rows) => `  if (rows == ${rows}) ${base}${rows}(${names})\n`)
  const typed = parameters.map((parameter) => parameter.getText()).join(', ')
  return `export function ${base}(rows: i32, ${typed}): void {\n${calls.join('')}}`
}

/** A call as sums in i32 have it: products of four for products of two, what they begin with widened, and then nothing to widen. */
const AS_BYTES = {
  dot2: (...args) => call('dot4', args),
  sums: (first) => call('pairs', [first]),
  shifted: (first, bits) =>
    ts.factory.createCallExpression(property('i32x4', 'shl'), undefined, [call('pairs', [first]), bits]),
  pairs: (sums) => sums,
  weighted: (...args) => call('weightedBytes', args),
  total: (sums) => sums,
  wholeScales: (twice) => call('wholeScalesBytes', [twice]),
}
const call = (name, args) => ts.factory.createCallExpression(ts.factory.createIdentifier(name), undefined, args)
const property = (object, name) => ts.factory.createPropertyAccessExpression(ts.factory.createIdentifier(object), name)

/** The function with sums in i32, read again so that its nodes know their parents and places. */
function withBytes(declaration, file) {
  const transformer = (context) => {
    const visit = (node) => {
      const visited = ts.visitEachChild(node, visit, context)
      if (node === declaration.name) return ts.factory.createIdentifier(node.text.replace('Rows$', 'BytesRows$'))
      if (!ts.isCallExpression(visited) || !ts.isIdentifier(visited.expression)) return visited
      return AS_BYTES[visited.expression.text]?.(...visited.arguments) ?? visited
    }
    return (node) => ts.visitNode(node, visit)
  }
  const text = print(ts.transform(declaration, [transformer]).transformed[0], file)
  return ts.createSourceFile('bytes.ts', text, ts.ScriptTarget.ESNext, true).statements[0]
}

function print(node, file) {
  return ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, file)
}

/** `declaration` for `rows` rows, in a file that has functions of these names. */
function expanded(declaration, rows, own) {
  const each = (node) => Array.from({ length: rows }, (_, row) => forRow(node, row))
  const transformer = (context) => {
    const isOwnCall = (node) => ts.isCallExpression(node) && own.has(node.expression.text)
    const visit = (node) => {
      if (isOwnCall(node)) {
        const name = ts.factory.createIdentifier(node.expression.text.replace('$', rows))
        return ts.factory.updateCallExpression(node, name, undefined, node.arguments)
      }
      if (ts.isBlock(node) && ts.isBlock(node.parent) && isOfRows(node)) return each(node)
      if (ts.isExpressionStatement(node) && isOfRows(node) && !isOwnCall(node.expression)) return each(node)
      if (ts.isVariableDeclarationList(node)) {
        const declarations = node.declarations.flatMap((one) => (isOfRows(one) ? each(one) : [one]))
        return ts.factory.updateVariableDeclarationList(node, declarations)
      }
      if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.CommaToken)
        return operands(node)
          .flatMap((one) => (isOfRows(one) ? each(one) : [one]))
          .reduce((all, one) => ts.factory.createComma(all, one))
      return ts.visitEachChild(node, visit, context)
    }
    return (node) =>
      ts.factory.updateFunctionDeclaration(
        node,
        ...[undefined, node.asteriskToken, ts.factory.createIdentifier(node.name.text.replace('$', rows))],
        ...[node.typeParameters, node.parameters, node.type, ts.visitNode(node.body, visit)],
      )
  }
  return ts.transform(declaration, [transformer]).transformed[0]
}

function operands(node) {
  const isComma = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.CommaToken
  return isComma ? [...operands(node.left), ...operands(node.right)] : [node]
}

/** A name with `$` is in it, not counting blocks that are repeated by themselves. */
function isOfRows(node) {
  if (ts.isIdentifier(node)) return node.text.endsWith('$')
  return ts.forEachChild(node, (child) => isOfRows(child) || undefined) ?? false
}

function forRow(node, row) {
  const transformer = (context) => {
    const visit = (child) => {
      if (!ts.isIdentifier(child) || !child.text.endsWith('$')) return ts.visitEachChild(child, visit, context)
      return child.text === '$'
        ? ts.factory.createNumericLiteral(row)
        : ts.factory.createIdentifier(child.text.replace('$', row))
    }
    return (root) => ts.visitNode(root, visit)
  }
  return ts.transform(node, [transformer]).transformed[0]
}
