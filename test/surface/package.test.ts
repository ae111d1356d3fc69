import { readFileSync, readdirSync } from 'node:fs'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { root } from './examples.js'

/** Whether a module does something when it is imported: anything that is not a declaration. */
function hasEffects(path: string): boolean {
  const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  const declares = (statement: ts.Statement): boolean =>
    ts.isDeclarationStatement(statement) ||
    ts.isVariableStatement(statement) ||
    ts.isExportDeclaration(statement) ||
    (ts.isImportDeclaration(statement) && statement.importClause !== undefined)
  return !statements.every(declares)
}

it('names the modules that have effects when they are imported, and no others', () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const found = files
    .filter((file) => hasEffects(`${root}src/${file}`))
    .map((file) => `./dist/${file.replace(/\.ts$/, '.js')}`)
  const { sideEffects } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { sideEffects: string[] }
  expect(found.sort()).toEqual([...sideEffects].sort())
})
