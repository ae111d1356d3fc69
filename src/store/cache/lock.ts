/** One file, one download: a lock that outlives no process for long. */
import { errorCode, nodeCrypto, nodeFiles, nodeOs, nodePath } from '../platform.js'

/** The owner says so often that it lives. */
const BEAT_MS = 5000
/** Without a beat for this long it is gone, also where its machine cannot be asked. */
const STALE_MS = 30_000

export interface Lock {
  release(): Promise<void>
}

/** Undefined while a living process holds it. */
export async function takeLock(path: string): Promise<Lock | undefined> {
  await nodeFiles().mkdir(nodePath().dirname(path), { recursive: true })
  const own = JSON.stringify({ pid: process.pid, host: nodeOs().hostname(), id: nodeCrypto().randomUUID() })
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(path, own)) return held(path, own)
    if (!(await removeStale(path))) return undefined
  }
  return undefined
}

async function create(path: string, own: string): Promise<boolean> {
  try {
    await nodeFiles().writeFile(path, own, { flag: 'wx' })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

function held(path: string, own: string): Lock {
  const beat = (): void => {
    const now = new Date()
    nodeFiles()
      .utimes(path, now, now)
      .catch(() => undefined)
  }
  const timer = setInterval(beat, BEAT_MS)
  timer.unref()
  return {
    async release() {
      clearInterval(timer)
      if ((await textOf(path)) === own) await nodeFiles().rm(path, { force: true })
    },
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return nodeFiles()
    .readFile(path, 'utf8')
    .catch(() => undefined)
}

/** True when the lock is free now, or was a moment ago. */
export async function removeStale(path: string): Promise<boolean> {
  const text = await textOf(path)
  if (text === undefined) return true
  if (!(await isStale(path, text))) return false
  // Two may judge so at once: the one that moves the very lock that it judged takes it away.
  const aside = `${path}.${nodeCrypto().randomUUID()}`
  try {
    await nodeFiles().rename(path, aside)
  } catch {
    return true
  }
  const isOther = (await textOf(aside)) !== text
  if (isOther)
    await nodeFiles()
      .link(aside, path)
      .catch(() => undefined)
  await nodeFiles().rm(aside, { force: true })
  return !isOther
}

async function isStale(path: string, text: string): Promise<boolean> {
  const found = await nodeFiles()
    .stat(path)
    .catch(() => undefined)
  if (!found) return true
  if (Math.abs(Date.now() - found.mtimeMs) > STALE_MS) return true
  const { pid, host } = ownerOf(text)
  return pid !== undefined && host === nodeOs().hostname() && !isAlive(pid)
}

function ownerOf(text: string): { pid?: number; host?: string } {
  try {
    return JSON.parse(text) as { pid?: number; host?: string }
  } catch {
    // Its owner is about to write it.
    return {}
  }
}

/** Whether a process of this machine still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It belongs to somebody else.
    return errorCode(error) === 'EPERM'
  }
}
