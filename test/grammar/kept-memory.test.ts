import { describe, expect, it } from 'vitest'
import { think } from '../../src/chat/dialects/families.js'
import { Grammars } from '../../src/grammar/grammars.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'
import { END, byteGrammars, bytes } from './vocabulary.js'

describe('a grammar of many properties', () => {
  it('takes at most 5 MB at any token of a document', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `property_${i}`)
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'string' }]))
    const grammars = byteGrammars()
    const form = await grammars.constraint({
      kind: 'json-schema',
      schema: { type: 'object', properties, required: names },
    })
    let most = 0
    for (const id of bytes.encode(JSON.stringify(Object.fromEntries(names.map((name) => [name, 'some text']))))) {
      await form.prepare()
      most = Math.max(most, grammars.bytes)
      form.accept(id)
    }
    expect(form.follow([bytes.eosIds[0]!])).toBe(1)
    expect(most).toBeGreaterThan(1e6)
    expect(most).toBeLessThan(5e6)
  })
})

describe('grammars that nobody uses', () => {
  it('are kept by what they take, which is more than a byte for each of their schema', async () => {
    const kept = 2 ** 20
    const grammars = new Grammars(bytes, END + 1, new Set([END]), think, { kept })
    const large = (seed: number): GrammarSpec => ({
      kind: 'json-schema',
      schema: { enum: Array.from({ length: 4000 }, (_, i) => `value ${i} of ${seed}`) },
    })
    const first = await grammars.constraint(large(0))
    const one = grammars.bytes
    expect(one).toBeGreaterThan(JSON.stringify(large(0)).length)
    first.close()
    for (let seed = 1; seed < 6; seed++) (await grammars.constraint(large(seed))).close()
    expect(grammars.bytes).toBeLessThanOrEqual(kept)
    expect(grammars.bytes).toBeLessThan(2 * one)
  })
})
