import type {
  Backend,
  BackendOptions,
  CpuOptions,
  DraftStep,
  RowResult,
  Runner,
  Step,
} from '../src/backends/backend.js'
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

/** Logits [R, V] of a step, copied into one array. */
export async function logitsOf(runner: Runner, step: Step): Promise<Float32Array> {
  return joinedRows((await runner.submit(step).done).rows)
}

/** Logits [R, V] of a step of the draft, copied into one array. */
export async function draftLogitsOf(runner: Runner, step: DraftStep): Promise<Float32Array> {
  return joinedRows((await runner.submitDraft!(step).done).rows)
}

/** Logits or states of all rows, copied into one array. */
export function joinedRows(rows: readonly RowResult[]): Float32Array {
  const parts = rows.map(({ logits, hidden }) => logits ?? hidden!)
  const width = parts[0]?.length ?? 0
  const all = new Float32Array(parts.length * width)
  parts.forEach((part, row) => all.set(part, row * width))
  return all
}
