/** What the compiler says of code that is in no file: examples of docstrings and guides. */
import { join } from 'node:path'
import ts from 'typescript'
import { entries, root } from './examples.js'

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
  config: { compilerOptions: object }
}
export const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)

/**
 * Checks modules that import `kaiyuan` as users do.
 * @param sources code by the paths at which it is taken to be, where packages are looked for from
 */
export function problemsOf(sources: ReadonlyMap<string, string>, before?: ts.Program): string[] {
  const paths = Object.fromEntries(entries().map(({ name, source }) => [name, [source]]))
  const host = ts.createCompilerHost(options)
  const disk = ts.createCompilerHost(options)
  host.fileExists = (path) => sources.has(path) || disk.fileExists(path)
  host.readFile = (path) => sources.get(path) ?? disk.readFile(path)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = sources.get(path)
    return text === undefined
      ? disk.getSourceFile(path, languageVersion, ...rest)
      : ts.createSourceFile(path, text, languageVersion)
  }
  const checked = ts.createProgram([...sources.keys()], { ...options, noEmit: true, paths }, host, before)
  return [...sources.keys()].flatMap((path) => {
    const file = checked.getSourceFile(path)
    const found = [...checked.getSyntacticDiagnostics(file), ...checked.getSemanticDiagnostics(file)]
    return found.map(
      ({ messageText }) => `${ts.flattenDiagnosticMessageText(messageText, ' ')} in\n${sources.get(path)}`,
    )
  })
}

/** The blocks of a guide in JavaScript, which are for programs that need something that is not here. */
export function shownBlocks(guide: string): string[] {
  const text = ts.sys.readFile(join(root, `docs/${guide}.md`)) ?? ''
  return [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code)
}
