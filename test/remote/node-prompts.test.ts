// Long prompts in threads of their own: the same ids, the short ones first, and an end to what takes too long.
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { PromptThreads } from '../../src/remote/node-prompts.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const WORKER = new URL('../../dist/remote/node-prompt-worker.js', import.meta.url)
const BOTH = { addSpecial: true, parseSpecial: true }

const threads = new PromptThreads(MINI, WORKER)
const engine = await loadEngine(MINI, { threads: 1, longPrompts: threads })
afterAll(() => Promise.all([engine.close(), threads.close()]))

const long = (count: number): string => 'What is 12 + 30? <|im_end|> é '.repeat(Math.ceil(count / 30))

describe('long prompts', () => {
  it('have the ids that they have in the engine', async () => {
    const text = long(20_000)
    expect(await threads.encode(text, BOTH)).toEqual(engine.encode(text))
    expect(await threads.encode(text, { addSpecial: false, parseSpecial: false })).toEqual(
      engine.encode(text, { addSpecial: false, parseSpecial: false }),
    )
    const messages = [{ role: 'user' as const, content: text }]
    const { ids, text: prompt } = await threads.chat(messages, {})
    expect(ids).toEqual(engine.encodeChat(messages))
    expect(prompt).toContain(text)
  })

  it('are refused as the engine refuses them', async () => {
    const messages = [{ role: 'user' as const, content: long(20_000) }]
    const options = { templateOptions: { messages: null } }
    const here = await Promise.resolve()
      .then(() => engine.encodeChat(messages, options))
      .catch((error: unknown) => error)
    await expect(threads.chat(messages, options)).rejects.toThrow((here as Error).message)
  })

  it('that cannot fit are refused unread', async () => {
    const found = /the prompt has 3900000 characters, \d+ tokens at least, but the context holds 2048/
    await expect(engine.complete('a'.repeat(3.9e6)).result).rejects.toThrow(found)
    await expect(engine.chat([{ role: 'user', content: 'a'.repeat(3.9e6) }]).result).rejects.toThrow(found)
  })

  it('are made in the order of their lengths, and those that nobody waits for are not', async () => {
    const order: string[] = []
    const controller = new AbortController()
    const ask = (name: string, count: number, signal?: AbortSignal): Promise<unknown> =>
      threads.encode(long(count), BOTH, signal).then(
        () => order.push(name),
        () => order.push(`not ${name}`),
      )
    const asked = [
      ask('first', 20_000),
      ask('long', 40_000),
      ask('left', 30_000, controller.signal),
      ask('short', 20_000),
    ]
    controller.abort()
    await Promise.all(asked)
    expect(order).toEqual(['not left', 'first', 'short', 'long'])
  })

  it('that take too long end, and others are made', async () => {
    const impatient = new PromptThreads(MINI, WORKER, 0)
    await expect(impatient.encode(long(20_000), BOTH)).rejects.toThrow('takes too long to be made tokens')
    await expect(impatient.encode(long(20_000), BOTH)).rejects.toThrow('takes too long to be made tokens')
    await impatient.close()
    await expect(impatient.encode(long(20_000), BOTH)).rejects.toThrow('the engine is closed')
  })
})
