/** A process that holds an interpreter: started with as few rights as Node can give, and ended from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { dirname, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { processorSecondsOf } from './node-clock.js'
import type { FromProcess, ToProcess } from './messages.js'
import type { SandboxLimits, Verdict } from './verdict.js'

/** How one language is run. */
export interface Interpreter {
  /** The process's file, in this folder. */
  readonly file: string
  /** The package that has the interpreter. */
  readonly engine: string
  /** Whether the process takes another program after one. */
  readonly reusable: boolean
  /** Settings of V8 for it. */
  readonly flags: (limits: SandboxLimits) => readonly string[]
}

/** What the interpreter itself takes, and Node. */
const OWN_BYTES = 400 << 20
const WATCH_MILLISECONDS = 250
/** The clock inside stops a program first, where it can. */
const GRACE_SECONDS = 2
/** By the clock on the wall, as many times of what a program may have of the processor: a busy machine gives it a small part. */
const PATIENCE = 10
const START_SECONDS = 300
/** A process that has no page of memory left. */
const OUT_OF_HEAP = /heap out of memory|Array buffer allocation failed/

export type Started = { readonly snapshot?: Uint8Array | undefined } | { readonly reason: string }

export class InterpreterProcess {
  private readonly child: ChildProcess
  /** What it wrote to stderr: Node says there why it ends. */
  private said = ''
  private ended: string | undefined
  private waiting: ((message: FromProcess | undefined) => void) | undefined
  readonly started: Promise<Started>

  constructor(
    { file, engine, reusable, flags }: Interpreter,
    private readonly limits: SandboxLimits,
    folder: URL,
    snapshot: Uint8Array | undefined,
  ) {
    const entry = fileURLToPath(new URL(file, folder))
    const found = enginePath(entry, engine)
    const readable = [dirname(entry), ...found.folders]
    const command = [process.execPath, ...rights(readable), ...flags(limits), entry]
    const [first, ...rest] = reusable ? command : withinProcessorTime(command, START_SECONDS + limits.seconds)
    this.child = spawn(first!, rest, {
      // Nothing of the environment: keys are kept in it.
      env: {},
      cwd: dirname(entry),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said = (this.said + text).slice(-4096)))
    this.child.on('message', (message) => this.answer(message as FromProcess))
    this.child.on('error', (cause) => this.end(cause.message))
    this.child.on('exit', (code, signal) => this.end(signal ?? `exit code ${String(code)}`))
    // One that waits keeps nobody from ending; one that is asked has a clock running.
    this.child.unref()
    this.child.channel?.unref()
    ;(this.child.stderr as Socket | null)?.unref()
    this.started = this.start({ kind: 'start', engine: found.address, snapshot })
  }

  private async start(message: ToProcess): Promise<Started> {
    const answer = await this.ask(message, START_SECONDS)
    if (answer?.kind === 'ready') return { snapshot: answer.snapshot }
    this.kill()
    if (answer?.kind === 'unusable') return { reason: answer.reason }
    const reason = this.ended === undefined ? `it did not start within ${START_SECONDS} s` : `it ended (${this.ended})`
    return { reason: [reason, this.said.trim().split('\n').at(-1)].filter(Boolean).join(': ') }
  }

  /** Runs one program. Whatever does not answer in time is ended. */
  async run(text: string): Promise<Verdict> {
    const { seconds, bytes } = this.limits
    let large = false
    const begin = processorSecondsOf(this.child.pid) ?? 0
    const watch = setInterval(() => {
      large ||= (residentBytes(this.child.pid) ?? 0) > bytes + OWN_BYTES
      const isLate = (processorSecondsOf(this.child.pid) ?? 0) - begin > seconds + GRACE_SECONDS
      if (large || isLate) this.answer(undefined)
    }, WATCH_MILLISECONDS)
    const patience = PATIENCE * seconds + GRACE_SECONDS
    const answer = await this.ask({ kind: 'program', text, seconds, bytes }, patience)
    clearInterval(watch)
    if (answer?.kind === 'verdict') return answer.verdict
    this.kill()
    if (large || OUT_OF_HEAP.test(this.said)) return { outcome: 'out of memory', bytes }
    if (this.ended === undefined) return { outcome: 'timed out', seconds }
    return { outcome: 'failed', error: `the program ended its interpreter (${this.ended})` }
  }

  get alive(): boolean {
    return this.ended === undefined && this.child.connected && !this.child.killed
  }

  /** At once: what runs in it is lost. */
  kill(): void {
    this.child.kill('SIGKILL')
  }

  /** The answer; undefined where none came in time, or the process ended. */
  private ask(message: ToProcess, seconds: number): Promise<FromProcess | undefined> {
    return new Promise((resolve) => {
      if (!this.alive) return resolve(undefined)
      const timer = setTimeout(() => this.answer(undefined), seconds * 1000)
      this.waiting = (answer) => {
        clearTimeout(timer)
        resolve(answer)
      }
      this.child.send(message, (cause) => cause && this.answer(undefined))
    })
  }

  private answer(message: FromProcess | undefined): void {
    const waiting = this.waiting
    this.waiting = undefined
    waiting?.(message)
  }

  private end(how: string): void {
    this.ended ??= how
    this.answer(undefined)
  }
}

/** Node's permissions where it has them: these folders can be read, no file written, no process or thread started, no addon loaded. */
function rights(folders: readonly string[]): string[] {
  const flag = ['--permission', '--experimental-permission'].find((name) =>
    process.allowedNodeEnvironmentFlags.has(name),
  )
  const allowed = folders.map((folder) => `--allow-fs-read=${folder}${sep}*`)
  return [...(flag === undefined ? [] : [flag, ...allowed]), '--no-warnings', '--disallow-code-generation-from-strings']
}

const SHELL = '/bin/sh'

/** Python's loops do not see that their parent is gone; the system ends what has had more of the processor than this. */
function withinProcessorTime(command: readonly string[], seconds: number): readonly string[] {
  if (process.platform === 'win32' || !existsSync(SHELL)) return command
  return [SHELL, '-c', 'ulimit -t "$0"; exec "$@"', String(Math.ceil(seconds)), ...command]
}

interface EnginePath {
  readonly address: string
  /** Where it and what it imports lie. */
  readonly folders: readonly string[]
}

/** Where the package of an interpreter lies, seen from a file. @throws where it is not installed */
function enginePath(from: string, engine: string): EnginePath {
  const file = createRequire(from).resolve(engine)
  const folders = new Set<string>()
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    const modules = `${folder}${sep}node_modules`
    if (existsSync(modules)) folders.add(modules).add(realpathSync(modules))
  }
  const within = file.lastIndexOf(`${sep}node_modules${sep}`)
  if (within >= 0) folders.add(file.slice(0, within + `${sep}node_modules`.length))
  return { address: pathToFileURL(file).href, folders: [...folders] }
}

/** What a process takes of memory, where the system says it in a file (Linux). */
function residentBytes(pid: number | undefined): number | undefined {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) * 1024
  } catch {
    return undefined
  }
}
