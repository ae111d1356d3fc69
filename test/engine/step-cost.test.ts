// What steps cost by their rows, and what follows from it: how long drafts are, and how much of a prompt a step takes.
import { describe, expect, it, vi } from 'vitest'
import { draftWorth } from '../../src/engine/answer/drafting.js'
import { Session } from '../../src/engine/answer/session.js'
import { StepCost } from '../../src/engine/schedule/step-cost.js'
import { FakeRunner, continuation, fakeModel } from './fake.js'

function costs(table: Record<number, number>): StepCost {
  const cost = new StepCost()
  for (const [rows, milliseconds] of Object.entries(table))
    for (let i = 0; i < 3; i++) cost.record(Number(rows), milliseconds)
  return cost
}

/** Steps of 1, 2, 4 and more rows of a model of 1.5 B in Q4_K_M, on two cores. */
const CODER = { 1: 35, 2: 46, 4: 64, 8: 125, 16: 210, 64: 700, 256: 2700 }

describe('the cost of a step', () => {
  it('is unknown before a few steps, and then the median of the last', () => {
    const cost = new StepCost()
    expect(cost.of(1)).toBeUndefined()
    for (const milliseconds of [30, 900, 32]) cost.record(1, milliseconds)
    expect(cost.of(1)).toBe(32)
    for (let i = 0; i < 7; i++) cost.record(1, 50)
    expect(cost.of(1)).toBe(50)
  })

  it('lies on lines between sizes that ran, and is that of the largest beyond them', () => {
    const cost = costs(CODER)
    expect(cost.of(3)).toBe(55)
    expect(cost.of(40)).toBe(455)
    expect(cost.of(400)).toBe(2700)
    expect(cost.rowsWithin(400, 256)).toBe(34)
    expect(cost.rowsWithin(1, 256)).toBe(1)
    expect(cost.rowsWithin(1e9, 256)).toBe(256)
  })

  it('never falls with the rows', () => {
    expect(costs({ 4: 80, 8: 60 }).of(8)).toBe(80)
  })
})

describe('the length of a draft', () => {
  const steps = costs(CODER)
  const alone = { steps, others: 0, perToken: 0 }

  it('is what gives most tokens for the time of a step', () => {
    expect(draftWorth(16, 0.2, alone)).toBe(0)
    expect(draftWorth(16, 0.4, alone)).toBe(1)
    expect(draftWorth(16, 0.8, alone)).toBe(3)
    expect(draftWorth(2, 0.99, alone)).toBe(2)
    expect(draftWorth(15, 0.99, alone)).toBe(15)
  })

  it('is shorter where drafting itself takes time, and where others have their rows in the step', () => {
    expect(draftWorth(16, 0.8, { ...alone, perToken: 20 })).toBe(0)
    expect(draftWorth(16, 0.8, { ...alone, others: 7 })).toBeLessThan(3)
  })

  it('is not limited before steps are known, or where they are short', () => {
    expect(draftWorth(16, 0.1, { ...alone, steps: new StepCost() })).toBe(16)
    expect(draftWorth(16, 0.1, { ...alone, steps: costs({ 1: 1, 8: 30 }) })).toBe(16)
  })
})

it('a prompt takes no more of a step than somebody who answers likes to wait for', async () => {
  const runner = new FakeRunner({ stepTokens: 128, maxLogitRows: 8 })
  const model = fakeModel(runner)
  const known = costs({ 1: 10, 32: 300, 64: 700, 128: 1500 })
  // The fake's own steps take no time.
  vi.spyOn(model.shared.scheduler.cost, 'rowsWithin').mockImplementation((...args) => known.rowsWithin(...args))
  const prompt = Array.from({ length: 300 }, (_, i) => (i * 7) % 64)
  const answer = new Session(model).generate([1, 2, 3], { maxTokens: 40 })
  const late = await new Session(model).generate(prompt, { maxTokens: 4 }).result
  expect(late.ids).toEqual(continuation(prompt, 4))
  const most = Math.max(...runner.steps)
  expect(most).toBeGreaterThan(32)
  expect(most).toBeLessThanOrEqual(64)
  await answer.result
  // Alone, it gets all that a step has room for.
  const alone = runner.steps.length
  await new Session(model).generate(prompt.toReversed(), { maxTokens: 1 }).result
  expect(runner.steps.slice(alone)).toEqual([128, 128, 44])
})
