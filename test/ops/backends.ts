/** The backends that ops are tried on: all of the registry, each in the ways in which it may divide the work. */
import type { Backend } from '../../src/backends/backend.js'
import { BACKEND_NAMES, findBackend, type BackendName } from '../../src/backends/registry.js'
import { UserError } from '../../src/errors.js'
import type { RunnerOptions } from '../runner.js'

/** Options of a load, and the most tokens of a sequence that a step takes: one feeding for each. */
export interface Division {
  readonly options: RunnerOptions
  readonly most: readonly number[]
}

interface Ways {
  /** The first feeds everything at once; all others have to give the same bits. */
  readonly exact: readonly [Division, ...Division[]]
  /** The same, or why there is nothing to see. */
  readonly fast: readonly Division[] | { readonly skipped: string }
  /** Ids and positions among activations are i32 bits; else numbers. */
  readonly idsAreBits: boolean
}

export interface BackendUnderTest extends Ways {
  readonly name: BackendName
  readonly backend: Backend
}

/** In the long suite: one thread too, and more ways to cut the text. */
const LONG = process.env['KAIYUAN_LONG'] !== undefined

const WAYS: Readonly<Record<BackendName, Ways>> = {
  reference: {
    exact: [{ options: {}, most: [Infinity, 5] }],
    fast: { skipped: 'the reference computes in f32 in both precisions' },
    idsAreBits: false,
  },
  cpu: {
    exact: LONG
      ? [
          { options: { threads: 1 }, most: [Infinity] },
          { options: { threads: 3 }, most: [7, 1, 17] },
        ]
      : [{ options: { threads: 3 }, most: [Infinity, 1] }],
    // For other numbers of threads see test/cpu/fast.test.ts.
    fast: [{ options: { threads: 3 }, most: LONG ? [Infinity, 7, 1] : [Infinity, 7] }],
    idsAreBits: true,
  },
}

/** Backends that this machine cannot run, with the reason. */
export const ABSENT: { readonly name: BackendName; readonly reason: string }[] = []
export const BACKENDS: BackendUnderTest[] = []
for (const name of BACKEND_NAMES)
  try {
    BACKENDS.push({ name, backend: await findBackend(name), ...WAYS[name] })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    ABSENT.push({ name, reason: error.message })
  }

/** One of them, which has to be there. */
export function underTest(name: BackendName): BackendUnderTest {
  const found = BACKENDS.find((on) => on.name === name)
  if (!found) throw new Error(`backend ${name}: ${ABSENT.find((other) => other.name === name)?.reason}`)
  return found
}
