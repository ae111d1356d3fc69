import { describe, expect, it, vi } from 'vitest'
import { Turns } from '../../src/grammar/turns.js'

/** A work of so many slices of a millisecond; each is written down. */
async function work(turns: Turns, name: string, slices: number, log: string[]): Promise<void> {
  for (let done = 0; done < slices; done++) {
    await turns.next(done, done > 0 ? 1 : 0)
    log.push(name)
  }
}

describe('long works of one thread', () => {
  it('do a slice each between two turns of the event loop, whoever has done least first', async () => {
    const turns = new Turns()
    const log: string[] = []
    let late: Promise<void> | undefined
    let loops = 0
    let running = true
    const loop = (): void => {
      log.push('-')
      if (++loops === 6) late = work(turns, 'late', 2, log)
      if (running) setImmediate(loop)
    }
    setImmediate(loop)
    await Promise.all([work(turns, 'a', 6, log), work(turns, 'b', 6, log)])
    await late
    running = false
    const slices = log
      .join('')
      .split('-')
      .filter((slice) => slice !== '')
    expect(slices.slice(0, 2).sort()).toEqual(['a', 'b'])
    // Never two between two turns.
    for (const slice of slices) expect(['a', 'b', 'late']).toContain(slice)
    // Who came last has done least, and goes first.
    const first = slices.indexOf('late')
    expect(slices.slice(first, first + 2)).toEqual(['late', 'late'])
    expect(slices.slice(first + 2).length).toBeGreaterThan(2)
  })

  it('rest as long as they worked where others are at work, and no longer than a while', async () => {
    const wait = vi.spyOn(globalThis, 'setTimeout')
    let busy = false
    const turns = new Turns(() => busy)
    await turns.next(20, 20)
    expect(wait).not.toHaveBeenCalled()
    busy = true
    await turns.next(30, 10)
    expect(wait.mock.calls.map(([, ms]) => ms)).toEqual([10])
    await turns.next(1030, 1000)
    expect(wait.mock.lastCall![1]).toBe(50)
    wait.mockRestore()
  })
})
