import { expect, it } from 'vitest'
import { loadEngine, type ChatMessage } from '../../src/index.js'

const QUESTION = `Is this a palindrome: ${'racecar '.repeat(20)}`
const question: ChatMessage[] = [{ role: 'user', content: QUESTION }]
const answer = { maxTokens: 40, temperature: 0 }

async function savedBy(
  options: object,
): Promise<{ bytes: Uint8Array; text: string; messages: readonly ChatMessage[] }> {
  await using engine = await loadEngine('mini', { threads: 1, ...options })
  const session = engine.session()
  const { text } = await session.chat(question, answer).result
  const bytes = await session.save()
  const messages: ChatMessage[] = [...question, { role: 'assistant', content: text }]
  return { bytes, text, messages }
}

it('continues in another engine as if it had never ended, without computing again', async () => {
  const { bytes, text, messages: said } = await savedBy({ precision: 'exact' })
  await using engine = await loadEngine('mini', { threads: 1, precision: 'exact' })
  const { session, messages, cachedTokens, dropped } = await engine.restore(bytes)
  expect(dropped).toBeUndefined()
  expect(messages.map(({ role, content }) => ({ role, content }))).toEqual(said)
  expect(cachedTokens).toBeGreaterThanOrEqual(128)
  const result = await session.chat(question, answer).result
  expect(result.text).toBe(text)
  expect(result.cachedTokens).toBeGreaterThanOrEqual(128)
})

it('keeps the messages alone where the settings are others, and says so', async () => {
  const { bytes } = await savedBy({ precision: 'fast' })
  await using engine = await loadEngine('mini', { threads: 1, precision: 'exact' })
  const { messages, cachedTokens, dropped } = await engine.restore(bytes)
  expect([messages.length, cachedTokens]).toEqual([2, 0])
  expect(dropped).toMatch(/another form|other settings/)
  const changed = bytes.slice()
  changed[changed.length - 1]! ^= 1
  await expect(engine.restore(changed.subarray(0, -1))).rejects.toThrow(/bytes of pages where/)
  await expect(engine.restore(new Uint8Array(9))).rejects.toThrow(/does not begin as one/)
})
