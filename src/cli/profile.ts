import type { OpTimes } from '../backends/backend.js'
import type { Engine } from '../engine/engine.js'
import { openSessions, roundOf, type Rounds } from './bench-rounds.js'

/** Where the time of one step goes, in milliseconds, one number a thread. */
export interface StepProfile {
  readonly ops: readonly OpTimes[]
  readonly threads: readonly { work: number; wait: number }[]
}

export interface Profile {
  /** The whole prompts of all streams. */
  readonly prefill: StepProfile
  /** One token of each stream. */
  readonly decode: StepProfile
}

/** Profiles the prompts and answers of a round, after one to warm up. */
export async function profileSteps(engine: Engine, rounds: Rounds): Promise<Profile> {
  const sessions = await openSessions(engine, rounds)
  const warm = roundOf(engine, sessions, { ...rounds, newTokens: 2 }, 0)
  await warm.answer(await warm.readPrompts())
  await engine.takeProfile()
  const { readPrompts, answer } = roundOf(engine, sessions, rounds, 1)
  const firsts = await readPrompts()
  const prefill = sumUp(await engine.takeProfile(), 1)
  await answer(firsts)
  const decode = sumUp(await engine.takeProfile(), rounds.newTokens - 1)
  await Promise.all(sessions.map((session) => session.close()))
  return { prefill, decode }
}

/** Ops of one name together, the slowest first. */
function sumUp(times: readonly OpTimes[], steps: number): StepProfile {
  const sums = new Map<string, { work: number[]; wait: number[] }>()
  for (const { name, work, wait } of times) {
    const sum = sums.get(name) ?? { work: work.map(() => 0), wait: wait.map(() => 0) }
    work.forEach((ms, thread) => (sum.work[thread]! += ms / steps))
    wait.forEach((ms, thread) => (sum.wait[thread]! += ms / steps))
    sums.set(name, sum)
  }
  const ops = [...sums].map(([name, sum]) => ({ name, ...sum })).sort((a, b) => mean(b.work) - mean(a.work))
  const threads = times[0]!.work.map((_, thread) => ({
    work: total(ops.map((op) => op.work[thread]!)),
    wait: total(ops.map((op) => op.wait[thread]!)),
  }))
  return { ops, threads }
}

/** A table for people: what takes less than a hundredth is summed up. */
export function profileTable(title: string, { ops, threads }: StepProfile): string {
  const all = total(threads.map((t) => t.work + t.wait)) / threads.length
  const width = ops.reduce((most, { name }) => Math.max(most, name.length), 42)
  const line = (name: string, work: number, wait: number): string =>
    `  ${name.padEnd(width)} ${work.toFixed(3).padStart(10)} ${wait.toFixed(3).padStart(9)} ${((100 * (work + wait)) / all).toFixed(1).padStart(6)} %\n`
  const rows = ops.map((op) => ({ name: op.name, work: mean(op.work), wait: mean(op.wait) }))
  const small = rows.filter((row) => row.work + row.wait < all / 100)
  const sum = (field: 'work' | 'wait'): number => total(small.map((row) => row[field]))
  return (
    `${title}\n  ${'op'.padEnd(width)} ${'work, ms'.padStart(10)} ${'wait'.padStart(9)}  share\n` +
    rows
      .filter((row) => !small.includes(row))
      .map((row) => line(row.name, row.work, row.wait))
      .join('') +
    line(`${small.length} others`, sum('work'), sum('wait')) +
    threads.map((t, i) => line(`thread ${i}`, t.work, t.wait)).join('')
  )
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function mean(values: readonly number[]): number {
  return total(values) / values.length
}
