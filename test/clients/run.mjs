// npm run test:clients: installs this folder's packages if they are not there as their locks say (--install: no more than that),
// and runs its suite, where the system allows it in a namespace without a network: what a client says to others goes nowhere.
import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const root = path('../..')
const { engines } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
const needed = Number(/\d+/.exec(engines.node)[0])

if (Number(process.versions.node.split('.')[0]) < needed) {
  console.error(`The clients need Node ${needed}, this is ${process.version}. Run: npx -y node@24 test/clients/run.mjs`)
  process.exit(2)
}

/** Runs a command to its end; its output is shown if it fails. */
async function command(program, ...args) {
  try {
    await promisify(execFile)(program, args, { cwd: path('.'), maxBuffer: 1 << 26 })
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.message}\n${error.stdout ?? ''}`, { cause: error })
  }
}

const same = (file, other) => existsSync(other) && readFileSync(file).equals(readFileSync(other))

async function installNpm() {
  /** The lock that node_modules was installed from. */
  const installed = path('node_modules/.installed-lock.json')
  const lock = path('package-lock.json')
  if (same(lock, installed)) return
  console.log('installing the clients of npm')
  await command('npm', 'ci', '--no-audit', '--no-fund')
  copyFileSync(lock, installed)
}

/** The packages of one file after the other; one that cannot be had is left out, and its tests are skipped with the reason. */
async function installPython() {
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-compile', '-r']
  for (const name of ['requirements.txt', 'requirements-lm-eval.txt']) {
    const file = path(`python/${name}`)
    const installed = path(`python/.venv/installed-${name}`)
    const failure = path(`python/.venv-failed-${name}`)
    if (same(file, installed)) continue
    rmSync(failure, { force: true })
    try {
      console.log(`installing the clients of PyPI in ${name}`)
      await command('python3', '-m', 'venv', 'python/.venv')
      await command(path('python/.venv/bin/python'), ...pip, file)
      copyFileSync(file, installed)
    } catch (error) {
      console.log(`not installed: ${error.message}`)
      writeFileSync(failure, `pip could not install ${name}: ${error.message.split('\n')[0]}`)
    }
  }
}

await Promise.all([installNpm(), installPython()])
if (process.argv.includes('--install')) process.exit(0)

/** The loopback device of a new namespace is down; where there is no `ip`, Python asks the kernel (SIOCSIFFLAGS). */
const LOOPBACK_UP = `ip link set lo up 2>/dev/null || python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x41))'`
const inNamespace = (...args) => ['unshare', '-rn', 'sh', '-c', `${LOOPBACK_UP} && exec "$@"`, 'sh', ...args]

/** Whether a server in such a namespace can be reached. */
function canIsolate() {
  const probe =
    "const s = require('net').createServer().listen(0, '127.0.0.1', () => s.close()); s.on('error', () => process.exit(1))"
  const [program, ...args] = inNamespace(process.execPath, '-e', probe)
  return spawnSync(program, args).status === 0
}

/** Without a namespace, what turns off the messages that clients send to their makers. */
const QUIET = {
  DISABLE_TELEMETRY: '1',
  DO_NOT_TRACK: '1',
  OPENAI_AGENTS_DISABLE_TRACING: '1',
  LANGSMITH_TRACING: 'false',
  HF_HUB_OFFLINE: '1',
  HF_DATASETS_OFFLINE: '1',
  ANONYMIZED_TELEMETRY: 'false',
}

const run = (program, ...args) =>
  spawnSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...QUIET } }).status ?? 1
const node = (...args) => run(process.execPath, ...args)

const suite = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/clients/vitest.config.ts']
const isolated = canIsolate()
console.log(
  isolated ? 'the clients run without a network' : 'no namespace of the network: the clients could reach others',
)
const given = process.argv.slice(2)
const all = [process.execPath, ...suite, ...given]
process.exitCode =
  node('tools/build.mjs') ||
  node('node_modules/typescript/bin/tsc', '-p', 'test/clients') ||
  run(...(isolated ? inNamespace(...all) : all))
