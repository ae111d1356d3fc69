import { describe, expect, it } from 'vitest'
import { think } from '../../src/chat/dialects/families.js'
import { ModelGrammars } from '../../src/engine/sample/constrain.js'
import { ScoredTokens } from '../../src/engine/sample/scored-tokens.js'
import type { GrammarSpec } from '../../src/grammar/spec.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'

const utf8 = new TextEncoder()
const WORDS = ['</', 'think', '>\n\n', '>{', '>[', '></think>{', 'nk>', '</think>', ' </think>\n{"', 'ä'] as const
const TOKENS = [...Array.from({ length: 256 }, (_, b) => Uint8Array.of(b)), ...WORDS.map((word) => utf8.encode(word))]
const END = TOKENS.length
/** A special token whose text only a parser sees, and an id that no token has. */
const MARK = END + 1
const GAP = END + 2

const tokenizer = (special: boolean): Tokenizer => ({
  vocabSize: GAP + 1,
  eosIds: [END],
  encode: (text) => Array.from(utf8.encode(text)),
  decode: () => '',
  decoder: () => ({ push: () => '', flush: () => '' }),
  idOf: (token) => (special && token === '</think>' ? MARK : undefined),
  bytesOf: (id) => (id < END ? TOKENS[id] : id === GAP ? null : undefined),
})
const id = (word: (typeof WORDS)[number]): number => 256 + WORDS.indexOf(word)
const bytes = (text: string): number[] => Array.from(utf8.encode(text))
const object: GrammarSpec = { kind: 'regex', pattern: '\\{"a"\\}' }

async function opened(prompt: string | undefined, special = false) {
  const grammars = new ModelGrammars(tokenizer(special), GAP + 1, new Set([END]), think)
  const { form } = await grammars.open(object, prompt)
  await form.prepare()
  const allowed = (): number[] => [...new ScoredTokens(new Float32Array(GAP + 1), form.allowed()).from(0)]
  return { form, allowed }
}

describe('a grammar after reasoning', () => {
  it('allows any text until the reasoning ends, but no end of the answer', async () => {
    const { form, allowed } = await opened('question <think>\n')
    expect(allowed()).toHaveLength(GAP - 1)
    expect(allowed()).not.toContain(END)
    expect(allowed()).not.toContain(GAP)
    expect(form.forced()).toBeUndefined()
    for (const one of bytes('hm, </thin')) form.accept(one)
    expect(form.follow([...bytes('king </thi'), END])).toBe(10)
    for (const one of bytes('k>')) form.accept(one)
    expect(allowed()).toEqual(bytes('{'))
    expect(new TextDecoder().decode(form.forced()!.bytes)).toBe('{"a"}')
  })

  it('holds from the middle of a token on', async () => {
    const { form, allowed } = await opened('<think>')
    for (const one of [id('</'), id('think')]) form.accept(one)
    // What would continue in a way that the grammar does not know is not allowed.
    expect(allowed()).toContain(id('>{'))
    expect(allowed()).toContain(id('>\n\n'))
    expect(allowed()).not.toContain(id('>['))
    expect(allowed()).not.toContain(id('></think>{'))
    expect(form.follow([id('>[')])).toBe(0)
    expect(form.follow([id('>{')])).toBe(1)
    expect(form.follow([id('>\n\n'), ...bytes('{"a"}'), END])).toBe(7)
    form.accept(id('>{'))
    expect(allowed()).toEqual(bytes('"'))
  })

  it('holds at once where the prompt opened no reasoning', async () => {
    for (const prompt of [undefined, 'question']) expect((await opened(prompt)).allowed()).toEqual(bytes('{'))
  })

  it('knows the end as a special token', async () => {
    const { form, allowed } = await opened('<think>', true)
    expect(form.follow([65, MARK, ...bytes('{"a"')])).toBe(6)
    for (const one of [65, 66, MARK]) form.accept(one)
    expect(allowed()).toEqual(bytes('{'))
  })

  it('takes the end with text around it, and says where that does not continue', async () => {
    const { form, allowed } = await opened('<think>')
    form.accept(id(' </think>\n{"'))
    expect(allowed()).toEqual(bytes('a'))
    const other = (await opened('<think>')).form
    for (const one of bytes('</think')) other.accept(one)
    expect(() => other.accept(id('>['))).toThrow(/begins with "\["/)
  })
})
