// npm run test:clients: installs this folder's package if it is not there as its lock says (--install: no more than that), and
// runs its suite.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const root = path('../..')
const { engines } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
const needed = Number(/\d+/.exec(engines.node)[0])

if (Number(process.versions.node.split('.')[0]) < needed) {
  console.error(`The clients need Node ${needed}, this is ${process.version}. Run: npx -y node@24 test/clients/run.mjs`)
  process.exit(2)
}

/** The lock that node_modules was installed from. */
const installed = path('node_modules/.installed-lock.json')
const lock = path('package-lock.json')
if (!existsSync(installed) || !readFileSync(installed).equals(readFileSync(lock))) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: path('.'), stdio: 'inherit' })
  copyFileSync(lock, installed)
}
if (process.argv.includes('--install')) process.exit(0)

const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
const status =
  run('tools/build.mjs') ||
  run('node_modules/typescript/bin/tsc', '-p', 'test/clients') ||
  run('node_modules/vitest/vitest.mjs', 'run', '--config', 'test/clients/vitest.config.ts', ...process.argv.slice(2))
process.exitCode = status
