import { InterpreterProcess, type Interpreter } from './node-interpreter.js'
import { JAVASCRIPT, PYTHON } from './interpreters.js'
import type { SandboxLimits, Verdict } from './verdict.js'

export type SandboxLanguage = 'javascript' | 'python'

export interface SandboxOptions extends Partial<SandboxLimits> {
  /** Where the processes' files lie; this folder by default. */
  readonly folder?: URL | undefined
}

const INTERPRETERS: Readonly<Record<SandboxLanguage, Interpreter>> = { javascript: JAVASCRIPT, python: PYTHON }
/** Of a program of HumanEval, on a slow and busy machine: canonical solutions take less than a second. */
const DEFAULT_LIMITS: SandboxLimits = { seconds: 20, bytes: 256 << 20 }

/**
 * Runs programs that a model wrote, and says what became of each. A program sees no file, no network, no environment and no process of
 * this machine, is ended when it takes too long or too much, and leaves nothing to the one after it.
 *
 * It is a guard and not a wall: an interpreter in WebAssembly, in a process of its own with Node's permissions. Code of somebody who
 * means harm belongs into a container or a machine of its own.
 *
 * @example
 * const sandbox = new Sandbox('javascript', { seconds: 5 })
 * console.log(await sandbox.run('console.assert(1 + 1 === 2)')) // { outcome: 'passed' }
 * await sandbox.close()
 */
export class Sandbox {
  private readonly interpreter: Interpreter
  private readonly limits: SandboxLimits
  private readonly folder: URL
  private process: InterpreterProcess | undefined
  private snapshot: Uint8Array | undefined
  private last: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(language: SandboxLanguage, { folder, ...limits }: SandboxOptions = {}) {
    this.interpreter = INTERPRETERS[language]
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.folder = folder ?? new URL('./', import.meta.url)
  }

  /** Runs one program to its end, after those that were handed over before it. Never throws for what a program does. */
  run(program: string): Promise<Verdict> {
    const verdict = this.last.then(() => this.runNow(program))
    this.last = verdict
    return verdict
  }

  /** Ends the interpreter. Programs that wait are not run. */
  async close(): Promise<void> {
    this.closed = true
    this.process?.kill()
    await this.last
  }

  private async runNow(program: string): Promise<Verdict> {
    if (this.closed) return { outcome: 'not run', reason: 'the sandbox is closed' }
    const process = this.takeProcess()
    if (typeof process === 'string') return { outcome: 'not run', reason: process }
    const started = await process.started
    if ('reason' in started)
      return { outcome: 'not run', reason: `${this.interpreter.engine} cannot be loaded here: ${started.reason}` }
    this.snapshot ??= started.snapshot
    const verdict = await process.run(program)
    if (!this.interpreter.reusable) {
      process.kill()
      // The next one starts while the next answer is written.
      if (!this.closed) this.takeProcess()
    }
    return verdict
  }

  /** The process that waits, or a new one; why there is none. */
  private takeProcess(): InterpreterProcess | string {
    if (this.process?.alive) return this.process
    const { engine } = this.interpreter
    try {
      return (this.process = new InterpreterProcess(this.interpreter, this.limits, this.folder, this.snapshot))
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND')
        return `it needs the package ${engine}, which is not installed; run npm install ${engine} next to kaiyuan`
      throw cause
    }
  }
}
