/** Programs are timed by what they have of the processor, so that verdicts do not depend on how busy the machine is. */
import { readFileSync } from 'node:fs'

/** Of this process, since another reading. */
export function processorSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

/** Linux counts in hundredths of a second. */
const TICKS = 100

/** Of another process since it began; undefined where the system does not say it in a file (Linux does). */
export function processorSecondsOf(pid: number | undefined): number | undefined {
  try {
    // After the name, which may hold anything: the times are the 12th and 13th from there.
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return undefined
  }
}
