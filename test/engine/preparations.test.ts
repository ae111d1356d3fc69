import { afterEach, describe, expect, it, vi } from 'vitest'
import { Preparations } from '../../src/engine/schedule/preparations.js'
import type { Request } from '../../src/engine/schedule/request.js'
import { Sequence, type SequenceMemory } from '../../src/engine/schedule/sequence.js'

afterEach(() => vi.restoreAllMocks())

/** Requests whose preparations take milliseconds of a clock that stands still otherwise; and which were begun. */
function clocked() {
  let now = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const begun: string[] = []
  const request = (name: string, milliseconds: number): Request => ({
    sequence: new Sequence({} as SequenceMemory),
    rowsFrom: 0,
    want: 'logits',
    signal: undefined,
    meanwhile: () => {
      begun.push(name)
      now += milliseconds
      return Promise.resolve()
    },
    onAdvance: undefined,
    age: 0,
    rows: [],
    denied: false,
    resolve: () => undefined,
    reject: () => undefined,
  })
  const taken = (): string[] => begun.splice(0)
  return { request, taken, pass: (milliseconds: number) => (now += milliseconds) }
}

describe('preparations that take long', () => {
  it('come after the others of a step from the second time on, and rest as long as they took', async () => {
    const { request, taken, pass } = clocked()
    const preparations = new Preparations()
    const [slow, slower, quick] = [request('slow', 100), request('slower', 200), request('quick', 1)]
    const over = new Promise<void>(() => undefined)
    const all = [slow, slower, quick]
    await preparations.during(all, 5, over)
    expect(taken()).toEqual(['slow', 'slower', 'quick'])
    all.forEach((one) => preparations.after(one, vi.fn(), vi.fn()))

    await preparations.during(all, 5, over)
    expect(taken()).toEqual(['quick'])
    const settled = vi.fn()
    all.forEach((one) => preparations.after(one, vi.fn(), settled))
    expect(settled).toHaveBeenCalledOnce()
    // The last one took 200 ms: so long others go first.
    preparations.work(true)
    expect(taken()).toEqual([])
    pass(200)
    preparations.work(true)
    preparations.work(true)
    expect(taken()).toEqual(['slow'])
    pass(100)
    preparations.work(true)
    expect(taken()).toEqual(['slower'])
    await Promise.resolve()
    await Promise.resolve()
    expect(settled).toHaveBeenCalledTimes(3)
    expect(preparations.hasWork).toBe(false)
  })

  it('are begun at once where nobody else is there', async () => {
    const { request, taken } = clocked()
    const preparations = new Preparations()
    const slow = request('slow', 100)
    for (let round = 0; round < 3; round++) {
      await preparations.during([slow], 0, new Promise<void>(() => undefined))
      preparations.after(slow, vi.fn(), vi.fn())
    }
    expect(taken()).toEqual(['slow', 'slow', 'slow'])
    const other = request('other', 1)
    await preparations.during([slow, other], 0, new Promise<void>(() => undefined))
    expect(taken()).toEqual(['other'])
    preparations.work(false)
    expect(taken()).toEqual(['slow'])
  })
})
