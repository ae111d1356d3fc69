import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { seededRandom } from '../../src/engine/sample/random.js'
import { allowsNothing, Automaton, Conditions, DEAD, matches } from '../../src/grammar/automaton/automaton.js'
import * as nodes from '../../src/grammar/syntax/nodes.js'
import { codeOf } from '../grammar/codes.js'
import { randomTree, SimpleMatcher } from '../grammar/random-nodes.js'

const ALPHABET = ['a', 'b', 'c', 'é', ',']

/** All texts of at most this many characters. */
function texts(longest: number): string[][] {
  const result: string[][] = [[]]
  for (let from = 0, length = 0; length < longest; length++) {
    const end = result.length
    for (; from < end; from++) for (const character of ALPHABET) result.push([...result[from]!, character])
  }
  return result
}
const TEXTS = texts(4)

describe('the automaton', () => {
  it('matches what a simple matcher does, for trees made at random', () => {
    let nothing = 0
    let accepted = 0
    let refused = 0
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed)
      const tree = randomTree(random)
      let automaton: Automaton
      try {
        automaton = new Automaton(tree)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        if (error.message.includes('left recursion')) {
          refused++
          continue
        }
        nothing++
        for (const text of TEXTS.slice(0, 200))
          if (new SimpleMatcher(text).matches(tree))
            throw new Error(`seed ${seed}: ${text.join('')} matches`, { cause: error })
        continue
      }
      for (const text of TEXTS) {
        const state = follow(automaton, text.join(''))
        const expected = new SimpleMatcher(text).matches(tree)
        if (automaton.accepts(state) !== expected)
          throw new Error(`seed ${seed}: ${text.join('')} ${expected} ${JSON.stringify(tree)}`)
        if (expected) accepted++
      }
    }
    expect(nothing).toBeGreaterThan(10)
    expect(refused).toBeLessThan(30)
    expect(accepted).toBeGreaterThan(1000)
  })
})

const { chars, choice, repeat, rule, sequence, text } = nodes
const ANY = chars([
  [0x20, 0x21],
  [0x23, 0x10ffff],
])

/** The source of the same regular expression; undefined for what is no regular expression. */
function sourceOf(node: nodes.Node): string | undefined {
  const all = (items: readonly nodes.Node[], between: string) => {
    const parts = items.map(sourceOf)
    return parts.includes(undefined) ? undefined : `(?:${parts.join(between)})`
  }
  switch (node.kind) {
    case 'text':
      return node.text
    case 'chars':
      return `[${node.ranges.map(([from, to]) => `${String.fromCodePoint(from)}-${String.fromCodePoint(to)}`).join('')}]`
    case 'sequence':
      return all(node.items, '')
    case 'choice':
      return node.items.length === 0 ? '[]' : all(node.items, '|')
    case 'repeat': {
      const item = sourceOf(node.item)
      return item === undefined ? undefined : `(?:${item}){${node.min},${node.max === Infinity ? '' : node.max}}`
    }
    default:
      return undefined
  }
}

describe('regular trees', () => {
  it('match what the same expressions of JavaScript do', () => {
    let compared = 0
    for (let seed = 1; seed <= 1500; seed++) {
      const tree = randomTree(seededRandom(seed), 3)
      const source = sourceOf(tree)
      if (source === undefined || allowsNothing(tree)) continue
      const expression = new RegExp(`^(?:${source})$`, 'u')
      const automaton = new Automaton(tree)
      for (const characters of TEXTS) {
        const content = characters.join('')
        if (automaton.accepts(follow(automaton, content)) !== expression.test(content))
          throw new Error(`seed ${seed}: ${source} and ${content}`)
      }
      compared++
    }
    expect(compared).toBeGreaterThan(200)
  })
})

describe('rules', () => {
  it('that begin with themselves are rewritten', () => {
    const sum = rule('sum', (self) =>
      choice([sequence(self, text('+'), text('1')), text('1'), sequence(self, text('-1'))]),
    )
    for (const good of ['1', '1+1', '1+1-1+1']) expect(matches(sum, good)).toBe(true)
    for (const bad of ['', '+1', '1+', '-1']) expect(matches(sum, bad)).toBe(false)
  })

  it('that begin with themselves by way of others are refused by name', () => {
    const other = new nodes.Rule('other')
    const root = rule('first', (self) => {
      other.define(choice([sequence(self, text('x')), text('y')]))
      return choice([sequence({ kind: 'rule', rule: other }, text('z')), text('w')])
    })
    expect(codeOf(() => new Automaton(root))).toMatch(/^invalid_grammar: .*left recursion.*first → other|other → first/)
    const hidden = rule('hidden', (self) => sequence(repeat(text(' '), 0), self, text('x')))
    expect(codeOf(() => new Automaton(choice([text('a'), hidden])))).toBe('none')
    const leaning = rule('leaning', (self) => choice([sequence(repeat(text(' '), 0), self, text('x')), text('y')]))
    expect(codeOf(() => new Automaton(leaning))).toMatch(/left recursion/)
  })

  it('without an end are dropped, or refused', () => {
    const endless = rule('endless', (self) => sequence(text('a'), self))
    expect(allowsNothing(endless)).toBe(true)
    expect(codeOf(() => new Automaton(endless))).toMatch(/^invalid_grammar: .*allows nothing/)
    expect(codeOf(() => new Automaton(rule('root', (self) => self)))).toMatch(/allows nothing/)
    const some = new Automaton(choice([sequence(text('b'), endless), sequence(text('c'), repeat(endless, 0))]))
    expect(some.go(some.initial, 0x62)).toBe(DEAD)
    expect(some.accepts(some.go(some.initial, 0x63))).toBe(true)
  })
})

describe('counts', () => {
  const steps = (root: nodes.Node, content: string) => {
    const automaton = new Automaton(root)
    const state = follow(automaton, content)
    return { steps: automaton.steps, state, automaton }
  }

  it('cost nothing, however large they are', () => {
    const few = steps(repeat(ANY, 0, 10), 'abcdefghij').steps
    expect(steps(repeat(ANY, 0, 1_000_000), 'abcdefghij').steps).toBeLessThan(few + 10)
    expect(steps(repeat(ANY, 5000, 1_000_000), 'abcdefghij').steps).toBeLessThan(few + 10)
  })

  it.each<[string, nodes.Node]>([
    ['(x{0,50}){0,50}', repeat(repeat(chars([[97, 122]]), 0, 50), 0, 50)],
    ['((a{1000}){1000}){1000}', repeat(repeat(repeat(text('a'), 1000, 1000), 1000, 1000), 1000, 1000)],
    ['(){1000}', sequence(repeat(text(''), 1000, 1000), repeat(text('a'), 0))],
    ['(a?){50000}', repeat(repeat(text('a'), 0, 1), 50_000, 50_000)],
    ['((a|)b?){50000}', repeat(sequence(choice([text('a'), text('')]), repeat(text('b'), 0, 1)), 50_000, 50_000)],
    ['((a*)*)*', repeat(repeat(repeat(text('a'), 0), 0), 0)],
    ['(a{0,50}b?){0,50}', repeat(sequence(repeat(text('a'), 0, 50), repeat(text('b'), 0, 1)), 0, 50)],
  ])('do not multiply: %s', (_, root) => {
    const { steps: done, state } = steps(root, 'a'.repeat(40))
    expect(state).not.toBe(DEAD)
    expect(done).toBeLessThan(20_000)
  })

  it('are exact where they are one in the other', () => {
    const root = repeat(repeat(text('a'), 2, 3), 0, 2)
    const expected = [true, false, true, true, true, true, true, false]
    expect(expected.map((_, n) => matches(root, 'a'.repeat(n)))).toEqual(expected)
    const gaps = repeat(repeat(text('a'), 4, 5), 1, 2)
    expect(Array.from({ length: 12 }, (_, n) => n).filter((n) => matches(gaps, 'a'.repeat(n)))).toEqual([
      4, 5, 8, 9, 10,
    ])
  })
})

describe('nesting', () => {
  const brackets = rule('list', (self) => sequence(text('['), repeat(self, 0, 1), text(']')))

  it('is followed to the limit, and deeper is not allowed', () => {
    const automaton = new Automaton(brackets, { depth: 100 })
    let state = automaton.initial
    let depth = 0
    for (let next = state; next !== DEAD; next = automaton.go(state, 0x5b), depth++) state = next
    expect(depth).toBeGreaterThan(90)
    expect(depth).toBeLessThan(103)
    for (let i = 1; i < depth; i++) state = automaton.go(state, 0x5d)
    expect(automaton.accepts(state)).toBe(true)
  })

  it('never leads where the rest would be too deep', () => {
    // After x, three more frames are wanted.
    const inner = rule('c', () =>
      sequence(
        text('('),
        rule('d', () => sequence(text('('), text(')'), text(')'))),
        text(')'),
      ),
    )
    const root = rule('r', (self) =>
      choice([sequence(text('x'), inner, text('!')), sequence(text('['), self, text(']')), text('.')]),
    )
    const automaton = new Automaton(root, { depth: 20 })
    const seen = new Set<number>()
    const todo = [automaton.initial]
    for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
      if (seen.has(state)) continue
      seen.add(state)
      const next = Array.from('x[]().!')
        .map((c) => automaton.go(state, c.charCodeAt(0)))
        .filter((to) => to !== DEAD)
      expect(next.length > 0 || automaton.accepts(state)).toBe(true)
      todo.push(...next)
    }
    expect(seen.size).toBeGreaterThan(30)
  })

  it('costs as much a level however deep it is', () => {
    const automaton = new Automaton(brackets)
    follow(automaton, '['.repeat(4000))
    expect(automaton.steps).toBeLessThan(4000 * 20)
  })

  it('with two ends stays one union of stacks', () => {
    const root = rule('r', (self) =>
      choice([sequence(text('a'), self, text('b')), sequence(text('a'), self, text('c')), text('x')]),
    )
    const automaton = new Automaton(root)
    const state = follow(automaton, `${'a'.repeat(40)}x${'bc'.repeat(20)}`)
    expect(automaton.accepts(state)).toBe(true)
    expect(automaton.steps).toBeLessThan(10_000)
  })
})

describe('worst cases', () => {
  it('many texts are told apart only where asked', () => {
    const automaton = new Automaton(
      choice(Array.from({ length: 50_000 }, (_, i) => text(`value ${(i * 7919) % 50_000}`))),
    )
    expect(automaton.steps).toBeLessThan(10)
    const state = follow(automaton, 'value 12')
    expect(automaton.accepts(state)).toBe(true)
    expect(automaton.steps).toBeLessThan(200)
  })

  it('ambiguous grammars grow with the text, not with its readings', () => {
    const root = rule('s', (self) => choice([text('a'), sequence(text('a'), self), sequence(text('a'), self, self)]))
    const automaton = new Automaton(root)
    expect(automaton.accepts(follow(automaton, 'a'.repeat(60)))).toBe(true)
    expect(automaton.steps).toBeLessThan(100_000)
  })

  it('a thousand members in any order are one state', () => {
    const members = Array.from({ length: 1000 }, (_, i) => ({ node: text(`m${i};`), required: i % 3 === 0 }))
    const base = { kind: 'members', members, rest: undefined, separator: text(','), min: 0, max: Infinity } as const
    const any = new Automaton({ ...base, ordered: false })
    expect(follow(any, 'm7;,m3;,m7;')).toBe(DEAD)
    expect(follow(any, 'm7;,m3;,m999;,m')).not.toBe(DEAD)
    expect(any.steps).toBeLessThan(500)
    const ordered = new Automaton({ ...base, ordered: true })
    expect(follow(ordered, 'm0;,m2;,m1;')).toBe(DEAD)
    expect(follow(ordered, 'm0;,m4;')).toBe(DEAD)
    expect(follow(ordered, 'm0;,m1;,m3;,m')).not.toBe(DEAD)
    expect(ordered.steps).toBeLessThan(500)
  })

  it('deep trees and nested conditions end in an automaton or in an error', () => {
    let deep: nodes.Node = text('a')
    const deeper = (times: number) => {
      for (let i = 0; i < times; i++) deep = sequence(choice([deep, text('b')]), text('c'))
    }
    deeper(5000)
    expect(new Automaton(deep, { depth: 100 }).initial).not.toBe(DEAD)
    deeper(15_000)
    expect(codeOf(() => new Automaton(deep, { depth: 100 }))).toMatch(/^grammar_too_complex: .*20000 of its parts/)
    let nested: nodes.Node = repeat(text('a'), 0)
    for (let i = 0; i < 1000; i++) nested = nodes.both(nested, repeat(text('a'), 0))
    expect(codeOf(() => new Automaton(nested))).toMatch(/^grammar_too_complex/)
  })
})

describe('languages', () => {
  it('lead nowhere from where no end can be reached', () => {
    const root = nodes.both(sequence(repeat(ANY, 0), text('end')), repeat(ANY, 0, 5))
    const automaton = new Automaton(root)
    expect(follow(automaton, 'abc')).toBe(DEAD)
    expect(follow(automaton, 'ab')).not.toBe(DEAD)
    expect(automaton.accepts(follow(automaton, 'abend'))).toBe(true)
    expect(allowsNothing(nodes.both(text('a'), text('b')))).toBe(true)
    expect(allowsNothing(nodes.without(repeat(text('a'), 0), repeat(chars([[97, 98]]), 0)))).toBe(true)
  })

  it('that take too long to compare are refused, one by one and together', () => {
    const letters = chars([[97, 122]])
    const late = (letter: string, n: number) => sequence(repeat(letters, 0), text(letter), repeat(letters, n, n))
    expect(codeOf(() => new Automaton(nodes.both(late('a', 18), late('b', 19)), { search: 100_000 }))).toMatch(
      /^grammar_too_complex: .*cannot be told in time/,
    )
    const some = (n: number) => nodes.both(sequence(text(`${n}`), repeat(ANY, 0)), repeat(ANY, 50, 99))
    const many = choice(Array.from({ length: 60 }, (_, i) => some(i)))
    expect(codeOf(() => new Automaton(many, { searches: 100_000 }))).toMatch(/^grammar_too_complex: .*100000 steps/)
    expect(codeOf(() => new Automaton(many))).toBe('none')
    const conditions = new Conditions({ searches: 100_000 })
    const ask = (n: number) => conditions.both(sequence(text(`${n}`), repeat(ANY, 0)), repeat(ANY, 50, 99))
    expect(ask(0)).not.toBe(nodes.NEVER)
    expect(codeOf(() => Array.from({ length: 100 }, (_, i) => ask(i)))).toMatch(/^grammar_too_complex: .*100000 steps/)
  })

  it('until the first of some ends', () => {
    const root = sequence(nodes.until(['</s>', '<s>']), text('!'))
    for (const good of ['</s>!', 'a<</s>!', 'é<s>!', '<<s>!']) expect(matches(root, good)).toBe(true)
    for (const bad of ['!', '</s>', '<s></s>!', 'a<s>a!']) expect(matches(root, bad)).toBe(false)
    expect(matches(nodes.until(['x'], true), 'abcé')).toBe(true)
    expect(matches(nodes.until(['x'], true), 'abx')).toBe(true)
    expect(matches(nodes.until(['x'], true), 'abxa')).toBe(false)
  })
})

describe('special tokens', () => {
  it('are no text', () => {
    const names = Array.from({ length: 9 }, (_, i) => `<|t${i}|>`)
    const automaton = new Automaton(
      choice([...names.map((name) => sequence(nodes.special(name), text(name))), text('x')]),
    )
    expect(automaton.specials).toEqual(names)
    for (const name of names) {
      const state = automaton.goSpecial(automaton.initial, name)
      expect(new TextDecoder().decode(automaton.forced(state))).toBe(name)
      expect(automaton.goSpecial(state, name)).toBe(DEAD)
    }
    expect(automaton.goSpecial(automaton.initial, '<|other|>')).toBe(DEAD)
    expect(automaton.forced(automaton.initial)).toHaveLength(0)
  })
})

describe('trimming', () => {
  it('leaves a way to an end, however long it is', () => {
    const automaton = new Automaton(nodes.both(sequence(text('a'), repeat(ANY, 0)), repeat(ANY, 3000, 9000)))
    let state = automaton.initial
    for (let i = 0; i < 2990; i++) {
      state = automaton.go(state, 0x61)
      if (i % 500 === 7) state = automaton.trim([state])[0]!
    }
    expect(state).not.toBe(DEAD)
    expect(automaton.accepts(state)).toBe(false)
    for (let i = 0; i < 10; i++) state = automaton.go(state, 0x62)
    expect(automaton.accepts(state)).toBe(true)
  })

  it('changes nothing', () => {
    const members = ['a', 'b', 'c'].map((name) => ({
      node: sequence(text(name), repeat(chars([[97, 122]]), 1, 30)),
      required: false,
    }))
    const root = rule('r', (self) =>
      choice([
        sequence(text('['), repeat(self, 0, 5), text(']')),
        sequence(text('('), nodes.without(repeat(ANY, 1, 9), repeat(chars([[97, 122]]), 0)), text(')')),
        { kind: 'members', members, ordered: false, rest: undefined, separator: text(','), min: 1, max: 3 },
      ]),
    )
    const sample = '[[bxyz,axy](ab1c)[cz,bz,az]]'
    const plain = new Automaton(root)
    const trimmed = new Automaton(root)
    let expected = plain.initial
    let state = trimmed.initial
    for (const [i, byte] of new TextEncoder().encode(sample).entries()) {
      expected = plain.go(expected, byte)
      state = trimmed.go(state, byte)
      if (i % 3 === 2) state = trimmed.trim([state, DEAD, state])[0]!
      for (let b = 0; b < 256; b++) expect(trimmed.go(state, b) === DEAD).toBe(plain.go(expected, b) === DEAD)
    }
    expect(trimmed.accepts(state)).toBe(true)
    expect(follow(trimmed, sample)).not.toBe(DEAD)
  })
})

function follow(automaton: Automaton, content: string): number {
  let state = automaton.initial
  for (const byte of new TextEncoder().encode(content)) state = automaton.go(state, byte)
  return state
}
