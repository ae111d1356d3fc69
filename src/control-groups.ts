/** Linux control groups: the limits that a container or a systemd unit sets. */

/** The text of a file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined

interface NodeProcess {
  readonly platform?: string
  getBuiltinModule?(name: 'node:fs'): { readFileSync(path: string, encoding: 'utf8'): string }
}

/** Reads the system's own files, where there are any: in Node on Linux. */
export function systemReader(): ReadText | undefined {
  const { process } = globalThis as { process?: NodeProcess }
  if (process?.platform !== 'linux' || !process.getBuiltinModule) return undefined
  const fs = process.getBuiltinModule('node:fs')
  return (path) => {
    try {
      return fs.readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  }
}

/** A group that this process is in, itself or through a group below it. */
export interface ControlGroup {
  readonly version: 1 | 2
  /** Where its files lie. */
  readonly folder: string
}

/** The groups that may limit a resource, of both versions, from the root on. */
export function controlGroups(read: ReadText, resource: 'cpu' | 'memory'): ControlGroup[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n')
  return lines.flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const groups = (version: 1 | 2, root: string): ControlGroup[] =>
      ancestors(path).map((group) => ({ version, folder: root + group }))
    if (controllers === '') return groups(2, '/sys/fs/cgroup')
    return controllers.split(',').includes(resource) ? groups(1, `/sys/fs/cgroup/${resource}`) : []
  })
}

/** `/a/b`: the root, `/a` and itself. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.reduce<string[]>((all, part) => [...all, `${all.at(-1)!}/${part}`], [''])
}

/** The number that a file consists of; undefined for `max`, for less than zero, and for no file. */
export function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined
}

/**
 * Processors that all groups of this process leave it, as `docker run --cpus 2` and `CPUQuota=200%` set them; undefined where none limits it.
 * Threads that are more would wait for each other while the system makes one of them wait.
 */
export function processorQuota(read: ReadText | undefined = systemReader()): number | undefined {
  if (!read) return undefined
  const quotas = controlGroups(read, 'cpu').flatMap(({ version, folder }) => {
    const [quota, period] =
      version === 2
        ? (read(`${folder}/cpu.max`) ?? '').trim().split(' ')
        : ['quota', 'period'].map((name) => read(`${folder}/cpu.cfs_${name}_us`))
    const [most, of] = [numberIn(quota), numberIn(period)]
    return most === undefined || !of ? [] : [most / of]
  })
  return quotas.length === 0 ? undefined : Math.min(...quotas)
}
