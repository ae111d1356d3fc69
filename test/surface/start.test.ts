// What a command loads before it does anything, which is most of its time: files that are opened, and modules that are in them.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const DIST = pathToFileURL(here('../../dist/')).href
const MAIN = here('../../dist/cli/main.js')
const HOOK = new URL('loaded-files.mjs', import.meta.url).href

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-start-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: npm test builds it; run npm run build first')
})

interface LoadedFile {
  readonly file: string
  readonly importer: string
}

let runs = 0

/** The files that a command loads, each once, and who imports it first. */
async function loadedBy(...args: string[]): Promise<LoadedFile[]> {
  const log = join(folder, `${runs++}`)
  const env = { ...process.env, LOADED_FILES: log }
  await promisify(execFile)(process.execPath, ['--import', HOOK, MAIN, ...args], { env })
  const files = new Map<string, string>()
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
    const [file = '', importer = ''] = line.split(' ')
    if (!files.has(file) && file.startsWith('file:')) files.set(file, importer)
  }
  return [...files].map(([file, importer]) => ({ file, importer }))
}

const short = (url: string): string => url.replace(DIST, 'dist/')
const described = (files: readonly LoadedFile[]): string =>
  files.map(({ file, importer }) => `${short(file)}, which ${short(importer) || 'Node'} imports`).join('\n')

/** The modules of src and of packages that a file is made of, which the build names in it, and the file. */
function modulesOf(files: readonly LoadedFile[]): { module: string; from: string }[] {
  return files.flatMap((loaded) => {
    const text = readFileSync(fileURLToPath(loaded.file), 'utf8')
    const names = [...text.matchAll(/^\/\/ (?:\S*\/)?((?:src|node_modules)\/\S+)$/gm)].map(([, name]) => name!)
    return names.map((module) => ({ module, from: described([loaded]) }))
  })
}

it.each(['--version', '--help'])('%s loads few files, and nothing of the engine', async (flag) => {
  const files = await loadedBy(flag)
  expect(files.length, described(files)).toBeLessThanOrEqual(16)
  const modules = modulesOf(files)
  expect(modules.length).toBeGreaterThan(20)
  // Two files of the engine say what flags are called.
  const foreign =
    /^(src\/(agent|chat|engine\/(?!answer\/drafter|schedule\/speculation)|eval|grammar|graph|models|race|store|tokenizer)\/|node_modules\/zod\/)/
  expect(modules.filter(({ module }) => foreign.test(module))).toEqual([])
})

let run: Promise<LoadedFile[]> | undefined

it('run loads few files, and nothing of what other commands do', async () => {
  const files = await (run ??= loadedBy('run', 'mini', 'Hello'))
  expect(files.length, described(files)).toBeLessThanOrEqual(50)
  const modules = modulesOf(files)
  expect(modules.length).toBeGreaterThan(200)
  const foreign =
    /^(src\/(agent|eval|race|server\/(?!version\.ts)|cli\/(chat|eval|mcp|race|store)\/(?!command\.ts|local-model\.ts)|store\/(cache|hubs|network|packages|transfer)\/)|node_modules\/cli-progress\/)/
  expect(modules.filter(({ module }) => foreign.test(module))).toEqual([])
})

it('loads each module once, and none of the library next to the command line, so that no state is there twice', async () => {
  const files = await (run ??= loadedBy('run', 'mini', 'Hello'))
  const others = files.filter(({ file }) => !file.startsWith(`${DIST}cli/`))
  expect(others.map(({ file }) => short(file))).toEqual(['dist/backends/cpu/kernels-relaxed.generated.js'])
  const modules = modulesOf(files).map(({ module }) => module)
  expect(modules.filter((module, at) => modules.indexOf(module) !== at)).toEqual([])
})
