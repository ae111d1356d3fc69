/**
 * The process in which one Python program runs: CPython of Pyodide. Pyodide is made to reach its host: `os.system` starts a shell, sockets
 * connect, and any JavaScript value leads to all others. So before a program begins, every function of the host is closed to the
 * interpreter but those that it runs on (python-host.ts), and what is left of files lies in memory.
 */
import { constants } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type * as Pyodide from 'pyodide'
import type { FromProcess, Program, Start, ToProcess } from './messages.js'
import { processorSeconds } from './node-clock.js'
import { closeHost, HostCallError, OutOfTimeError, type Host } from './python-host.js'
import { errorText, type Verdict } from './verdict.js'

/** What Pyodide does not declare: its options for a started interpreter, and a run without anything of JavaScript in it. */
type Options = NonNullable<Parameters<typeof Pyodide.loadPyodide>[0]> & {
  _makeSnapshot?: boolean
  _loadSnapshot?: Uint8Array | undefined
}
interface Interpreter extends Pyodide.PyodideAPI {
  readonly makeMemorySnapshot: () => Uint8Array
  readonly _api: { readonly rawRun: (source: string) => [status: number, stderr: string] }
}

const PROGRAM = '/program.py'
const CLOSED = `
import sys
for name in [name for name in sys.modules if name in ('js', 'pyodide_js') or name.startswith('pyodide_js.')]:
    del sys.modules[name]
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != '_pyodide._importhook']
`
/** Names of its own, as `exec(program, {})` gives them; an end by itself is no end of the program. */
const RUN = `
try:
    exec(compile(open('${PROGRAM}', encoding='utf-8').read(), 'program.py', 'exec'), {})
except SystemExit as end:
    raise RuntimeError('the program ended itself (SystemExit)') from None
`

const send = (message: FromProcess): void => void process.send?.(message)

let host: Host | undefined
let interpreter: Interpreter | undefined

async function start({ engine, snapshot }: Start): Promise<void> {
  const { loadPyodide } = (await import(new URL('pyodide.mjs', engine).href)) as typeof Pyodide
  // Emscripten asks it for constants, and Node's permissions refuse it.
  Object.assign(process, { binding: () => ({ fs: constants }) })
  host = closeHost()
  const options: Options = {
    indexURL: fileURLToPath(new URL('./', engine)),
    jsglobals: Object.create(null) as object,
    stdout: () => undefined,
    stderr: () => undefined,
    // A copy, which begins at a whole word: in the message it lies where the length of a path has put it.
    ...(snapshot ? { _loadSnapshot: new Uint8Array(snapshot) } : { _makeSnapshot: true }),
  }
  interpreter = (await loadPyodide(options)) as Interpreter
  const made = snapshot ? undefined : interpreter.makeMemorySnapshot()
  // The interpreter then asks now and then whether a signal has come: that is where its clock is.
  interpreter.setInterruptBuffer(new Uint8Array(1))
  interpreter._api.rawRun(CLOSED)
  send({ kind: 'ready', snapshot: made })
}

function verdictOf({ FS, _api }: Interpreter, { text, seconds, bytes }: Program): Verdict {
  ;(FS as { writeFile: (path: string, text: string) => void }).writeFile(PROGRAM, text)
  const begin = process.cpuUsage()
  host?.close(() => processorSeconds(begin) > seconds)
  try {
    const [status, said] = _api.rawRun(RUN)
    if (status === 0) return { outcome: 'passed' }
    const error = exceptionOf(said)
    return error.startsWith('MemoryError') ? { outcome: 'out of memory', bytes } : { outcome: 'failed', error }
  } catch (cause) {
    if (cause instanceof OutOfTimeError) return { outcome: 'timed out', seconds }
    if (cause instanceof HostCallError) return { outcome: 'failed', error: cause.message }
    return { outcome: 'failed', error: errorText(`the interpreter stopped: ${String(cause)}`) }
  }
}

/** What stands after the last line of a traceback's frames, which are indented. */
function exceptionOf(said: string): string {
  const lines = said.trimEnd().split('\n')
  const last = lines.findLastIndex((line) => line.startsWith('  ') || line.startsWith('Traceback '))
  return errorText(lines.slice(last + 1).join('\n')) || 'the program threw'
}

async function receive(message: ToProcess): Promise<void> {
  if (message.kind === 'program') {
    if (interpreter) send({ kind: 'verdict', verdict: verdictOf(interpreter, message) })
    return
  }
  try {
    await start(message)
  } catch (cause) {
    send({ kind: 'unusable', reason: cause instanceof Error ? cause.message : String(cause) })
  }
}

process.on('message', (message: ToProcess) => void receive(message))
process.on('disconnect', () => process.exit())
