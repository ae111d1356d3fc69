import { describe, expect, it } from 'vitest'
import { byteGrammars, bytes } from './vocabulary.js'

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
      form.prepare()
      most = Math.max(most, grammars.bytes)
      form.accept(id)
    }
    expect(form.follow([bytes.eosIds[0]!])).toBe(1)
    expect(most).toBeGreaterThan(1e6)
    expect(most).toBeLessThan(5e6)
  })
})
