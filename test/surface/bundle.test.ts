import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { build } from 'vite'
import { root } from './examples.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-bundle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Bundles a program as for a page, on the built package; whatever the bundler warns of is an error. */
async function bundle(name: string, code: string): Promise<{ main: string; bytes: number }> {
  const entry = join(folder, `${name}.js`)
  const outDir = join(folder, name)
  writeFileSync(entry, code)
  const warnings: string[] = []
  await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: { 'kaiyuan/plan': join(root, 'dist/plan.js'), kaiyuan: join(root, 'dist/index.js') } },
    build: {
      outDir,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: 'main' },
      chunkSizeWarningLimit: 4000,
      rolldownOptions: {
        onLog: (level, { message }) => {
          if (level === 'warn') warnings.push(message)
        },
      },
    },
  })
  expect(warnings).toEqual([])
  const files = readdirSync(outDir).filter((file) => /\.m?js$/.test(file))
  const main = files.find((file) => file.startsWith('main'))
  if (main === undefined) throw new Error(`${outDir}: expected main.js, found ${files.join(', ')}`)
  return { main: join(outDir, main), bytes: files.reduce((sum, file) => sum + statSync(join(outDir, file)).size, 0) }
}

it('a program that only looks at errors carries no engine', async () => {
  const { bytes } = await bundle(
    'errors',
    `import { UserError } from 'kaiyuan'\nexport const is = (e) => e instanceof UserError\n`,
  )
  expect(bytes).toBeLessThan(6000)
})

it('a bundle plans a model, and says what to do about the model that it does not carry', async () => {
  const { main } = await bundle(
    'page',
    `import { UserError, loadEngine } from 'kaiyuan'
import { planModel } from 'kaiyuan/plan'
export const plan = () => planModel({ shape: 'qwen3-0.6b:q4_0' })
export const mini = () => loadEngine('mini').catch((error) => error instanceof UserError && error.message)
`,
  )
  const page = (await import(main)) as { plan: () => Promise<{ layers: number }>; mini: () => Promise<string> }
  expect((await page.plan()).layers).toBe(28)
  expect(await page.mini()).toMatch(/^mini: the embedded model is the folder models\/mini.*serve that folder/)
}, 300_000)
