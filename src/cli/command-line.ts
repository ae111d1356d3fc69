import { CommanderError } from 'commander'
import { UserError } from '../errors.js'
import { reasonOf } from '../system-error.js'
import { program } from './commands/all.js'
import { messageOf } from './wording.js'

/** 2 for mistakes of the user, 1 for ours, 0 when the reader of our output has gone. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UserError) {
    process.stderr.write(`kaiyuan: ${messageOf(error)}\n`)
    return error.code === 'aborted' ? 130 : 2
  }
  if (isOfFile(error)) {
    process.stderr.write(`kaiyuan: ${error.path}: ${reasonOf(error)}\n`)
    return 2
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
}

/** What the system refused about a file or a folder, where nobody had better words. */
function isOfFile(error: unknown): error is Error & { readonly path: string } {
  return error instanceof Error && 'syscall' in error && 'path' in error && typeof error.path === 'string'
}

/** The reader of a pipe may leave; that a disk is full has to be heard of. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`kaiyuan: standard output: cannot be written: ${reasonOf(error)}\n`, () => process.exit(1))
}

/** Ends the process, worker threads included, when everything is written. */
function leave(code: number): void {
  process.stdout.write('', (error) => {
    // What could not be written is told by outputFailed, which then ends the process.
    if (!error) process.exit(code)
  })
}

/** A variable of ours without a value, as `-e KAIYUAN_PORT=` and compose files leave it, is one that is not set. */
export function dropEmptyVariables(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env))
    if (name.startsWith('KAIYUAN_') && value === '') Reflect.deleteProperty(env, name)
}

/** Nothing can be found from a folder that is gone. @throws UserError unless only the help or the version is wanted */
function checkFolder(args: readonly string[]): void {
  if (args.some((arg) => ['--version', '-V', '--help', '-h'].includes(arg))) return
  try {
    process.cwd()
  } catch (cause) {
    throw new UserError('the current folder has been deleted: cd to another', 'invalid_argument', { cause })
  }
}

/** Runs the command that the process was started with, and ends the process. */
export async function runCommandLine(): Promise<void> {
  process.stdout.on('error', outputFailed)
  // Nobody reads standard error any more: that alone ends nothing.
  process.stderr.on('error', () => undefined)
  dropEmptyVariables(process.env)
  let code = 0
  try {
    checkFolder(process.argv.slice(2))
    await program().parseAsync()
  } catch (error) {
    code = exitCode(error)
  }
  leave(code)
}
