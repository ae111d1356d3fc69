// Builds dist from src and kernels: what changed since the last build, and nothing when nothing did. JavaScript first, file by
// file, the command line and what Node imports once more in few (build-node.mjs), and the chat page (build-page.mjs); with --types the declarations too,
// which takes the type checker, the page of the race (build-race.mjs) and the files for pages without a bundler (build-browser.mjs). dist/.built says from
// what dist was made.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const STAMP = 'dist/.built'
/** Changes of these make every file again. */
const SETTINGS = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'tools/build.mjs']

const inRoot = (path) => join(root, path)
const digest = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
const digestOf = (path) => digest(readFileSync(inRoot(path)))
const isGenerated = (path) => path.includes('.generated.')
const scriptOf = (path) => path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js')

/** Files below a folder, in a fixed order. */
function filesOf(folder) {
  if (!existsSync(inRoot(folder))) return []
  return readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .sort()
}
const sources = () => filesOf('src').filter((path) => path.endsWith('.ts'))
/** Those of the library: each becomes a script of its own. */
const librarySources = () => sources().filter((path) => !path.startsWith('src/cli/'))

/** Settings and everything that dist is made from, generated files excepted: they follow from the others. */
function currentInputs() {
  const settings = digest(...SETTINGS.map(digestOf))
  const files = [...sources(), ...filesOf('kernels'), ...filesOf('tools')].filter((path) => !isGenerated(path))
  return { settings, all: digest(settings, ...files.flatMap((path) => [path, digestOf(path)])) }
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(inRoot(STAMP), 'utf8'))
  } catch {
    return { files: {} }
  }
}

/** As a whole or not at all: another process may be reading the file. */
function write(path, text) {
  mkdirSync(dirname(inRoot(path)), { recursive: true })
  writeFileSync(inRoot(`${path}.${process.pid}`), text)
  renameSync(inRoot(`${path}.${process.pid}`), inRoot(path))
}

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** Without comments, a seventh of the package; but files with comments for bundlers keep theirs. */
async function transpiler() {
  const { default: ts } = await import('typescript')
  const { config } = ts.readConfigFile(inRoot('tsconfig.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  return (path) => {
    const source = readFileSync(inRoot(path), 'utf8')
    const removeComments = !/webpackIgnore|@vite-ignore/.test(source)
    const compilerOptions = { ...options, noEmit: false, removeComments }
    return ts.transpileModule(source, { compilerOptions, fileName: path }).outputText
  }
}

/** Scripts of the files that changed; what has no source any more goes. Returns the digest of each source. */
async function makeScripts(before, settings) {
  const files = Object.fromEntries(librarySources().map((path) => [path, digestOf(path)]))
  const isCurrent = (path) =>
    before.settings === settings && before.files[path] === files[path] && existsSync(inRoot(scriptOf(path)))
  const changed = Object.keys(files).filter((path) => !isCurrent(path))
  const transpile = changed.length > 0 ? await transpiler() : undefined
  for (const path of changed) write(scriptOf(path), transpile(path))
  const expected = new Set(Object.keys(files).flatMap((path) => [scriptOf(path), typesOf(path)]))
  for (const path of filesOf('dist'))
    if (!expected.has(path) && !/^dist\/(cli\/|node\/|page\/|browser\/|race\/\w+\.html$|\.built)/.test(path))
      rmSync(inRoot(path))
  return files
}
const typesOf = (path) => scriptOf(path).replace(/\.js$/, '.d.ts')

const inputs = currentInputs()
const stamp = readStamp()
const made = (path) => existsSync(inRoot(path)) && existsSync(inRoot(scriptOf(path)))
const BUNDLED = ['dist/cli/main.js', 'dist/node/index.js']
if (
  stamp.all !== inputs.all ||
  !Object.keys(stamp.files).every(made) ||
  !BUNDLED.every((path) => existsSync(inRoot(path)))
) {
  run(['tools/build-kernels.mjs'])
  rmSync(inRoot(STAMP), { force: true })
  stamp.files = await makeScripts(stamp, inputs.settings)
  run(['tools/build-node.mjs'])
  write(STAMP, JSON.stringify({ ...inputs, files: stamp.files }))
}
run(['tools/build-page.mjs'])
if (process.argv.includes('--types')) run(['tools/build-race.mjs'])
if (process.argv.includes('--types') && stamp.types !== inputs.all) {
  run(['tools/build-browser.mjs'])
  run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--emitDeclarationOnly'])
  write(STAMP, JSON.stringify({ ...inputs, files: stamp.files, types: inputs.all }))
}
