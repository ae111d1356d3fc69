import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.js'
import { seededRandom } from '../../../src/engine/sample/random.js'
import { ebnfNode } from '../../../src/grammar/text/ebnf.js'
import { below, mutated, oneOf, recognizer, refusal } from './recognizer.js'

describe('EBNF', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['root ::= "yes" | "no"', ['yes', 'no'], ['', 'yesno', 'ye']],
    ['root ::= a b?\na ::= "x"\nb ::= "y" # a comment\n', ['x', 'xy'], ['y', 'xyy']],
    ['b ::= "y"\n\nroot\n::=\n"x"\nb\n| b', ['xy', 'y'], ['x']],
    ['root ::= [a-c]{2} [^a-c\\n]{1,2} "d"{2,}', ['abxdd', 'aaxyddd'], ['abxd', 'ab\ndd', 'axdd']],
    ['root ::= "\\"\\\\\\n\\r\\t\\b\\f\\/\\\'" "\\x41" "\\u00e4\\U0001f600"', ['"\\\n\r\t\b\f/\'Aä😀'], ['"']],
    ['root ::= [\\]\\[\\^\\-\\\\] [-a] [a-] [\\u4f60\\U0001f600-\\U0001f602]', [']-a你', '^a-😁', '\\-a😂'], [']-a好']],
    ['root ::= "" | "\\u0000" [\\x00-\\x1f]', ['', '\u0000\u0001'], ['\u0000', '\u0000 ']],
    [
      'root ::= sum\nsum ::= digit ("+" digit)*\ndigit ::= [0-9] | "(" sum ")"',
      ['1+(2+3)', '((1))'],
      ['1+', '(1', '()'],
    ],
    ['root ::= list\nlist ::= list "," "a" | "a"', ['a', 'a,a,a'], ['', 'a,', ',a']],
    ['root ::= ("a" | "b" ""){0,70000}', ['', 'ab'.repeat(600)], ['c']],
    ['root ::= a.b-c\na.b-c ::= "x"{ 2 , 3 } "y"{2 ,}', ['xxyy', 'xxxyyy'], ['xyy', 'xxy']],
    ['root ::= [^\\ud800-\\udfff] [äöüp]', ['aä', '😀p'], ['aa']],
  ])('%j', (grammar, accepted, rejected) => {
    const accepts = recognizer(ebnfNode(grammar))
    expect(accepted.filter((text) => !accepts(text))).toEqual([])
    expect(rejected.filter(accepts)).toEqual([])
  })

  it.each<[string, string | RegExp]>([
    ['', /expected a rule called root/],
    ['root ::=', /it ends in the middle of a rule/],
    ['root ::= (', /in the middle/],
    ['root ::= ("a"', /in the middle/],
    ['root ::= "a" |', /in the middle/],
    ['root ::= "a', /line 1: expected a rule, a name, a "string", a \[class\] or an operator, found "a/],
    ['root ::=\n"\\q"', /line 2: expected .*, found "\\q"/],
    ['"a"', /line 1: expected a rule: name ::= \.\.\./],
    ['(', /line 1: expected a rule/],
    ['root ::= "a"\nroot ::= "b"', /line 2: rule root is there twice/],
    ['root ::=\nother ::= "a"', /line 2: the rule before is empty; write ""/],
    ['root ::= ("a"\nother ::= "a"', /line 2: a bracket is not closed before the next rule/],
    ['root ::= other', /rule other is used and not defined/],
    ['other ::= "a"', /expected a rule called root/],
    ['root ::= []', /line 1: a character class is empty/],
    ['root ::= [b-a]', /line 1: the range b-a does not rise/],
    ['root ::= "a"{3,2}', /line 1: \{3,2\}: the counts do not rise/],
    ['root ::= "a"{3000000000}', /at most 2147483647 repetitions/],
    ['root ::= * "a"', /line 1: nothing stands before \*/],
    ['root ::= | "a"', /line 1: nothing stands before \|/],
    ['root ::= "a" ()', /nothing stands before \)/],
    ['root ::= "a"**', /line 1: a repetition is repeated; use brackets/],
    ['root ::= "a" )', /line 1: a bracket is closed that was not opened/],
    ['root ::= "\\U00110000"', /\\U00110000 is no character/],
    ['root ::= "\\ud83d"', /half of a character/],
    [`root ::= ${'('.repeat(201)}"a"${')'.repeat(201)}`, /too complex: line 1: brackets are nested too deeply/],
    [`root ::= ${'"aaaaaaa" '.repeat(30_000)}`, /too complex: it has \d+ characters/],
  ])('%.40j is refused', (grammar, message) => {
    expect(refusal(() => ebnfNode(grammar))).toMatch(message)
  })

  it('is refused as UserError with a code', () => {
    expect(() => ebnfNode('root ::= (')).toThrow(UserError)
    expect(() => ebnfNode('root ::= (')).toThrow(expect.objectContaining({ code: 'invalid_grammar' }))
    expect(() => ebnfNode(`root ::= ${'('.repeat(500)}`)).toThrow(
      expect.objectContaining({ code: 'grammar_too_complex' }),
    )
  })

  it('and nothing else comes of malformed grammars', () => {
    const random = seededRandom(2)
    const pieces = ['"a"', '[a-z]', '[^"\\\\]', 'x', 'root', '(', ')', '|', '*', '+', '?', '{2}', '{1,3}', '""', '\nx ::= ', ' ', '# c\n', '"', '[', '\\'] // prettier-ignore
    const seed = 'root ::= sum\nsum ::= digit ("+" digit){0,9} # no spaces\ndigit ::= [0-9] | "(" sum ")"\n'
    for (let i = 0; i < 1500; i++) {
      const made = Array.from({ length: below(random, 14) }, () => oneOf(random, pieces)).join(' ')
      refusal(() => recognizer(ebnfNode(`root ::= ${made}`))('a1'))
      refusal(() => recognizer(ebnfNode(mutated(seed, random, pieces)))('1+(2)'))
    }
  })
})
