/** How much memory a process may still take, on the systems that say so. */
import { controlGroups, numberIn, systemReader, type ControlGroup, type ReadText } from '../../control-groups.js'

/** The memory of a machine, or of the part of it that this process is limited to. */
export interface MachineMemory {
  readonly availableBytes: number
  readonly totalBytes: number
  /** What sets the smaller limit: the machine, or a control group (a container, a systemd unit). */
  readonly limit: 'machine' | 'cgroup'
}

interface NodeProcess {
  availableMemory?(): number
  getBuiltinModule?(name: 'node:os'): { freemem(): number; totalmem(): number }
}

/**
 * The memory that is left here; undefined where it is not known, as in pages.
 * On Linux this is MemAvailable of /proc/meminfo, and what every control group above the process leaves: its files in the page
 * cache, which the kernel gives up, count as free.
 */
export function machineMemory(read: ReadText | undefined = systemReader()): MachineMemory | undefined {
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

/** The limits of all control groups that the process is in. */
function groupsOf(read: ReadText): MachineMemory[] {
  return controlGroups(read, 'memory').flatMap((group) =>
    group.version === 2 ? group2(read, group) : group1(read, group),
  )
}

function group2(read: ReadText, { folder }: ControlGroup): MachineMemory[] {
  // A group is slowed down above memory.high, before it is ended above memory.max.
  const limits = ['memory.max', 'memory.high'].flatMap((file) => numberIn(read(`${folder}/${file}`)) ?? [])
  return limited(
    limits.length === 0 ? undefined : Math.min(...limits),
    numberIn(read(`${folder}/memory.current`)),
    fieldOf(read(`${folder}/memory.stat`), 'inactive_file'),
  )
}

function group1(read: ReadText, { folder }: ControlGroup): MachineMemory[] {
  const limit = numberIn(read(`${folder}/memory.limit_in_bytes`))
  const used = numberIn(read(`${folder}/memory.usage_in_bytes`))
  return limited(limit, used, fieldOf(read(`${folder}/memory.stat`), 'total_inactive_file'))
}

function limited(limit: number | undefined, used: number | undefined, reclaimable = 0): MachineMemory[] {
  if (limit === undefined || used === undefined) return []
  return [{ availableBytes: Math.max(0, limit - used + reclaimable), totalBytes: limit, limit: 'cgroup' }]
}

function fieldOf(text: string | undefined, key: string): number | undefined {
  const [, digits] = new RegExp(`^${key} (\\d+)$`, 'm').exec(text ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}
