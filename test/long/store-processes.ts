// Pulls in processes of their own, by the built package.
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { StoredModel } from '../../src/store/store.js'

const PROGRAM = fileURLToPath(new URL('../store/pull.mjs', import.meta.url))

export interface PullOutcome {
  /** Undefined for a process that was killed. */
  readonly status: number | undefined
  readonly model?: StoredModel
  readonly code?: string
  readonly message?: string
  /** The largest that it was, bytes. */
  readonly memory?: number
}

export function startPull(options: object): { child: ChildProcess; outcome: Promise<PullOutcome> } {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  const outcome = new Promise<PullOutcome>((resolve) => {
    child.once('close', (status) => {
      const said = text === '' ? {} : (JSON.parse(text) as object)
      resolve({ ...said, status: status ?? undefined })
    })
  })
  return { child, outcome }
}
