import { UserError } from '../errors.js'
import type { Backend } from './backend.js'

interface Entry {
  /** Backends are imported when they are needed: nobody waits for the one that is not used. */
  readonly load: () => Promise<Backend>
  /** Used only where it is asked for by its name. */
  readonly onlyByName?: boolean
}

/** Every backend, the better before the others: where none is asked for, the first that the machine can run is taken. */
const BACKENDS = {
  cpu: { load: async () => (await import('./cpu/cpu.js')).cpuBackend },
  reference: { load: async () => (await import('./reference/reference.js')).referenceBackend, onlyByName: true },
} as const satisfies Record<string, Entry>

/** A backend by its name. */
export type BackendName = keyof typeof BACKENDS

export const BACKEND_NAMES = Object.keys(BACKENDS) as readonly BackendName[]

/**
 * The backend of this name, or the best that the machine can run.
 * @throws UserError unsupported_platform where the machine has not what it needs
 */
export async function findBackend(name?: BackendName): Promise<Backend> {
  const backend = await beginBackend(name)
  await backend.settled?.()
  return backend
}

/** The same at once, for a caller who waits for {@link Backend.settled} himself. */
export async function beginBackend(name?: BackendName): Promise<Backend> {
  const names = name === undefined ? BACKEND_NAMES.filter((other) => !isOnlyByName(other)) : [name]
  const reasons: string[] = []
  for (const candidate of names) {
    const backend = await BACKENDS[candidate].load()
    const found = await backend.available()
    if (found.available) return backend
    reasons.push(found.reason)
  }
  const others = BACKEND_NAMES.filter((other) => !names.includes(other))
  throw new UserError(reasons.join('; '), 'unsupported_platform', {
    remedies: [
      { advice: 'a newer browser or Node' },
      ...others.map((value) => ({ option: 'backend', value }) as const),
    ],
  })
}

function isOnlyByName(name: BackendName): boolean {
  const { onlyByName = false }: Entry = BACKENDS[name]
  return onlyByName
}
