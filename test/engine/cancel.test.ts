// A step whose answer nobody wants any more ends early.
import { expect, it } from 'vitest'
import { StepCancelled, type Step, type Ticket } from '../../src/backends/backend.js'
import { Session } from '../../src/engine/answer/session.js'
import { FakeRunner, continuation, fakeModel, type FakeOptions } from './fake.js'

/** Holds steps of more than eight tokens until they are cancelled, or let through. */
class HeldRunner extends FakeRunner {
  cancelled = 0
  /** Steps that are held. */
  readonly held: (() => void)[] = []

  constructor(options: FakeOptions = {}) {
    super({ stepTokens: 64, maxLogitRows: 8, ...options })
  }

  override submit(step: Step): Ticket {
    if (step.tokens.length <= 8) return super.submit(step)
    let cancel = (): void => undefined
    const done = new Promise<boolean>((resolve) => {
      cancel = () => resolve(true)
      this.held.push(() => resolve(false))
    }).then(async (isCancelled) => {
      const result = await super.submit(step).done
      if (!isCancelled) return result
      this.cancelled++
      throw new StepCancelled()
    })
    return { done, cancel }
  }

  async untilHeld(): Promise<void> {
    while (this.held.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

const prompt = (from: number, count = 40): number[] => Array.from({ length: count }, (_, i) => (from + i * 5) % 64)

it.each([undefined, 8])('is cancelled with its answer, and the session goes on (slots: %s)', async (maxSlots) => {
  const runner = new HeldRunner(maxSlots === undefined ? {} : { maxSlots })
  const model = fakeModel(runner)
  const session = new Session(model)
  const generation = session.generate(prompt(0))
  await runner.untilHeld()
  generation.abort()
  expect((await generation.result).finishReason).toBe('abort')
  expect(runner.cancelled).toBe(1)
  const next = session.generate(prompt(0), { maxTokens: 5 })
  runner.held.length = 0
  await runner.untilHeld()
  for (const go of runner.held) go()
  expect((await next.result).ids).toEqual(continuation(prompt(0), 5))
  await session.close()
  expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
})

it('goes on where somebody else is in it', async () => {
  const runner = new HeldRunner()
  const model = fakeModel(runner)
  const [first, second] = [0, 9].map((from) => new Session(model).generate(prompt(from, 20), { maxTokens: 5 }))
  await runner.untilHeld()
  first!.abort()
  await new Promise((resolve) => setImmediate(resolve))
  expect(runner.cancelled).toBe(0)
  for (const go of runner.held) go()
  expect((await first!.result).finishReason).toBe('abort')
  expect((await second!.result).ids).toEqual(continuation(prompt(9, 20), 5))
})

it('ends when the engine is closed', async () => {
  const runner = new HeldRunner()
  const model = fakeModel(runner)
  const generation = new Session(model).generate(prompt(0))
  await runner.untilHeld()
  const failed = expect(generation.result).rejects.toThrow('the engine is closed')
  await model.shared.scheduler.close()
  await failed
  expect(runner.cancelled).toBe(1)
})
