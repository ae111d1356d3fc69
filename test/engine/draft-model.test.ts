// A small model that drafts for a larger one.
import { describe, expect, it } from 'vitest'
import { ModelDrafter, checkSameTokens, type DraftEngine } from '../../src/engine/answer/model-drafter.js'
import { Session } from '../../src/engine/answer/session.js'
import { UserError } from '../../src/errors.js'
import { FakeRunner, VOCAB, continuation, fakeModel, letters, nextOf } from './fake.js'

const PROMPT = [1, 2, 3]

/** An engine that says what comes next by `nextOf`. */
function engineOf(
  runner: FakeRunner,
  info: Partial<DraftEngine['info']> = {},
  options: Parameters<typeof fakeModel>[1] = {},
): DraftEngine & { readonly closed: number } {
  const model = fakeModel(runner, options)
  const counted = { closed: 0 }
  return Object.assign(counted, {
    info: { name: 'small', vocabSize: VOCAB, contextLength: 1000, ...info },
    tokenizer: undefined,
    failed: new Promise<Error>(() => undefined),
    session: () => {
      const session = new Session(model)
      const close = (): Promise<void> => {
        counted.closed++
        return session.close()
      }
      return { generate: session.generate.bind(session), close }
    },
    close: () => Promise.resolve(),
  })
}

const sure = (): FakeRunner => new FakeRunner({ stepTokens: 64, logit: 9 })

describe('a model that drafts', () => {
  it('gives the same answer in fewer steps, and ends with the answer', async () => {
    const small = engineOf(sure())
    const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8 })
    const model = fakeModel(runner, { draftModel: { name: 'draft:small', engine: small }, speculate: 'draft:small' })
    const { ids, speculation } = await new Session(model).generate(PROMPT, { maxTokens: 40 }).result
    expect(ids).toEqual(continuation(PROMPT, 40))
    expect(speculation!.accepted).toBe(speculation!.drafted)
    expect(speculation!.steps).toBeLessThan(10)
    expect(small.closed).toBe(1)
  })

  it('pays for new tokens only', async () => {
    const runner = sure()
    const drafter = new ModelDrafter(engineOf(runner))
    const first = await drafter.draft(PROMPT, 4)
    expect(first).toEqual(continuation(PROMPT, 4))
    const before = runner.steps.reduce((sum, n) => sum + n, 0)
    await drafter.draft([...PROMPT, ...first, nextOf([...PROMPT, ...first])], 4)
    // The last drafted token, the one after it, and three of four new ones.
    expect(runner.steps.reduce((sum, n) => sum + n, 0) - before).toBeLessThanOrEqual(2 + 8)
    await drafter.close()
  })

  it('goes back to its own recurrent states, not to the beginning', async () => {
    const runner = new FakeRunner({ stepTokens: 64, logit: 9, maxSlots: 2 })
    const drafter = new ModelDrafter(engineOf(runner, {}, { isDraft: true }))
    const prompt = Array.from({ length: 50 }, (_, i) => (i * 7) % 60)
    const first = await drafter.draft(prompt, 4)
    expect(first).toEqual(continuation(prompt, 4))
    const before = runner.steps.reduce((sum, n) => sum + n, 0)
    // Two of four were right.
    const sequence = [...prompt, ...first.slice(0, 2), (first[2]! + 1) % VOCAB]
    expect((await drafter.draft(sequence, 2)).length).toBeGreaterThan(0)
    expect(runner.steps.reduce((sum, n) => sum + n, 0) - before).toBeLessThanOrEqual(8)
    await drafter.close()
  })

  it('drafts what it is sure of', async () => {
    const unsure = new ModelDrafter(engineOf(new FakeRunner({ stepTokens: 64 })))
    expect(await unsure.draft(PROMPT, 4)).toEqual([])
  })

  it('drafts nothing after tokens that it does not have, or beyond its context', async () => {
    const narrow = new ModelDrafter(engineOf(sure(), { vocabSize: 10 }))
    expect(await narrow.draft([1, 2, 11], 4)).toEqual([])
    const short = new ModelDrafter(engineOf(sure(), { contextLength: 5 }))
    expect(await short.draft([1, 2, 3], 4)).toHaveLength(2)
    expect(await short.draft([1, 2, 3, 4, 5], 4)).toEqual([])
  })

  it('is refused where it was not loaded, by name', async () => {
    const model = fakeModel(sure(), { draftModel: { name: 'draft:small', engine: engineOf(sure()) } })
    const asked = new Session(model).generate(PROMPT, { speculate: 'draft:other' })
    await expect(asked.result).rejects.toThrow(/loaded with draft:small/)
    const none = new Session(fakeModel(sure())).generate(PROMPT, { speculate: 'draft:other' })
    await expect(none.result).rejects.toThrow(/without a draft model/)
  })

  it('has the tokens of the large model', () => {
    const large = { info: { name: 'large', vocabSize: VOCAB, contextLength: 1 }, tokenizer: letters }
    const small = (tokenizer: typeof letters | undefined, vocabSize = VOCAB): DraftEngine =>
      Object.assign(engineOf(sure(), { vocabSize }), { tokenizer })
    const check = (engine: DraftEngine) => () => checkSameTokens(large, { name: 'draft:small', engine })
    expect(check(small(letters))).not.toThrow()
    const other = { ...letters, bytesOf: (id: number) => (id === 5 ? new Uint8Array([42]) : letters.bytesOf(id)) }
    expect(check(small(other))).toThrow(/token 5 of large is .*, and of small "\*"/)
    expect(check(small(undefined))).not.toThrow()
    expect(check(small(undefined, 32))).toThrow(UserError)
  })
})
