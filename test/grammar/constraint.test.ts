import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatMessage } from '../../src/chat/message.js'
import type { Engine } from '../../src/engine/engine.js'
import { loadEngine } from '../../src/engine/load.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'

describe('mini, held to a grammar', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await loadEngine(fileURLToPath(new URL('../../models/mini', import.meta.url)), { threads: 2 })
  })
  afterAll(() => engine.close())
  const messages: ChatMessage[] = [{ role: 'user', content: "How many r's are in strawberry?" }]
  const schema = { type: 'object', properties: { word: { type: 'string', maxLength: 12 }, count: { type: 'integer', minimum: 0, maximum: 20 } }, required: ['word', 'count'] } // prettier-ignore

  it('thinks, and then answers in JSON that fits, alone and with others', async () => {
    const ask = () => engine.chat(messages, { grammar: { kind: 'json-schema', schema }, temperature: 0 }).result
    const alone = await ask()
    const value = JSON.parse(alone.text) as { word: string; count: number }
    expect(Object.keys(value)).toEqual(['word', 'count'])
    expect(value.count).toBeGreaterThanOrEqual(0)
    expect(alone.reasoning).not.toBe('')
    expect(alone.finishReason).toBe('stop')
    const together = await Promise.all([ask(), engine.chat(messages, { temperature: 0 }).result, ask()])
    expect(together[0].ids).toEqual(alone.ids)
    expect(together[2].ids).toEqual(alone.ids)
    expect(together[1].text).toContain('3 times')
  })

  it.each<GrammarSpec>([
    { kind: 'json-schema', schema, whiteSpace: 'compact' },
    { kind: 'json-schema', schema, whiteSpace: 'spaced' },
    { kind: 'regex', pattern: 'The answer is [0-9]{1,2}, and the word was "[a-z]{1,12}"\\.' },
    { kind: 'ebnf', grammar: 'root ::= "There are " ("two" | "three") " of them, I think." ' },
  ])('says in the tokenizer’s own tokens what is forced: %j', async (grammar) => {
    const { tokenizer } = engine
    for (const speculate of ['off', 'ngram'] as const) {
      const { text, ids } = await engine.complete('Say: ', { grammar, temperature: 0, speculate }).result
      const plain = await engine.complete('Say: ', { grammar, temperature: 0, jumpForward: false }).result
      expect(text).toBe(plain.text)
      const own = tokenizer!.encode(text, { addSpecial: false })
      // What the model chose itself may be cut in another way; if it was not, everything is the tokenizer's.
      if (ids.slice(0, -1).join() !== plain.ids.slice(0, -1).join()) expect(ids.slice(0, -1)).toEqual(own)
    }
  })

  it('chooses one of the texts that a grammar of any kind has', async () => {
    for (const grammar of [
      { kind: 'regex', pattern: '(red|green|blue)' },
      { kind: 'ebnf', grammar: 'root ::= "red" | "green" | "blue"' },
      { kind: 'gbnf', grammar: 'root ::= "red" | "green" | "blue"' },
      { kind: 'lark', grammar: 'start: "red" | "green" | "blue"' },
    ] as const) {
      const { text, finishReason } = await engine.complete('Say: ', { grammar }).result
      expect(['red', 'green', 'blue']).toContain(text)
      expect(finishReason).toBe('stop')
    }
  })

  it('reports a grammar that cannot be used, and continues', async () => {
    for (const grammar of [
      { kind: 'regex', pattern: '(' },
      { kind: 'regex', pattern: 5 as unknown as string },
      { kind: 'ebnf', grammar: 'root ::= root' },
      { kind: 'json-schema', schema: { $ref: '#' } },
      { kind: 'other' as 'json' },
    ] as const) {
      const result = engine.chat(messages, { grammar }).result
      await expect(result, JSON.stringify(grammar)).rejects.toMatchObject({ code: 'invalid_grammar' })
    }
    expect((await engine.chat(messages, { temperature: 0 }).result).text).toContain('3 times')
  })
})
