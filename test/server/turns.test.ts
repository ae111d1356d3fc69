import { afterEach, describe, expect, it, vi } from 'vitest'
import { Admission } from '../../src/server/admission/admission.js'
import { ApiError } from '../../src/server/http/api-error.js'

const forever = new AbortController().signal
afterEach(() => vi.restoreAllMocks())

/** A request, what became of it, and how to end it. */
interface Request {
  state: 'waiting' | 'running' | 'left'
  error: ApiError | undefined
  leave: () => void
  cancel: () => void
}

function ask(admission: Admission, client: string, answers = 1): Request {
  const controller = new AbortController()
  const request: Request = {
    state: 'waiting',
    error: undefined,
    leave: () => undefined,
    cancel: () => controller.abort(),
  }
  admission.enter(client, answers, controller.signal).then(
    (leave) => Object.assign(request, { state: 'running', leave }),
    (error: unknown) => Object.assign(request, { state: 'left', error }),
  )
  return request
}

/** Promises that are settled have told so by then. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const states = (requests: readonly Request[]): string => requests.map(({ state }) => state[0]).join('')

async function refusalOf(request: Request): Promise<ApiError> {
  await settled()
  expect(request.error).toBeInstanceOf(ApiError)
  return request.error!
}

describe('the line', () => {
  it('is passed by nobody, although there is room', async () => {
    const admission = new Admission({ running: 3, waiting: 9 })
    const first = ask(admission, 'a', 2)
    const wide = ask(admission, 'b', 2)
    const narrow = ask(admission, 'c')
    await settled()
    expect(states([first, wide, narrow])).toBe('rww')
    expect([admission.active, admission.waiting]).toEqual([2, 2])
    await settled()
    first.leave()
    await settled()
    expect(states([wide, narrow])).toBe('rr')
    expect([admission.active, admission.waiting]).toEqual([3, 0])
  })

  it('continues where its head leaves, if the next one fits', async () => {
    const admission = new Admission({ running: 3, waiting: 9 })
    const first = ask(admission, 'a', 2)
    const wide = ask(admission, 'b', 2)
    const narrow = ask(admission, 'c')
    await settled()
    wide.cancel()
    const error = await refusalOf(wide)
    expect([error.status, error.detail.code]).toEqual([499, 'cancelled'])
    expect(states([first, narrow])).toBe('rr')
    expect([admission.active, admission.waiting]).toEqual([3, 0])
  })

  it('loses who leaves from its middle, and no other', async () => {
    const admission = new Admission({ running: 1, waiting: 9 })
    const first = ask(admission, 'a')
    await settled()
    const line = [1, 2, 3].map(() => ask(admission, 'a'))
    line[1]!.cancel()
    await settled()
    expect(states(line)).toBe('wlw')
    expect(admission.waiting).toBe(2)
    first.leave()
    await settled()
    expect(states(line)).toBe('rlw')
    line[0]!.leave()
    await settled()
    expect(states(line)).toBe('rlr')
  })

  it('does not take who has left before, and forgets who was served', async () => {
    const admission = new Admission({ running: 1, waiting: 9 })
    const first = ask(admission, 'a')
    const gone = ask(admission, 'b')
    gone.cancel()
    await settled()
    expect([states([first, gone]), admission.waiting]).toEqual(['rl', 0])
    const late = new AbortController()
    late.abort()
    await expect(admission.enter('c', 1, late.signal)).rejects.toMatchObject({ status: 499 })
    expect([admission.active, admission.waiting]).toEqual([1, 0])
    // Once it runs, a cancelled request is not in the line any more.
    first.cancel()
    await settled()
    expect(first.state).toBe('running')
    expect(admission.active).toBe(1)
  })

  it('counts the end of an answer once', async () => {
    const admission = new Admission({ running: 2, waiting: 9 })
    const two = [ask(admission, 'a'), ask(admission, 'a')]
    await settled()
    two[0]!.leave()
    two[0]!.leave()
    expect(admission.active).toBe(1)
  })

  it('has a turn for each client, and one for whoever comes back', async () => {
    const admission = new Admission({ running: 1, waiting: 9 })
    let current = ask(admission, 'a')
    await settled()
    const waiting = ['a', 'a', 'b', 'c', 'c'].map((client) => ({ client, request: ask(admission, client) }))
    const order: string[] = []
    while (waiting.length > 0) {
      current.leave()
      await settled()
      const at = waiting.findIndex(({ request }) => request.state === 'running')
      const [next] = waiting.splice(at, 1)
      order.push(next!.client)
      current = next!.request
    }
    expect(order.join('')).toBe('abcac')
  })
})

describe('a line that is full', () => {
  it('refuses the newcomer where nobody has more than it', async () => {
    const admission = new Admission({ running: 1, waiting: 2 })
    const served = ask(admission, 'a')
    const [one, two, three] = ['a', 'b', 'c'].map((client) => ask(admission, client))
    await settled()
    expect(states([served, one!, two!, three!])).toBe('rwwl')
    // With this one, b would have as many as a has.
    const admission2 = new Admission({ running: 1, waiting: 3 })
    const all = ['a', 'a', 'a', 'b', 'b'].map((client) => ask(admission2, client))
    await settled()
    expect(states(all)).toBe('rwwwl')
  })

  it('takes the latest of the longest, the first in turn of equals', async () => {
    const admission = new Admission({ running: 1, waiting: 6 })
    const served = ask(admission, 'x')
    const a = [1, 2, 3].map(() => ask(admission, 'a'))
    const b = [1, 2, 3].map(() => ask(admission, 'b'))
    const c = ask(admission, 'c')
    await settled()
    expect([states([served]), states(a), states(b), states([c])]).toEqual(['r', 'wwl', 'www', 'w'])
    expect(admission.waiting).toBe(6)
    const d = ask(admission, 'd')
    await settled()
    expect([states(a), states(b), states([c, d])]).toEqual(['wwl', 'wwl', 'ww'])
    // Now a and b have two each, which is no more than the second of c would make.
    const again = ask(admission, 'c')
    await settled()
    expect([states(a), states(b), states([c, d, again])]).toEqual(['wwl', 'wwl', 'wwl'])
    expect(admission.waiting).toBe(6)
  })

  it('says when to come again: the line over those who run, times what an answer took, from 1 to 60 seconds', async () => {
    const retryAfter = async (running: number, waiting: number): Promise<number | undefined> => {
      const admission = new Admission({ running, waiting })
      for (let i = 0; i < running + waiting; i++) ask(admission, `c${i}`)
      const error = await refusalOf(ask(admission, 'late'))
      expect([error.status, error.detail.code]).toEqual([429, 'queue_full'])
      expect(error.message).toContain(`${waiting} requests are waiting`)
      return error.detail.retryAfter
    }
    // An answer is taken to last a second, until some have ended.
    expect(await retryAfter(1, 3)).toBe(3)
    expect(await retryAfter(2, 3)).toBe(2)
    expect(await retryAfter(4, 1)).toBe(1)
    expect(await retryAfter(1, 0)).toBe(1)
    expect(await retryAfter(1, 90)).toBe(60)
  })

  it('learns how long answers take, a tenth from each', async () => {
    let now = 1000
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const admission = new Admission({ running: 1, waiting: 3 })
    const first = ask(admission, 'a')
    await settled()
    now += 11_000
    first.leave()
    // 1 s and a tenth of the 10 s more; three in line.
    const requests = [1, 2, 3, 4].map(() => ask(admission, 'a'))
    expect((await refusalOf(ask(admission, 'a'))).detail.retryAfter).toBe(6)
    now += 2000
    requests[0]!.leave()
    await settled()
    ask(admission, 'a')
    expect((await refusalOf(ask(admission, 'a'))).detail.retryAfter).toBe(6)
    now += 22_000
    requests[1]!.leave()
    await settled()
    ask(admission, 'a')
    expect((await refusalOf(ask(admission, 'a'))).detail.retryAfter).toBe(12)
  })
})

it('a request for more than may run takes all places, and no more', async () => {
  const admission = new Admission({ running: 3, waiting: 3 })
  const [all, next] = [ask(admission, 'a', 50), ask(admission, 'b', 1)]
  await settled()
  expect([states([all, next]), admission.active]).toEqual(['rw', 3])
  all.leave()
  await settled()
  expect([next.state, admission.active]).toEqual(['running', 1])
  await expect(admission.enter('c', 2, forever)).resolves.toBeTypeOf('function')
})
