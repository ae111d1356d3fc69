// Takes the comments out of dist/**/*.js, a seventh of the package; the declarations keep theirs, for editors.
// A file with comments for bundlers (webpackIgnore, @vite-ignore) is left as it is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, removeComments: true }
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.js') || name.endsWith('.generated.js')) continue
  const file = join(dist, name)
  const source = readFileSync(file, 'utf8')
  if (/webpackIgnore|@vite-ignore/.test(source)) continue
  writeFileSync(file, ts.transpileModule(source, { compilerOptions }).outputText)
}
