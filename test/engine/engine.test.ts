import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const QUESTION = [{ role: 'user', content: "How many r's are in strawberry?" }] as const
const engine = await loadEngine(MINI, { threads: 2 })
afterAll(() => engine.close())

describe('the embedded model', () => {
  it('reasons and answers, and streams what its result holds', async () => {
    const generation = engine.chat(QUESTION)
    let streamed = ''
    for await (const part of generation) if (part.kind === 'text') streamed += part.text
    const result = await generation.result
    expect(result.text).toBe('The letter "r" appears 3 times in "strawberry".')
    expect(streamed).toBe(result.text)
    expect(result.reasoning).not.toBe('')
    expect(result.finishReason).toBe('stop')
  })

  it('gives the same ids on the reference and with other threads', async () => {
    const { ids } = await engine.chat(QUESTION).result
    const single = await loadEngine(MINI, { threads: 1 })
    expect((await single.chat(QUESTION).result).ids).toEqual(ids)
    await single.close()
  })

  it('reuses the prefix of the session', async () => {
    const session = engine.session()
    // Longer than a page, which is what is shared however long an answer is.
    const long = [{ role: 'user', content: `How many r's are in ${'strawberry'.repeat(8)}?` }] as const
    await session.chat(long, { maxTokens: 100 }).result
    expect((await session.chat(long, { maxTokens: 1 }).result).cachedTokens).toBeGreaterThan(60)
    await session.close()
  })

  it('stops at stop strings, at maxTokens and on abort', async () => {
    const stopped = await engine.chat(QUESTION, { stop: 'appears' }).result
    expect(stopped.text).toBe('The letter "r" ')
    const short = await engine.chat(QUESTION, { maxTokens: 3 }).result
    expect(short).toMatchObject({ finishReason: 'length' })
    expect(short.ids).toHaveLength(3)
    const generation = engine.chat(QUESTION)
    generation.abort()
    expect((await generation.result).finishReason).toBe('abort')
  })

  it('samples the same with the same seed', async () => {
    const options = { temperature: 1.5, seed: 7, maxTokens: 30 }
    const [a, b] = [await engine.chat(QUESTION, options).result, await engine.chat(QUESTION, options).result]
    expect(a.ids).toEqual(b.ids)
  })

  it.each([
    [[], 'invalid_argument'],
    [[1, 99999], 'invalid_argument'],
    [Array.from({ length: 3000 }, () => 65), 'context_length_exceeded'],
  ])('refuses a bad prompt', async (ids, code) => {
    await expect(engine.generate(ids).result).rejects.toMatchObject({ name: 'UserError', code })
  })
})
