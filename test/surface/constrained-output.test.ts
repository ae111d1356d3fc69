import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from './examples.js'

/** Inside of the package, so that `kaiyuan` is the built package itself. */
const folder = join(root, 'dist/.constrained-output')
beforeAll(() => mkdirSync(folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = [...readFileSync(join(root, 'docs/constrained-output.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
  ([, code = '']) => code,
)

it.each(blocks.map((code, i) => [i + 1, code] as const))('block %i prints what it says', async (number, code) => {
  const file = join(folder, `${number}.mjs`)
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }) // prettier-ignore
  writeFileSync(file, outputText)
  const { stdout } = await promisify(execFile)(process.execPath, [file])
  const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map(([, text]) => text)
  expect(promised.length).toBeGreaterThan(0)
  expect(
    stdout
      .trim()
      .replaceAll(/\[ | \]/g, (edge) => edge.trim())
      .split('\n'),
  ).toEqual(promised)
})
