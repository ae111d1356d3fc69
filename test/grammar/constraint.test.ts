import fc from 'fast-check'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatMessage } from '../../src/chat/message.js'
import type { Engine } from '../../src/engine/engine.js'
import { loadEngine } from '../../src/engine/load.js'
import { seededRandom } from '../../src/engine/sample/random.js'
import { UserError } from '../../src/errors.js'
import { checkEbnf } from '../../src/grammar/check-ebnf.js'
import { Grammars } from '../../src/grammar/constraint.js'
import { END, bytes, randomAnswer } from './vocabulary.js'

let grammars: Grammars
beforeAll(async () => {
  grammars = await Grammars.of(bytes, END + 1, new Set([END]))
})

describe('a regular expression', () => {
  it.each([
    '[a-f]{3}-\\d+',
    '(yes|no)',
    'a.c|\\[\\w*\\]',
    '(?:ab?)+x{2,3}',
    '[^a-z\\s]{2}',
    '\\x41\\u0042?\\n',
    'ä|[你好]',
    '"\\\\"',
  ])('%s', async (pattern) => {
    const random = seededRandom(3)
    for (let i = 0; i < 10; i++) {
      const constraint = await grammars.constraint({ kind: 'regex', pattern })
      expect(await randomAnswer(constraint, random, 200)).toMatch(new RegExp(`^(?:${pattern})$`, 'u'))
    }
  })
})

describe('EBNF', () => {
  it('gives answers of its root', async () => {
    const grammar = 'root ::= sum\nsum ::= digit ("+" digit)* # no spaces\ndigit ::= [0-9] | "(" sum ")"\n'
    const random = seededRandom(5)
    for (let i = 0; i < 10; i++) {
      const text = await randomAnswer(await grammars.constraint({ kind: 'ebnf', grammar }), random, 400)
      expect(text).toMatch(/^[0-9+()]+$/)
      // Sums in brackets are digits themselves: put one in their place until none is left.
      let rest = text
      while (/\(\d(\+\d)*\)/.test(rest)) rest = rest.replace(/\(\d(\+\d)*\)/g, '0')
      expect(rest, text).toMatch(/^\d(\+\d)*$/)
    }
  })

  it.each<[string, RegExp]>([
    ['', /root/],
    ['root ::=', /in the middle/],
    ['root ::= (', /in the middle/],
    ['root ::= "a', /line 1/],
    ['root ::= "a"\nroot ::= "b"', /line 2: rule root is there twice/],
    ['root ::= other', /other is used and not defined/],
    ['other ::= "a"', /rule called root/],
    ['root ::= [b-a]', /does not rise/],
    ['root ::= "a"{3,2}', /do not rise/],
    ['root ::= * "a"', /nothing stands before/],
    ['root ::= "a"**', /repeated/],
    ['root ::= "a" )', /was not opened/],
  ])('%j is refused', (grammar, message) => {
    expect(() => checkEbnf(grammar)).toThrow(message)
  })

  it('what the check lets through, the library takes', { timeout: 60_000 }, async () => {
    const piece = fc.constantFrom('"a"', '"\\n"', '[a-z]', '[^"\\\\]', 'x', 'root', '(', ')', '|', '*', '+', '?', '{2}', '{1,3}', '""', '\nx ::=', ' ', '# c\n') // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
        const grammar = `root ::= ${pieces.join(' ')}`
        try {
          checkEbnf(grammar)
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
          return
        }
        ;(await grammars.constraint({ kind: 'ebnf', grammar })).close()
      }),
      { numRuns: 2000 },
    )
  })
})

describe('mini, held to a grammar', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await loadEngine(fileURLToPath(new URL('../../models/mini', import.meta.url)), { threads: 2 })
  })
  afterAll(() => engine.close())
  const messages: ChatMessage[] = [{ role: 'user', content: "How many r's are in strawberry?" }]

  it('thinks, and then answers in JSON that fits, alone and beside others', async () => {
    const schema = { type: 'object', properties: { word: { type: 'string', maxLength: 12 }, count: { type: 'integer', minimum: 0, maximum: 20 } }, required: ['word', 'count'] } // prettier-ignore
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

  it('chooses one of the texts that a regular expression has', async () => {
    const { text } = await engine.complete('Say: ', { grammar: { kind: 'regex', pattern: '(red|green|blue)' } }).result
    expect(['red', 'green', 'blue']).toContain(text)
  })

  it('reports a grammar that cannot be used', async () => {
    const result = engine.chat(messages, { grammar: { kind: 'regex', pattern: '(' } }).result
    await expect(result).rejects.toMatchObject({ code: 'invalid_grammar' })
  })
})
