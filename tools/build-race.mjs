// Builds the page of the race, in both languages, into dist/race, if its sources changed: charts are drawn here, so that the page has
// no chart library. dist/.built-race says from what it was made.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const STAMP = join(root, 'dist/.built-race')
const FOLDERS = ['web/race', 'src/race', 'data/race']

const PAGES = { en: 'index.html', zh: 'zh.html' }
const read = (path) => readFileSync(join(root, path), 'utf8')

function digest() {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const others = ['package-lock.json', 'src/html.ts', 'tools/build-race.mjs'].map((path) => join(root, path))
  const hash = createHash('sha256')
  for (const file of [...files.sort(), ...others]) hash.update(readFileSync(file))
  return hash.digest('hex')
}

async function buildRace() {
  const { build, runnerImport } = await import('vite')
  const module = async (path) =>
    (await runnerImport(join(root, path), { root, configFile: false, logLevel: 'error' })).module
  const { racePage } = await module('web/race/page.ts')
  const { readRace } = await module('src/race/data/read.ts')
  const { MODEL_TYPES } = await module('src/models/registry.ts')
  const data = readRace(
    Object.fromEntries(
      ['models', 'eci', 'frontier', 'arena-gap', 'scores', 'names'].map((name) => [
        name,
        read(`data/race/${name}.csv`),
      ]),
    ),
  )
  const [{ output }] = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: { write: false, lib: { entry: join(root, 'web/race/script.ts'), formats: ['iife'], name: 'race' } },
  })
  const script = output[0].code.trim()
  if (script.includes('</script')) throw new Error('the script of the page would end itself')
  const hash = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`
  const style = read('web/race/style.css').replaceAll('\n', '')
  mkdirSync(join(root, 'dist/race'), { recursive: true })
  for (const [language, name] of Object.entries(PAGES)) {
    const page = join(root, 'dist/race', name)
    writeFileSync(`${page}.part`, racePage(data, { language, script, style, families: new Set(MODEL_TYPES), hash }))
    renameSync(`${page}.part`, page)
  }
}

const current = digest()
const isBuilt = Object.values(PAGES).every((name) => existsSync(join(root, 'dist/race', name)))
if (!isBuilt || !existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== current) {
  await buildRace()
  writeFileSync(STAMP, current)
}
