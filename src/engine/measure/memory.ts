/** How much memory a process may still take, on the systems that say so. */

/** The memory of a machine, or of the part of it that this process is held to. */
export interface MachineMemory {
  readonly availableBytes: number
  readonly totalBytes: number
  /** What sets the smaller limit: the machine, or a control group (a container, a systemd unit). */
  readonly limit: 'machine' | 'cgroup'
}

/** The text of a file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined

interface NodeProcess {
  readonly platform?: string
  availableMemory?(): number
  getBuiltinModule?(name: 'node:fs'): { readFileSync(path: string, encoding: 'utf8'): string }
  getBuiltinModule?(name: 'node:os'): { freemem(): number; totalmem(): number }
}

/**
 * The memory that is left here; undefined where it is not known, as in pages.
 * On Linux this is MemAvailable of /proc/meminfo, and what every control group above the process leaves: its files in the page
 * cache, which the kernel gives up, count as free.
 */
export function machineMemory(read: ReadText | undefined = nodeReader()): MachineMemory | undefined {
  const host = nodeProcess()
  const own = read && linuxMemory(read)
  if (own) return own
  if (!host?.getBuiltinModule) return undefined
  const os = host.getBuiltinModule('node:os')
  const availableBytes = host.availableMemory?.() ?? os.freemem()
  return { availableBytes, totalBytes: os.totalmem(), limit: 'machine' }
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process
}

function nodeReader(): ReadText | undefined {
  const host = nodeProcess()
  if (host?.platform !== 'linux' || !host.getBuiltinModule) return undefined
  const fs = host.getBuiltinModule('node:fs')
  return (path) => {
    try {
      return fs.readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  }
}

function linuxMemory(read: ReadText): MachineMemory | undefined {
  const text = read('/proc/meminfo')
  const [available, total] = ['MemAvailable', 'MemTotal'].map((key) => kilobytesOf(text, key))
  if (available === undefined || total === undefined) return undefined
  const machine: MachineMemory = { availableBytes: available * 1024, totalBytes: total * 1024, limit: 'machine' }
  const groups = groupsOf(read).filter(({ totalBytes }) => totalBytes < machine.totalBytes)
  return [machine, ...groups].reduce((least, group) => (group.availableBytes < least.availableBytes ? group : least))
}

function kilobytesOf(text: string | undefined, key: string): number | undefined {
  const [, digits] = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** The limits of all control groups that the process is in, of both versions. */
function groupsOf(read: ReadText): MachineMemory[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n')
  return lines.flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === '') return ancestors(path).flatMap((group) => group2(read, `/sys/fs/cgroup${group}`))
    if (!controllers.split(',').includes('memory')) return []
    return ancestors(path).flatMap((group) => group1(read, `/sys/fs/cgroup/memory${group}`))
  })
}

/** `/a/b`: itself, `/a` and the root. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.reduce<string[]>((all, part) => [...all, `${all.at(-1)!}/${part}`], [''])
}

function group2(read: ReadText, folder: string): MachineMemory[] {
  // A group is slowed down above memory.high, before it is ended above memory.max.
  const limits = ['memory.max', 'memory.high'].map((file) => numberIn(read(`${folder}/${file}`)))
  const limit = limits.reduce<number | undefined>(
    (a, b) => (b === undefined || (a !== undefined && a <= b) ? a : b),
    undefined,
  )
  return limited(
    limit,
    numberIn(read(`${folder}/memory.current`)),
    fieldOf(read(`${folder}/memory.stat`), 'inactive_file'),
  )
}

function group1(read: ReadText, folder: string): MachineMemory[] {
  const limit = numberIn(read(`${folder}/memory.limit_in_bytes`))
  const used = numberIn(read(`${folder}/memory.usage_in_bytes`))
  return limited(limit, used, fieldOf(read(`${folder}/memory.stat`), 'total_inactive_file'))
}

function limited(limit: number | undefined, used: number | undefined, reclaimable = 0): MachineMemory[] {
  if (limit === undefined || used === undefined) return []
  return [{ availableBytes: Math.max(0, limit - used + reclaimable), totalBytes: limit, limit: 'cgroup' }]
}

/** Undefined for `max` and for no file. */
function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined
}

function fieldOf(text: string | undefined, key: string): number | undefined {
  const [, digits] = new RegExp(`^${key} (\\d+)$`, 'm').exec(text ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}
