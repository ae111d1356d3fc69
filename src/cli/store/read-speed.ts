import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { memoryBandwidth } from '../../remote/in-process.js'

/** Of the speed that reading memory alone would allow, what answers usually reach. */
export const USUAL_SHARE = 0.65

/** In the folder of the cache. */
const FILE = '.kaiyuan-machine.json'

/**
 * Bytes a second at which all threads of this machine read memory, which limits its answers: measured once, and kept in a small file
 * of the cache. Undefined where it cannot be measured.
 */
export async function readSpeed(folder: string, threads?: number): Promise<number | undefined> {
  // With fewer threads it is another speed.
  if (threads !== undefined) return memoryBandwidth(threads)
  const file = join(folder, FILE)
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`
  const kept = await readFile(file, 'utf8')
    .then(parse)
    .catch(() => undefined)
  if (kept?.machine === machine) return kept.bytesPerSecond
  const bytesPerSecond = await memoryBandwidth().catch(() => undefined)
  if (bytesPerSecond === undefined) return undefined
  const measured = { machine, bytesPerSecond: Math.round(bytesPerSecond), measured: new Date().toISOString() }
  await keep(folder, file, JSON.stringify(measured))
  return bytesPerSecond
}

function parse(text: string): { machine: string; bytesPerSecond: number } | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('machine' in value) || !('bytesPerSecond' in value))
    return undefined
  const { machine, bytesPerSecond } = value
  if (typeof machine !== 'string' || typeof bytesPerSecond !== 'number' || !(bytesPerSecond > 0)) return undefined
  return { machine, bytesPerSecond }
}

/** A cache that is read only keeps nothing; then it is measured again. */
async function keep(folder: string, file: string, text: string): Promise<void> {
  const part = `${file}.${process.pid}`
  await mkdir(folder, { recursive: true })
    .then(() => writeFile(part, `${text}\n`))
    .then(() => rename(part, file))
    .catch(() => undefined)
}
