import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { atOnce, Pauses } from '../../src/grammar/pauses.js'
import type { Part } from '../../src/grammar/vocabulary/part.js'
import { contentLength } from '../../src/grammar/vocabulary/content.js'
import { Vocabulary } from '../../src/grammar/vocabulary/vocabulary.js'

const encode = (text: string) => new TextEncoder().encode(text)

/** The bytes on the way to each token. */
function tokensOf(part: Part, path: number[] = []): Map<number, number[]> {
  const found = new Map<number, number[]>()
  const trie = part.asTrie
  for (const id of part.ended) found.set(id, [...path])
  for (const byte of part.nexts)
    for (const [id, bytes] of tokensOf(part.after(byte), [...path, byte])) found.set(id, bytes)
  for (let node = 0; node < (trie?.size ?? 0); node++) {
    path.length = trie!.depth[node]!
    path.push(trie!.byte[node]!)
    const id = trie!.token[node]!
    if (id >= 0) for (const same of [id, ...(trie!.twins.get(id) ?? [])]) found.set(same, [...path])
    // The subtree is what is deeper.
    for (let after = node + 1; after < trie!.skip[node]!; after++)
      if (trie!.depth[after]! <= trie!.depth[node]!) throw new Error(`node ${after} is not below ${node}`)
    const next = trie!.skip[node]!
    if (next < trie!.size && trie!.depth[next]! > trie!.depth[node]!) throw new Error(`node ${next} is below ${node}`)
  }
  return found
}

describe('the vocabulary', () => {
  it('has every token that UTF-8 can have once, or as a twin, with its bytes on the way to it', async () => {
    const random = seededRandom(7)
    const tokens = Array.from({ length: 6000 }, () =>
      Uint8Array.from(
        { length: Math.floor(random() * 5) },
        () => Math.floor(random() * 4) + 0xf3 - (random() < 0.5 ? 0x90 : 0),
      ),
    )
    const whole = await Vocabulary.of(tokens, new Map())
    atOnce(whole.complete())
    const lazy = await Vocabulary.of(tokens, new Map())
    const found = new Map<number, number[]>()
    for (const [i, { part }] of lazy.groups.entries()) {
      expect(tokensOf(part)).toEqual(tokensOf(whole.groups[i]!.part))
      for (const [id, bytes] of tokensOf(part)) found.set(id, bytes)
    }
    const expected = tokens.flatMap((bytes, id) => (bytes.length > 0 && bytes.every((b) => b < 0xf5) ? [id] : []))
    expect([...found.keys()].sort((a, b) => a - b)).toEqual(expected)
    for (const id of expected) expect(found.get(id)).toEqual(Array.from(tokens[id]!))
  })

  it('knows what is content of a JSON string', () => {
    expect(['a', 'aé漢😀', ' ', '~'].map((text) => contentLength(encode(text)))).toEqual([1, 4, 1, 1])
    expect(['"', 'a\\', '\n', 'a"b'].map((text) => contentLength(encode(text)))).toEqual([-1, -1, -1, -1])
    // Parts of a character, a surrogate, more than the last code.
    for (const bytes of [[0xc3], [0xa9], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe0, 0x80, 0x80]])
      expect(contentLength(Uint8Array.from(bytes))).toBe(-1)
  })

  it('lets others run while it is made', async () => {
    const tokens = Array.from({ length: 60_000 }, (_, i) => encode(`token ${(i * 7919) % 60_000} of many`))
    let turns = 0
    let done = false
    const others = (async () => {
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve))
        turns++
      }
    })()
    const vocabulary = await Vocabulary.of(tokens, new Map())
    await new Pauses().run(vocabulary.complete())
    done = true
    await others
    expect(turns).toBeGreaterThan(1)
  })
})
