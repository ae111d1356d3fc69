/** The examples of what the package publishes, read from the docstrings in src. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A module that users import, and the source that it is built from. */
export interface Entry {
  readonly name: string
  readonly source: string
}

/** The modules of package.json's exports. */
export function entries(): Entry[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> }
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target !== 'object' || target === null || !('default' in target)) return []
    const source = String(target.default).replace('./dist/', `${root}src/`).replace(/\.js$/, '.ts')
    return [{ name: path.replace(/^\./, 'kaiyuan'), source }]
  })
}

/** A function or a public method, with the code of its examples. */
export interface Documented {
  readonly entry: string
  readonly name: string
  readonly examples: readonly string[]
}

/** Every function and public method of what an entry exports; `others` are classes and interfaces with examples of their own. */
export function documented(program: ts.Program): { callables: Documented[]; others: Documented[] } {
  const checker = program.getTypeChecker()
  const callables: Documented[] = []
  const others: Documented[] = []
  const seen = new Set<ts.Declaration>()
  for (const entry of entries()) {
    const file = program.getSourceFile(entry.source)
    const module = file && checker.getSymbolAtLocation(file)
    if (!module) throw new Error(`${entry.source}: expected a module of the program`)
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const declaration = symbol.declarations?.[0]
      if (!declaration || seen.has(declaration)) continue
      seen.add(declaration)
      const note = (name: string, node: ts.Node): Documented => ({
        entry: entry.name,
        name,
        examples: examplesOf(node),
      })
      if (ts.isFunctionDeclaration(declaration)) callables.push(note(exported.name, declaration))
      else {
        others.push(note(exported.name, declaration))
        if (!ts.isClassDeclaration(declaration)) continue
        for (const member of declaration.members.filter(isPublicMethod))
          callables.push(note(`${exported.name}.${member.name.getText()}`, member))
      }
    }
  }
  return { callables, others: others.filter(({ examples }) => examples.length > 0) }
}

function isPublicMethod(member: ts.ClassElement): member is ts.MethodDeclaration {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  return (
    ts.isMethodDeclaration(member) &&
    !(ts.getCombinedModifierFlags(member) & hidden) &&
    !ts.isComputedPropertyName(member.name)
  )
}

function examplesOf(node: ts.Node): string[] {
  return ts
    .getJSDocTags(node)
    .filter(({ tagName }) => tagName.text === 'example')
    .map(({ comment }) => (typeof comment === 'string' ? comment : ts.getTextOfJSDocComment(comment)) ?? '')
}

/** A whole module: what an example takes for granted is put around it. */
export function moduleOf({ entry }: Documented, code: string): string {
  if (/^import /m.test(code)) return `${code}\nexport {}\n`
  const uses = (name: string): boolean =>
    new RegExp(`(?<![.\\w])${name}\\b`).test(code) && !new RegExp(`(const|let) ${name}\\b`).test(code)
  const before = [
    `import * as all from '${entry}'`,
    ...(uses('loadEngine') || uses('engine') || uses('session') ? ["import { loadEngine } from 'kaiyuan'"] : []),
  ]
  const names = namesOf(entry, 'export').filter((name) => name !== 'loadEngine' && uses(name))
  const types = namesOf(entry, 'export type').filter(uses)
  if (types.length > 0) before.push(`import type { ${types.join(', ')} } from '${entry}'`)
  if (names.length > 0) before.push(`const { ${names.join(', ')} } = all`)
  if (uses('engine') || uses('session')) before.push("const engine = await loadEngine('mini')")
  if (uses('session')) before.push('const session = engine.session()')
  const after = uses('engine') || uses('session') ? ['await engine.close()'] : []
  return [...before, code, ...after, 'export {}', ''].join('\n')
}

/** The text of a module, and of those that it exports as a whole. */
function textOf(source: string): string {
  const text = readFileSync(source, 'utf8')
  const whole = [...text.matchAll(/^export \* from '([^']+)\.js'/gm)].map(([, path]) =>
    join(dirname(source), `${path}.ts`),
  )
  return [text, ...whole.map(textOf)].join('\n')
}

/** What an entry's source exports, by its text. */
function namesOf(entry: string, how: 'export' | 'export type'): string[] {
  const text = textOf(entries().find(({ name }) => name === entry)!.source)
  return [...text.matchAll(new RegExp(`^${how} \\{([^}]*)\\}`, 'gm'))].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type ')),
  )
}

/** What an example says that it prints: `console.log(x) // 61`. */
export function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map(([, text = '']) => text.trim())
}

/** Examples of what only a network or a page has are checked by the compiler alone. */
export function canRun(code: string): boolean {
  return !/https?:\/\/|\bdocument\b|new Worker\(|self\b|\bevaluate\(|\bpromptsOfTask\(/.test(code)
}
