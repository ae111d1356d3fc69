import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/backends/backend.js'
import type { CacheLimit } from '../../src/engine/schedule/cache.js'
import { Session } from '../../src/engine/answer/session.js'
import { FakeRunner, fakeModel, type FakeOptions } from './fake.js'

/** One request's share of a step. */
interface Served {
  readonly request: number
  /** Of its first token in the step. */
  readonly position: number
  readonly tokens: number
}

interface Request {
  readonly prompt: number
  readonly maxTokens: number
}

/**
 * Runs requests, all at once, whose every token is their own number, and says who was served in each step. So whose turn
 * it was can be read from the step alone.
 */
async function stepsOf(requests: readonly Request[], options: FakeOptions, limit?: CacheLimit): Promise<Served[][]> {
  const steps: Served[][] = []
  const onStep = (step: Step): void => {
    // Every row of logits has somebody who wants it.
    const { wants = [], logitRows } = step
    if (wants.length !== logitRows.length || !wants.every(Boolean))
      expect.fail(`${logitRows.length} rows of logits; wanted: ${String(wants.filter(Boolean).length)}`)
    const served = new Map<number, { position: number; tokens: number }>()
    step.tokens.forEach((request, t) => {
      const share = served.get(request)
      if (share) share.tokens++
      else served.set(request, { position: step.positions[t]!, tokens: 1 })
    })
    steps.push([...served].map(([request, share]) => ({ request, ...share })))
  }
  const runner = new FakeRunner({ ...options, next: (prefix) => prefix[0]!, onStep })
  const model = fakeModel(runner, limit && { limit })
  const results = requests.map(({ prompt, maxTokens }, i) =>
    new Session(model).generate(new Array<number>(prompt).fill(i), { maxTokens }).result.then(({ ids }) => {
      expect(ids).toEqual(new Array<number>(maxTokens).fill(i))
    }),
  )
  await Promise.all(results)
  return steps
}

/** Most steps from one in which a request was served to the next, for each request. */
function longestWaits(steps: readonly Served[][], requests: number): number[] {
  return Array.from({ length: requests }, (_, request) => {
    const served = steps.flatMap((step, i) => (step.some((share) => share.request === request) ? [i] : []))
    return Math.max(...served.map((step, i) => step - (served[i - 1] ?? -1)))
  })
}

/** How often each request had to go back to tokens that were computed before: it was preempted. */
function preemptions(steps: readonly Served[][], requests: number): number[] {
  const ends = new Array<number>(requests).fill(0)
  const counts = new Array<number>(requests).fill(0)
  for (const { request, position, tokens } of steps.flat()) {
    if (position < ends[request]!) counts[request]!++
    ends[request] = position + tokens
  }
  return counts
}

/** Nobody is served while somebody waits whose last turn was earlier. */
function expectLeastRecentFirst(steps: readonly Served[][], requests: number): void {
  const all = Array.from({ length: requests }, (_, i) => i)
  const ends = all.map((i) => steps.findLastIndex((step) => step.some(({ request }) => request === i)))
  const last = all.map(() => -1)
  steps.forEach((step, now) => {
    const served = new Set(step.map(({ request }) => request))
    const latest = Math.max(...[...served].map((i) => last[i]!))
    const passed = all.filter((i) => !served.has(i) && ends[i]! > now && last[i]! < latest)
    expect(passed, `step ${now} serves ${[...served].join()}, whose last turns were ${last.join()}`).toEqual([])
    for (const i of served) last[i] = now
  })
}

const names = (steps: readonly Served[][]): string[] => steps.map((step) => step.map(({ request }) => request).join(''))

describe('turns', () => {
  it('go round in the order in which requests came', async () => {
    const four = [0, 1, 2, 3].map(() => ({ prompt: 1, maxTokens: 4 }))
    expect(names(await stepsOf(four, { stepTokens: 1 }))).toEqual(Array.from('0123012301230123'))
    expect(names(await stepsOf(four, { stepTokens: 2 }))).toEqual(['01', '23', '01', '23', '01', '23', '01', '23'])
  })

  it.each([1, 2, 3, 4])('are those of whoever waited longest, with %i tokens a step', async (stepTokens) => {
    // A long prompt takes several steps; it has no more turns than the answers.
    const requests = [{ prompt: 60, maxTokens: 1 }, ...[1, 2, 3, 4].map((i) => ({ prompt: i, maxTokens: 20 }))]
    const steps = await stepsOf(requests, { stepTokens })
    expectLeastRecentFirst(steps, 5)
    expect(Math.max(...longestWaits(steps, 5))).toBe(Math.ceil(5 / stepTokens))
  })

  it.each([1, 2, 3, 5])('come within a round where a step gives %i rows of logits', async (maxLogitRows) => {
    const requests = [{ prompt: 200, maxTokens: 2 }, ...[1, 2, 3, 4, 5, 6].map((i) => ({ prompt: i, maxTokens: 12 }))]
    const steps = await stepsOf(requests, { stepTokens: 16, maxLogitRows })
    expect(Math.max(...longestWaits(steps, 7))).toBeLessThanOrEqual(Math.ceil(7 / maxLogitRows))
    // Until the prompt is at its last token it needs no row, and continues in every step.
    const prompt = steps.filter((step) => step.some(({ request, position }) => request === 0 && position < 180))
    expect(steps.slice(0, prompt.length)).toEqual(prompt)
  })

  it('divide what is left of a step equally, and what small wishes leave among the others', async () => {
    const shares = async (prompts: number[], stepTokens: number): Promise<number[]> => {
      const [first] = await stepsOf(
        prompts.map((prompt) => ({ prompt, maxTokens: 1 })),
        { stepTokens, maxLogitRows: 8 },
      )
      return prompts.map((_, i) => first!.find(({ request }) => request === i)?.tokens ?? 0)
    }
    expect(await shares([100, 100], 32)).toEqual([16, 16])
    expect(await shares([100, 4, 100], 32)).toEqual([14, 4, 14])
    expect(await shares([100, 3, 100, 9], 32)).toEqual([10, 3, 10, 9])
    expect(await shares([2, 3, 4], 32)).toEqual([2, 3, 4])
    expect(await shares([9, 9, 9], 2)).toEqual([1, 1, 0])
  })
})

describe('when memory is short', () => {
  /** Pages that a request takes at its end. */
  const pages = ({ prompt, maxTokens }: Request): number => Math.ceil((prompt + maxTokens - 1) / 64)

  it.each([1, 2, 3, 16])('the youngest goes first, however the turns fall (%i tokens a step)', async (stepTokens) => {
    let preempted = 0
    for (let shift = 0; shift < 8; shift++) {
      const requests = [0, 1, 2, 3].map((i) => ({ prompt: 30 + ((shift * 7 + i * 5) % 20), maxTokens: 150 }))
      // There is room for all but the youngest.
      const room = requests.slice(0, 3).reduce((sum, request) => sum + pages(request), 0)
      const steps = await stepsOf(requests, { stepTokens }, { pages: room, hard: true })
      const [oldest, second, third, youngest] = preemptions(steps, 4)
      expect([oldest, second, third]).toEqual([0, 0, 0])
      preempted += youngest!
    }
    expect(preempted).toBeGreaterThan(0)
  })

  it.each([1, 2, 16])('the oldest is never preempted, and all end (%i tokens a step)', async (stepTokens) => {
    for (const room of [3, 4, 5, 7]) {
      const requests = [0, 1, 2, 3, 4].map((i) => ({ prompt: 20 + 9 * i, maxTokens: 120 }))
      const steps = await stepsOf(requests, { stepTokens }, { pages: room, hard: true })
      expect(preemptions(steps, 5)[0]).toBe(0)
    }
  })

  it('a session that rests gives its pages before anybody who runs', async () => {
    const begun: number[] = []
    const onStep = (step: Step): void =>
      step.tokens.forEach((token, t) => {
        if (step.positions[t] === 0) begun.push(token)
      })
    const runner = new FakeRunner({ stepTokens: 16, next: (prefix) => prefix[0]!, onStep })
    const model = fakeModel(runner, { limit: { pages: 5, hard: true } })
    const ask = (session: Session, token: number, length: number, maxTokens: number): Promise<unknown> =>
      session.generate(new Array<number>(length).fill(token), { maxTokens }).result
    await ask(new Session(model), 1, 60, 2)
    await Promise.all([ask(new Session(model), 2, 60, 60), ask(new Session(model), 3, 60, 90)])
    expect(begun).toEqual([1, 2, 3])
  })
})

describe('snapshots of recurrent states', () => {
  it('go with the pages that they stand after', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 64, maxSlots: 30 }), {
      limit: { pages: 4, hard: true, slots: 30 },
    })
    for (let i = 0; i < 20; i++) {
      const session = new Session(model)
      await session.generate(
        Array.from({ length: 130 }, (_, t) => (i * 3 + t * (i + 1)) % 64),
        { maxTokens: 1 },
      ).result
      await session.close()
    }
    // Four pages hold at most four snapshots; one slot runs.
    expect(model.shared.slots!.size).toBeLessThanOrEqual(5)
  })
})
