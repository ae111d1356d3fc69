import type { Backend, BackendOptions, CpuOptions, Runner } from '../src/backends/backend.js'
import type { Checkpoint } from '../src/checkpoint/checkpoint.js'
import type { Program } from '../src/graph/program.js'

/** A backend's options, with the cpu's own in one line with the others. */
export type RunnerOptions = Partial<BackendOptions> & CpuOptions

/** Loads a program; in exact and with 256 tokens a step unless asked otherwise. */
export function loadRunner(
  backend: Backend,
  program: Program,
  checkpoint: Checkpoint,
  { threads, bankBytes, ...options }: RunnerOptions = {},
): Promise<Runner> {
  const cpu = { ...(threads !== undefined && { threads }), ...(bankBytes !== undefined && { bankBytes }) }
  return backend.load(program, checkpoint, { precision: 'exact', stepTokens: 256, maxLogitRows: 256, ...options, cpu })
}
