import { describe, expect, it } from 'vitest'
import { hermes } from '../../src/chat/dialects/families.js'
import { seededRandom } from '../../src/engine/sample/random.js'
import { Grammars } from '../../src/grammar/grammars.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'
import { END, byteGrammars, bytes, randomAnswer } from './vocabulary.js'

const regex = (pattern: string): GrammarSpec => ({ kind: 'regex', pattern })
const write = (form: { accept(id: number): void }, text: string): void =>
  bytes.encode(text).forEach((id) => form.accept(id))

describe('the grammars of a model', () => {
  it('are compiled once for all who use them, each with its own state', async () => {
    const grammars = byteGrammars()
    const [a, b] = await Promise.all([grammars.constraint(regex('[ab]+c')), grammars.constraint(regex('[ab]+c'))])
    const { bytes: size } = grammars
    write(a, 'abc')
    expect(a.follow([END])).toBe(1)
    expect(b.follow([END])).toBe(0)
    const third = await grammars.constraint(regex('[ab]+c'))
    write(third, 'bc')
    expect(grammars.bytes).toBeLessThan(size * 2)
    for (const form of [a, b, third]) form.close()
  })

  it('keep some bytes of those that nobody uses, and all that somebody does', async () => {
    const kept = 200_000
    const grammars = new Grammars(bytes, END + 1, new Set([END]), hermes, { kept })
    const used = await grammars.constraint(regex('(used|word){9}'))
    for (let i = 0; i < 300; i++) {
      const form = await grammars.constraint(regex(`[a-z]{${i}}x{3,${i + 3}}[0-9]*`))
      randomAnswer(form, seededRandom(i))
      form.close()
      form.close()
    }
    expect(grammars.bytes).toBeLessThan(kept * 2)
    write(used, 'usedword')
    expect(used.follow(bytes.encode('used'))).toBe(4)
  })

  it('forget states that no answer is in, and continue', async () => {
    const grammars = new Grammars(bytes, END + 1, new Set([END]), hermes, { trimmed: 1 })
    const pattern = '([a-f]{2,9}-){3}[0-9]{4}'
    const forms = await Promise.all([1, 2, 3].map(() => grammars.constraint(regex(pattern))))
    write(forms[1]!, 'ab')
    for (const form of forms.slice().reverse())
      expect((form === forms[1] ? 'ab' : '') + randomAnswer(form, seededRandom(4))).toMatch(new RegExp(`^${pattern}$`))
  })

  it('are not compiled further when nobody waits any more, and can be asked for again', async () => {
    const grammars = byteGrammars()
    const leave = new AbortController()
    const first = grammars.constraint(regex('[a-z]+'), leave.signal)
    const second = grammars.constraint(regex('[a-z]+'))
    leave.abort()
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    expect((await second).follow([97])).toBe(1)
    const alone = grammars.constraint(regex('[0-9]+'), AbortSignal.abort())
    await expect(alone).rejects.toMatchObject({ code: 'aborted' })
    expect((await grammars.constraint(regex('[0-9]+'))).follow([49])).toBe(1)
  })

  it('that cannot be used are refused each time, and kept nowhere', async () => {
    const grammars = byteGrammars()
    for (let i = 0; i < 20; i++)
      await expect(grammars.constraint(regex('('))).rejects.toMatchObject({ code: 'invalid_grammar' })
    expect(grammars.bytes).toBe(0)
    const circle: Record<string, unknown> = {}
    circle['allOf'] = [circle]
    const schema: GrammarSpec = { kind: 'json-schema', schema: circle }
    await expect(grammars.constraint(schema)).rejects.toMatchObject({ code: 'invalid_grammar' })
    const ends = new Grammars(bytes, END + 1, new Set(), hermes)
    await expect(ends.constraint(regex('a'))).rejects.toThrow(/no token that ends/)
  })
})

describe('an answer in its grammar', () => {
  it('tells how many tokens may follow, and stays where it is', async () => {
    const form = await byteGrammars().constraint(regex('ab?c'))
    expect(form.follow(bytes.encode('abc'))).toBe(3)
    expect(form.follow([...bytes.encode('ac'), END, 5, 6])).toBe(3)
    expect(form.follow(bytes.encode('abbc'))).toBe(2)
    expect(form.follow([END])).toBe(0)
    await form.prepare([...bytes.encode('ab'), 250])
    expect(form.allowed()![97 >> 5]! & (1 << (97 & 31))).not.toBe(0)
    expect(() => form.accept(98)).toThrow(/outside of the grammar/)
  })

  it('tells what must come, and what may come after it', async () => {
    const form = await byteGrammars().constraint(regex('Hello (you|yes)[!?]'))
    const forced = form.forced()!
    expect(new TextDecoder().decode(forced.bytes)).toBe('Hello y')
    expect(forced.allows(Uint8Array.from([111]))).toBe(true)
    expect(forced.allows(Uint8Array.from([120]))).toBe(false)
    write(form, 'Hello you')
    expect(form.forced()).toBeUndefined()
    write(form, '!')
    form.accept(END)
    expect(form.forced()).toBeUndefined()
    expect(form.allowed()).toBeUndefined()
    expect(form.follow([1, 2])).toBe(2)
  })
})
