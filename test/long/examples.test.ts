import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRun, documented, entries, moduleOf, promised, root } from '../surface/examples.js'
import { options, problemsOf } from '../surface/typed.js'

/** Inside of the package, so that `kaiyuan` is the built package itself. */
const folder = join(root, 'dist/.examples')

const program = ts.createProgram(
  entries().map(({ source }) => source),
  { ...options, noEmit: true },
)
const { callables, others } = documented(program)
const examples = [...callables, ...others].flatMap((of, at) =>
  of.examples.map((code, i) => ({
    name: `${of.entry}: ${of.name}`,
    file: `${at}-${i}`,
    code,
    module: moduleOf(of, code),
  })),
)

describe('every published function and method', () => {
  it.each(callables.map((of) => [`${of.entry}: ${of.name}`, of.examples.length] as const))(
    '%s has an example',
    (_, count) => {
      expect(count).toBeGreaterThan(0)
    },
  )
})

it('examples are what the compiler takes', () => {
  const sources = new Map(examples.map(({ file, module }) => [join(root, `test/surface/example-${file}.ts`), module]))
  expect(problemsOf(sources, program)).toEqual([])
}, 300_000)

describe('on the built package', () => {
  /** What each example printed, or why it failed; of one process for all. */
  const ran = new Map<string, { out: string; error?: string }>()
  const runnable = examples.filter(({ code }) => canRun(code))

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/plan.js')))
      throw new Error('dist is missing: npm test builds it; run npm run build first')
    mkdirSync(folder, { recursive: true })
    for (const { file, module } of runnable) {
      const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
      writeFileSync(join(folder, `${file}.mjs`), ts.transpileModule(module, { compilerOptions }).outputText)
    }
    writeFileSync(join(folder, 'all.mjs'), DRIVER)
    const files = runnable.map(({ file }) => file)
    const out = await new Promise<string>((resolve, reject) =>
      execFile(process.execPath, [join(folder, 'all.mjs'), ...files], { maxBuffer: 2 ** 26 }, (error, text, err) =>
        error ? reject(new Error(`${error.message}\n${err}`)) : resolve(text),
      ),
    )
    for (const [file, result] of JSON.parse(out) as [string, { out: string; error?: string }][]) ran.set(file, result)
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(runnable)('the example of $name runs and prints what it says', ({ file, code }) => {
    const { out, error } = ran.get(file)!
    expect(error).toBeUndefined()
    for (const line of promised(code)) expect(out.split('\n')).toContain(line)
  })
})

const DRIVER = `
const results = []
for (const file of process.argv.slice(2)) {
  const result = { out: '' }
  console.log = (...values) => void (result.out += values.map(String).join(' ') + '\\n')
  const write = process.stdout.write
  process.stdout.write = (text) => ((result.out += text), true)
  try {
    await import('./' + file + '.mjs')
  } catch (error) {
    result.error = error.stack
  }
  process.stdout.write = write
  results.push([file, result])
}
process.stdout.write(JSON.stringify(results), () => process.exit(0))
`
