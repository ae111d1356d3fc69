/**
 * The process in which JavaScript programs run. Each gets a QuickJS of its own, compiled to WebAssembly: a memory that no program
 * before it has seen, and no function of the host at all. What it may call is in CONSOLE, which is a program too.
 */
import type * as QuickJs from 'quickjs-emscripten'
import type { FromProcess, Program, ToProcess } from './messages.js'
import { processorSeconds } from './node-clock.js'
import { errorText, type Verdict } from './verdict.js'

type Engine = typeof QuickJs

/** Of QuickJS's own calls. The host's stack is a multiple of it (`--stack-size`), so that QuickJS notices first. */
const STACK_BYTES = 512 << 10

/**
 * `console.assert` throws, unlike everywhere else: tests of generated code are written with it. The rest says nothing. It cannot be
 * replaced, so that a program cannot take the test's word away: a getter, because QuickJS lets `defineProperty` change a constant of the
 * global object.
 */
const CONSOLE = `(() => {
  const quiet = () => undefined
  const names = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table', 'group', 'groupEnd', 'time', 'timeEnd', 'count']
  const assert = (holds, ...said) => {
    if (!holds) throw new Error(['Assertion failed', ...said.map(String)].join(': '))
  }
  const console = Object.freeze(Object.assign(Object.create(null), Object.fromEntries(names.map((name) => [name, quiet])), { assert }))
  Object.defineProperty(globalThis, 'console', { get: () => console, enumerable: false, configurable: false })
})()`

const send = (message: FromProcess): void => void process.send?.(message)

async function verdictOf({ newQuickJSWASMModule, RELEASE_SYNC }: Engine, program: Program): Promise<Verdict> {
  const module = await newQuickJSWASMModule(RELEASE_SYNC)
  const runtime = module.newRuntime({ memoryLimitBytes: program.bytes, maxStackSizeBytes: STACK_BYTES })
  const begin = process.cpuUsage()
  let late = false
  runtime.setInterruptHandler(() => (late ||= processorSeconds(begin) > program.seconds))
  // Nothing is disposed of: the whole memory goes with the module, and a runtime out of memory cannot be closed in order.
  const failure = failureOf(runtime, runtime.newContext(), program.text)
  if (late) return { outcome: 'timed out', seconds: program.seconds }
  if (failure === 'InternalError: out of memory') return { outcome: 'out of memory', bytes: program.bytes }
  return failure === undefined ? { outcome: 'passed' } : { outcome: 'failed', error: errorText(failure) }
}

/** What the program threw, at once or from a job that it left; undefined where it reached its end. */
function failureOf(runtime: QuickJs.QuickJSRuntime, context: QuickJs.QuickJSContext, text: string): string | undefined {
  try {
    for (const part of [CONSOLE, text]) {
      const { error } = context.evalCode(part, 'program.js')
      if (error) return thrown(context.dump(error))
    }
    const { error } = runtime.executePendingJobs()
    return error && thrown(context.dump(error))
  } catch (cause) {
    // The host's stack or its memory ended first.
    return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  }
}

function thrown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `threw ${String(value)}`
  const { name, message } = value as { name?: unknown; message?: unknown }
  return typeof message === 'string' ? `${typeof name === 'string' ? name : 'Error'}: ${message}` : 'threw an object'
}

let engine: Engine | undefined

async function receive(message: ToProcess): Promise<void> {
  if (message.kind === 'program' && engine) return send({ kind: 'verdict', verdict: await verdictOf(engine, message) })
  if (message.kind !== 'start') return
  try {
    engine = (await import(message.engine)) as Engine
    send({ kind: 'ready' })
  } catch (cause) {
    send({ kind: 'unusable', reason: cause instanceof Error ? cause.message : String(cause) })
  }
}

process.on('message', (message: ToProcess) => void receive(message))
// With the sandbox goes its process.
process.on('disconnect', () => process.exit())
