import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../surface/examples.js'

/** Inside of the package, so that `kaiyuan` is the built package itself. */
const folder = join(root, 'dist/.guides')
beforeAll(() => mkdirSync(folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const GUIDES = ['constrained-output', 'agents']
const blocks = GUIDES.flatMap((guide) =>
  [...readFileSync(join(root, `docs/${guide}.md`), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code = ''], i) => [`${guide}-${i + 1}`, code] as const,
  ),
)

it.each(blocks)('block %s prints what it says', async (name, code) => {
  const file = join(folder, `${name}.mjs`)
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
