import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { LargeWorks } from '../../src/grammar/large-works.js'

const never = new AbortController().signal

/** Works that end when they are told to; `log` has who began. */
function begun(works: LargeWorks, log: string[]): (owner: string, size: number, signal?: AbortSignal) => () => void {
  return (owner, size, signal = never) => {
    let end = (): void => undefined
    const entered = works.enter(owner, size, signal).then((leave) => {
      log.push(`${owner}${size}`)
      end = leave
    })
    entered.catch(() => undefined)
    return () => end()
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('works that take much memory', () => {
  it('are done two at once, those of other owners first, and of one owner the smallest first', async () => {
    const log: string[] = []
    const begin = begun(new LargeWorks(), log)
    const ends = [begin('a', 9), begin('a', 8), begin('a', 7), begin('a', 3), begin('b', 10)]
    await settled()
    expect(log).toEqual(['a9', 'a8'])
    ends[1]!()
    await settled()
    expect(log.at(-1)).toBe('b10')
    ends[4]!()
    await settled()
    ends[0]!()
    await settled()
    expect(log).toEqual(['a9', 'a8', 'b10', 'a3', 'a7'])
  })

  it('leave the line when nobody waits for them any more', async () => {
    const works = new LargeWorks()
    const log: string[] = []
    const begin = begun(works, log)
    const [first] = [begin('a', 1), begin('a', 1)]
    const controller = new AbortController()
    const given = works.enter('a', 1, controller.signal)
    begin('a', 2)
    controller.abort()
    await expect(given).rejects.toThrow(UserError)
    first()
    await settled()
    expect(log).toEqual(['a1', 'a1', 'a2'])
    await expect(works.enter('a', 1, controller.signal)).rejects.toThrow(UserError)
  })
})
