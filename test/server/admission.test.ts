import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/server/admission/admission.js'
import { ApiError } from '../../src/server/http/api-error.js'

const forever = new AbortController().signal

describe('admission', () => {
  it('lets clients take turns, whoever came with more', async () => {
    const admission = new Admission({ running: 1, waiting: 100 })
    const leave = await admission.enter('a', 1, forever)
    const order: string[] = []
    const wait = (client: string): Promise<void> =>
      admission.enter(client, 1, forever).then((end) => {
        order.push(client)
        end()
      })
    const all = ['a', 'a', 'a', 'a', 'b', 'c', 'b'].map(wait)
    leave()
    await Promise.all(all)
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'a'])
  })

  it('refuses the latest of the longest line when all lines are full', async () => {
    const admission = new Admission({ running: 1, waiting: 3 })
    const leave = await admission.enter('a', 1, forever)
    const greedy = [1, 2, 3].map(() => admission.enter('a', 1, forever))
    const third = greedy[2]!.catch((error: unknown) => error)
    const modest = admission.enter('b', 1, forever)
    expect(await third).toMatchObject({ status: 429 })
    await expect(admission.enter('a', 1, forever)).rejects.toThrow(ApiError)
    leave()
    for (const turn of [greedy[0]!, modest, greedy[1]!]) {
      const end = await turn
      expect(admission.active).toBe(1)
      end()
    }
    expect([admission.active, admission.waiting]).toEqual([0, 0])
  })

  it('guarantees each client some answers, whatever the others have, and no more than that', async () => {
    const admission = new Admission({ running: 4, waiting: 10, guaranteed: 2 })
    const greedy = await Promise.all([1, 2, 3, 4].map(() => admission.enter('a', 1, forever)))
    const first = await admission.enter('b', 2, forever)
    const order: string[] = []
    const wait = (client: string): Promise<() => void> =>
      admission.enter(client, 1, forever).then((end) => {
        order.push(client)
        return end
      })
    const late = [wait('a'), wait('b')]
    await Promise.resolve()
    expect([admission.active, admission.waiting]).toEqual([6, 2])
    // What b has back is its own again at once; a waits until there are places.
    first()
    const end = await late[1]!
    expect([order, admission.active]).toEqual([['b'], 5])
    greedy.slice(0, 2).forEach((leave) => leave())
    ;(await late[0]!)()
    end()
    greedy.forEach((leave) => leave())
    expect([admission.active, admission.waiting]).toEqual([0, 0])
  })

  it('serves a request for more answers than fit alone', async () => {
    const admission = new Admission({ running: 4, waiting: 10 })
    const one = await admission.enter('a', 1, forever)
    const many = admission.enter('b', 100, forever)
    const late = admission.enter('c', 1, forever)
    expect(admission.active).toBe(1)
    one()
    const end = await many
    expect(admission.active).toBe(4)
    end()
    ;(await late)()
    expect(admission.active).toBe(0)
  })

  it('keeps its limits and forgets nobody, whatever happens', async () => {
    const action = fc.record({
      client: fc.constantFrom('a', 'b', 'c', 'd'),
      answers: fc.integer({ min: 1, max: 5 }),
      cancel: fc.boolean(),
      end: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const admission = new Admission({ running: 3, waiting: 5 })
        const ends: (() => void)[] = []
        let open = 0
        for (const { client, answers, cancel, end } of actions) {
          const controller = new AbortController()
          open++
          admission.enter(client, answers, controller.signal).then(
            (leave) => {
              open--
              ends.push(leave)
            },
            () => open--,
          )
          if (cancel) controller.abort()
          if (end) ends.shift()?.()
          await Promise.resolve()
          expect(admission.active).toBeLessThanOrEqual(3)
          expect(admission.waiting).toBeLessThanOrEqual(5)
        }
        for (let i = 0; i < 200 && (open > 0 || ends.length > 0); i++) {
          ends.shift()?.()
          await Promise.resolve()
        }
        expect([open, admission.active, admission.waiting]).toEqual([0, 0, 0])
      }),
      { numRuns: 200 },
    )
  })
})
