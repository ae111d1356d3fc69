// Packs the package, installs it in an empty folder as a user would, and asks it the README's question.
// Run after `npm run build`. Ends with `N passed, N failed`.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pack, packedSizes, root } from './package-size.mjs'

const QUESTION = "How many r's are in strawberry?"
// Templates and tokenizer files are read here, without a package of others; so are models fetched: the store takes 70 kB.
const ENGINE_LIMIT = 900_000
// The chat page with its libraries on demand: pdf.js is 490 kB of it, KaTeX with its fonts 340 kB.
const PAGE_LIMIT = 1_100_000
// The engine once more, in files that a page takes without a bundler.
const SCRIPT_LIMIT = 520_000
// docs and examples, so that the README's links lead somewhere: 160 kB are its two pictures.
const GUIDES_LIMIT = 300_000
// Where open models stand: the data as CSV, and the page in two languages.
const RACE_LIMIT = 250_000
// Benchmarks, statistics and the sandbox; no benchmark's data.
const EVALUATION_LIMIT = 140_000
// What Node imports: the engine, the server, the store and evaluation once more, in few files.
const BUNDLE_LIMIT = 600_000
// The command line, which has them once more.
const COMMANDS_LIMIT = 720_000
const FORBIDDEN = /(^|\/)(training|test|kernels|bench|node_modules)\/|\.map$|\/\.built$/
const EXPECTED = [
  'dist/page/index.html',
  'dist/browser/kaiyuan.js',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cli/main.js',
  'dist/cli/licenses.md',
  'dist/node/index.js',
  'dist/node/node-worker.js',
  'models/mini/model.safetensors',
  'LICENSE',
]

/** The modules that a program may import, by their names. */
const { exports: published } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.entries(published)
  .filter(([, target]) => typeof target === 'object')
  .map(([name, { types, node, default: script }]) => ({
    name: posix.join('kaiyuan', name),
    types,
    scripts: [node, script],
  }))

/** The declarations that a file of the package mentions, itself included. */
function reachableTypes(file, found = new Set()) {
  if (found.has(file)) return found
  found.add(file)
  const text = readFileSync(join(root, file), 'utf8')
  for (const [, path] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g))
    reachableTypes(posix.join(posix.dirname(file), `${path}.d.ts`), found)
  return found
}

/** Of an application: what the README shows, with the types that it gets. */
const PROGRAM = `
import { UserError, loadEngine, type ChatMessage, type Engine, type GenerationResult, type LoadOptions, type Part } from 'kaiyuan'
import { planModel, type LoadPlan } from 'kaiyuan/plan'

const options: LoadOptions = { precision: 'exact', kvCache: undefined, stepTokens: 128 }
const messages: ChatMessage[] = [{ role: 'user', content: 'Hello' }]
export async function answer(): Promise<GenerationResult> {
  const engine: Engine = await loadEngine('mini', options)
  try {
    const generation = engine.chat(messages, { maxTokens: 8, seed: 1 })
    for await (const part of generation) print(part)
    return await generation.result
  } catch (error) {
    if (error instanceof UserError) console.log(error.code, error.remedies.length)
    throw error
  } finally {
    await engine.close()
  }
}
function print(part: Part): void {
  if (part.kind === 'tool-call') console.log(part.call.name)
  else console.log(part.text)
}
export const plan: Promise<LoadPlan> = planModel({ shape: 'qwen3-8b:q4_0' })
// @ts-expect-error an option that does not exist
void loadEngine('mini', { temperature: 0 })
`

let passed = 0
let failed = 0
function check(name, work) {
  try {
    const note = work()
    passed++
    console.log(`ok      ${name}${note ? ` (${note})` : ''}`)
  } catch (error) {
    failed++
    console.log(`FAILED  ${name}: ${error instanceof Error ? error.message : String(error)}`)
    if (error?.stderr) console.log(String(error.stderr))
  }
}
function expect(condition, message) {
  if (!condition) throw new Error(message)
}
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-package-'))
const app = join(folder, 'app')
const run = (command, args) =>
  execFileSync(command, args, { cwd: app, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })

try {
  expect(existsSync(join(root, 'dist/cli/main.js')), 'dist is missing: run `npm run build` first')
  const report = pack(folder)
  const tarball = join(folder, report.filename)
  const paths = report.files.map((file) => file.path)
  let found
  const sizes = () => (found ??= packedSizes(tarball))

  check('the package has what it needs', () => {
    const missing = EXPECTED.filter((path) => !paths.includes(path))
    expect(missing.length === 0, `missing: ${missing.join(', ')}`)
    return `${paths.length} files`
  })
  for (const { name, types, scripts } of entries)
    check(`${name} has all types that it mentions`, () => {
      const reachable = [...reachableTypes(posix.normalize(types))]
      const missing = [...reachable, ...scripts.map(posix.normalize)].filter((path) => !paths.includes(path))
      expect(missing.length === 0, `not in the package: ${missing.join(', ')}`)
      return `${reachable.length} declarations`
    })
  check('the links of the README lead to files of the package', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const links = [...readme.matchAll(/\]\(([^)#\s]+)|src="([^"]+)"/g)].map(([, link, picture]) => link ?? picture)
    const local = links.filter((link) => !/^[a-z]+:/.test(link))
    const missing = local.filter((link) => !paths.includes(posix.normalize(link)))
    expect(local.length > 0 && missing.length === 0, `not in the package: ${missing.join(', ')}`)
    return `${local.length} links`
  })
  check('the package has nothing else', () => {
    const extra = paths.filter((path) => FORBIDDEN.test(path))
    expect(extra.length === 0, `not for users: ${extra.slice(0, 5).join(', ')}`)
  })
  check(`the engine packs to less than ${kilobytes(ENGINE_LIMIT)}`, () => {
    const { packed, engine } = sizes()
    expect(engine < ENGINE_LIMIT, `${kilobytes(engine)}`)
    return `engine ${kilobytes(engine)}, with the page and the embedded model ${kilobytes(packed)}`
  })
  check(`the chat page packs to less than ${kilobytes(PAGE_LIMIT)}`, () => {
    const { page } = sizes()
    expect(page < PAGE_LIMIT, `${kilobytes(page)}`)
    return kilobytes(page)
  })
  check(`the files for pages without a bundler pack to less than ${kilobytes(SCRIPT_LIMIT)}`, () => {
    const { script } = sizes()
    expect(script < SCRIPT_LIMIT, `${kilobytes(script)}`)
    return kilobytes(script)
  })
  check(`evaluation packs to less than ${kilobytes(EVALUATION_LIMIT)}`, () => {
    const { evaluation } = sizes()
    expect(evaluation < EVALUATION_LIMIT, `${kilobytes(evaluation)}`)
    return kilobytes(evaluation)
  })
  check(`the command line packs to less than ${kilobytes(COMMANDS_LIMIT)}`, () => {
    const { commands } = sizes()
    expect(commands < COMMANDS_LIMIT, `${kilobytes(commands)}`)
    return kilobytes(commands)
  })
  check(`what Node imports packs to less than ${kilobytes(BUNDLE_LIMIT)}`, () => {
    const { bundle } = sizes()
    expect(bundle < BUNDLE_LIMIT, `${kilobytes(bundle)}`)
    return kilobytes(bundle)
  })
  check(`the race and its data pack to less than ${kilobytes(RACE_LIMIT)}`, () => {
    const { race } = sizes()
    expect(race < RACE_LIMIT, `${kilobytes(race)}`)
    return kilobytes(race)
  })
  check(`docs and examples pack to less than ${kilobytes(GUIDES_LIMIT)}`, () => {
    const { guides } = sizes()
    expect(guides < GUIDES_LIMIT, `${kilobytes(guides)}`)
    return kilobytes(guides)
  })
  check('it installs in an empty folder', () => {
    execFileSync('mkdir', ['-p', app])
    writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n')
    run('npm', ['install', '--no-audit', '--no-fund', tarball])
  })
  check(`npx kaiyuan run "${QUESTION}"`, () => {
    const answer = run('npx', ['--no-install', 'kaiyuan', 'run', QUESTION]).trim()
    expect(/\b3\b|\bthree\b/i.test(answer), `expected an answer with 3, found ${JSON.stringify(answer)}`)
    return answer.split('\n').at(-1)
  })
  check('the lines of the README', () => {
    writeFileSync(
      join(app, 'lines.mjs'),
      `import { loadEngine } from 'kaiyuan'
const engine = await loadEngine('mini')
const answer = engine.chat([{ role: 'user', content: ${JSON.stringify(QUESTION)} }])
for await (const text of answer.texts()) process.stdout.write(text)
await engine.close()
`,
    )
    const answer = run(process.execPath, ['lines.mjs']).trim()
    expect(/\b3\b|\bthree\b/i.test(answer), `expected an answer with 3, found ${JSON.stringify(answer)}`)
  })
  check('every module can be imported', () => {
    const imports = entries.map(({ name }) => `await import('${name}')`)
    writeFileSync(
      join(app, 'all.mjs'),
      `const all = [${imports.join(', ')}]\nconsole.log(all.map((m) => Object.keys(m).length).join(' '))\n`,
    )
    const counts = run(process.execPath, ['all.mjs']).trim().split(' ').map(Number)
    expect(counts.length === entries.length && counts.every((count) => count > 0), `exports: ${counts}`)
    return entries.map(({ name }, i) => `${name} ${counts[i]}`).join(', ')
  })
  check('Node gets what bundlers get', () => {
    for (const { name, scripts } of entries) {
      const [node, others] = scripts.map((script) => JSON.stringify(pathToFileURL(join(root, script)).href))
      const program = `const names = async (file) => Object.keys(await import(file)).join(' ')
        console.log([await names(${node}), await names(${others})].join('|'))`
      const found = run(process.execPath, ['--input-type=module', '--eval', program])
      const [inNode, inOthers] = found.trim().split('|')
      expect(inNode === inOthers, `${name}: ${inNode} in Node, ${inOthers} elsewhere`)
    }
  })
  check('a program of one line answers with an engine in a thread of its own', () => {
    const program = `import { answerMessage } from 'kaiyuan'
      import { loadEngine } from 'kaiyuan/worker'
      const engine = await loadEngine('mini')
      const { content } = answerMessage(await engine.chat([{ role: 'user', content: ${JSON.stringify(QUESTION)} }]).result)
      console.log(content)
      await engine.close()`
    const answer = run(process.execPath, ['--input-type=module', '--eval', program]).trim()
    expect(/\b3\b/.test(answer), `expected an answer with 3, found ${JSON.stringify(answer)}`)
  })
  for (const [module, moduleResolution] of [
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ])
    check(`a TypeScript project compiles against it (${moduleResolution})`, () => {
      const lib = ['ES2024', 'ESNext.Disposable', 'DOM', 'DOM.AsyncIterable']
      const compilerOptions = {
        strict: true,
        target: 'ES2022',
        module,
        moduleResolution,
        lib,
        types: [],
        skipLibCheck: false,
        noEmit: true,
      }
      writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
      const imports = entries.map(({ name }, i) => `import * as m${i} from '${name}'\nexport { m${i} }\n`)
      writeFileSync(join(app, 'app.ts'), imports.join('') + PROGRAM)
      try {
        run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'])
      } catch (error) {
        throw new Error(String(error.stdout).trim().split('\n').slice(0, 5).join('; '), { cause: error })
      }
    })
} catch (error) {
  failed++
  console.log(`FAILED  ${error instanceof Error ? error.message : String(error)}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
