import { describe, expect, it } from 'vitest'
import { Automaton } from '../../src/grammar/automaton/automaton.js'
import { DEAD } from '../../src/grammar/automaton/sets.js'
import { chars, choice, repeat, rule, sequence, text, type Node } from '../../src/grammar/syntax/nodes.js'
import { ebnfNode } from '../../src/grammar/text/ebnf.js'
import { gbnfSteps } from '../../src/grammar/text/gbnf.js'
import { larkSteps } from '../../src/grammar/text/lark.js'
import { regexSteps } from '../../src/grammar/text/regex.js'
import { atOnce } from '../../src/grammar/pauses.js'
import { codeOf } from './codes.js'

const COUNT = 1000
const range = Array.from({ length: COUNT }, (_, i) => i)
const rules = (sign: string) => range.map((i) => `r${i} ${sign} "do" [ ]+ [a-z]+ "x${i}"`).join('\n')
const json = () => {
  throw new Error('no schema is embedded')
}

describe('thousands of alternatives that begin alike', () => {
  const grammars: [name: string, node: Node][] = [
    ['EBNF', ebnfNode(`root ::= ${range.map((i) => `"do" [ ]+ [a-z]+ "x${i}"`).join(' | ')}`)],
    ['EBNF by rules', ebnfNode(`root ::= ${range.map((i) => `r${i}`).join(' | ')}\n${rules('::=')}`)],
    ['GBNF by rules', atOnce(gbnfSteps(`root ::= ${range.map((i) => `r${i}`).join(' | ')}\n${rules('::=')}`))],
    ['Lark', atOnce(larkSteps(`start: ${range.map((i) => `"do" / +/ /[a-z]+/ "x${i}"`).join('\n  | ')}`, { json }))],
    ['regex', atOnce(regexSteps(range.map((i) => `do +[a-z]+x${i}`).join('|'), { quoting: 'plain', whole: true }))],
  ]

  it.each(grammars)('%s: are followed at once', (_, node) => {
    const automaton = new Automaton(node, { configurations: 40 })
    expect(automaton.matches(`do abx${COUNT - 1}`)).toBe(true)
    expect(automaton.matches(`do  abx${COUNT}`)).toBe(false)
    expect(automaton.matches('do x7')).toBe(false)
    expect(automaton.steps).toBeLessThan(5000)
  })

  it('are refused where they do not, and not cut short', () => {
    const node = choice(range.map((i) => sequence(repeat(chars([[97, 122]]), 1, i + 2), text(`x${i}`))))
    expect(codeOf(() => new Automaton(node, { configurations: 500 }))).toMatch(/^grammar_too_complex: .*more than 500/)
    expect(new Automaton(node).matches('abx7')).toBe(true)
    // In the middle of a text too.
    const late = new Automaton(sequence(text('!'), node), { configurations: 500 })
    expect(codeOf(() => late.matches('!abx7'))).toMatch(/^grammar_too_complex/)
  })

  it('of rules that lead to themselves come to an end', () => {
    const chain = (last: string) => rule('chain', (self) => choice([sequence(text('x'), self), text(last)]))
    const endless = (name: string) => rule(name, (self) => sequence(text('x'), self))
    const automaton = new Automaton(
      choice([chain('a'), chain('b'), endless('one'), endless('two'), sequence(endless('three'), text('c'))]),
    )
    expect(automaton.matches('xxxa')).toBe(true)
    expect(automaton.matches('xxxc')).toBe(false)
    expect(automaton.go(automaton.initial, 0x63)).toBe(DEAD)
  })

  it('match what they match one by one', () => {
    const some = repeat(chars([[48, 57]]), 1)
    const node = choice([
      sequence(text('a'), some, text('x')),
      text('a'),
      sequence(text('a'), repeat(chars([[48, 57]]), 1), text('y')),
      sequence(text('ab'), some),
      sequence(text('a'), some),
      sequence(choice([text('a'), text('b')]), text('z')),
      sequence(choice([text('a'), text('b')]), text('q')),
    ])
    for (const good of ['a', 'a1', 'a12x', 'a1y', 'ab7', 'az', 'bq'])
      expect(new Automaton(node).matches(good)).toBe(true)
    for (const bad of ['', 'ax', 'ab', 'a1xy', 'b', 'b1', 'azq']) expect(new Automaton(node).matches(bad)).toBe(false)
  })
})

describe('texts of one choice', () => {
  it.each([60, 3000])('%i of them are told apart by their bytes, of whatever script', (count) => {
    const texts = Array.from({ length: count }, (_, i) => {
      const start = ['naïve', '\u{1f600}', '\u{1f601}', '\uffee', '\ud7fb', 'na', '漢'][i % 7]!
      return `¡${start}${(i * 7919) % count}`
    })
    const automaton = new Automaton(choice([...texts, texts[0]!, '', 'x'].map((one) => text(one))))
    for (const one of [...texts.slice(0, 50), '', 'x']) expect(automaton.matches(one), one).toBe(true)
    for (const one of texts.slice(0, 20)) expect(automaton.matches(`${one}!`), one).toBe(false)
    for (const none of ['¡', '¡naïve', '¡\u{1f602}1', '¡漢', 'xx']) expect(automaton.matches(none)).toBe(false)
  })
})
