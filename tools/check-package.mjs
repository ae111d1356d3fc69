// Packs the package, installs it in an empty folder as a user would, and asks it the README's question.
// Run after `npm run build`. Ends with `N passed, N failed`.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack, packedSizes, root } from './package-size.mjs'

const QUESTION = "How many r's are in strawberry?"
const ENGINE_LIMIT = 400_000
const FORBIDDEN = /(^|\/)(training|test|kernels|bench|node_modules)\/|\.map$|\/\.built$/
const EXPECTED = ['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'models/mini/model.safetensors', 'LICENSE']

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

  check('the package has what it needs', () => {
    const missing = EXPECTED.filter((path) => !paths.includes(path))
    expect(missing.length === 0, `missing: ${missing.join(', ')}`)
    return `${paths.length} files`
  })
  check('the package has nothing else', () => {
    const extra = paths.filter((path) => FORBIDDEN.test(path))
    expect(extra.length === 0, `not for users: ${extra.slice(0, 5).join(', ')}`)
  })
  check(`the engine packs to less than ${kilobytes(ENGINE_LIMIT)}`, () => {
    const { packed, engine } = packedSizes(tarball)
    expect(engine < ENGINE_LIMIT, `${kilobytes(engine)}`)
    return `engine ${kilobytes(engine)}, with the embedded model ${kilobytes(packed)}`
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
  check('the four lines of the README', () => {
    writeFileSync(
      join(app, 'four.mjs'),
      `import { loadEngine } from 'kaiyuan'
const engine = await loadEngine('mini')
for await (const part of engine.chat([{ role: 'user', content: ${JSON.stringify(QUESTION)} }])) if (part.kind === 'text') process.stdout.write(part.text)
await engine.close()
`,
    )
    const answer = run(process.execPath, ['four.mjs']).trim()
    expect(/\b3\b|\bthree\b/i.test(answer), `expected an answer with 3, found ${JSON.stringify(answer)}`)
  })
} catch (error) {
  failed++
  console.log(`FAILED  ${error instanceof Error ? error.message : String(error)}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
