import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/engine/sample/random.js'
import { Automaton } from '../../../src/grammar/automaton/automaton.js'
import { gbnfNode } from '../../../src/grammar/text/gbnf.js'
import { mutated, recognizer, refusal } from './recognizer.js'

const ARITHMETIC = `# sums, one a line
root  ::= (expr "=" ws num "\\n")+
expr  ::= term ([-+*/] term)*
term  ::= num | ( "(" ws expr
  ")" ws )
num   ::= [0-9]+ ws   # digits
ws    ::= [ \\t\\n]*
`

describe('GBNF', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['root ::= "yes" | "no"', ['yes', 'no'], ['', 'yesno']],
    [ARITHMETIC, ['1+2=3\n', '(1 *2)-3 = 5\n\n', '4=4\n5=5\n'], ['1+2=3', '1+=3\n']],
    ['root ::= (\n  "a" # first\n  |\n  "b"\n) "c" |\n  other\r\nother ::=\n  "d"\r\n', ['ac', 'bc', 'd'], ['a', 'cd']],
    ['root ::= [^a-c"\\]]{2,3} [a\\-z] [b-]', ['xy-b', 'xyza-', '\n\nzb'], ['xay-b', 'x-b', 'x]-b']],
    ['root ::= . .{2} .?', ['abc', '你好\n', 'äöü😀'], ['ab', 'abcde']],
    ['root ::= "\\x41\\u00e4\\U0001F600\\t\\r\\n\\\\\\"\\[\\]\\-"', ['Aä😀\t\r\n\\"[]-'], ['A']],
    ['root ::= "a"{3} "b"{1,} "c"{0,2} "d"{ 2 , 3 }', ['aaabdd', 'aaabbccddd'], ['aabdd', 'aaabcccdd']],
    ['root ::= "a"*+? | ""', ['', 'aaa'], ['b']],
    ['root ::= (a | )\na ::= | "x"', ['', 'x'], ['xx']],
    ['root ::= a\na ::= "old"\na ::= "new"', ['new'], ['old']],
    ['root ::= "line\nbreak" 1-a\n1-a ::= "x"', ['line\nbreakx'], ['line']],
    ['root ::= list\nlist ::= list "," "a" | "a"', ['a,a'], ['a,']],
    ['root ::= [] | "a"', ['a'], ['', '[']],
    ['root ::= ("a" "b"){0,5000}', ['', 'ab'.repeat(2000)], ['aba']],
  ])('%j', (grammar, accepted, rejected) => {
    const accepts = recognizer(gbnfNode(grammar))
    expect(accepted.filter((text) => !accepts(text))).toEqual([])
    expect(rejected.filter(accepts)).toEqual([])
  })

  it('has special tokens by name', () => {
    const automaton = new Automaton(gbnfNode('root ::= <think> [a-z]* </think> "x"'))
    expect([...automaton.specials].sort()).toEqual(['</think>', '<think>'])
    let state = automaton.goSpecial(automaton.initial, '<think>')
    state = automaton.go(state, 'a'.charCodeAt(0))
    state = automaton.go(automaton.goSpecial(state, '</think>'), 'x'.charCodeAt(0))
    expect(automaton.accepts(state)).toBe(true)
    expect(automaton.go(automaton.initial, '<'.charCodeAt(0))).toBe(0)
  })

  it.each<[string, RegExp]>([
    ['', /expected a rule called root/],
    ['other ::= "a"', /expected a rule called root/],
    ['root = "a"', /line 1, column 6: expected ::= after the rule's name root, found = "a"/],
    ['"a"', /line 1, column 1: expected a rule, name ::= \.\.\., found "a"/],
    ['root ::= "a"\n  | "b"', /line 2, column 3: expected a rule/],
    ['root ::= "a" ) "b"', /line 1, column 14: expected an item, \| or the end of the line, found \) "b"/],
    ['root ::= ("a"', /line 1, column 10: a bracket is not closed/],
    ['root ::= ("a" ]', /line 1, column 15: expected an item, \| or \), found \]/],
    ['root ::= "a', /line 1, column 10: a string is not closed/],
    ['root ::= [a', /line 1, column 10: a character class is not closed/],
    ['root ::= "ä" [b-a]', /line 1, column 15: the range b-a does not rise/],
    ['root ::=\n  "\\q"', /line 2, column 4: unknown escape \\q; expected \\x, \\u or \\U/],
    ['root ::= "\\x4"', /line 1, column 11: unknown escape \\x/],
    ['root ::= "\\UFFFFFFFF"', /line 1, column 11: \\UFFFFFFFF is no character/],
    ['root ::= "\\ud800"', /line 1, column 10: half of a character/],
    ['root ::= "a"{2,1}', /line 1, column 13: \{2,1\}: the counts do not rise/],
    ['root ::= "a"{,1}', /line 1, column 13: expected \{n\}, \{n,\} or \{n,m\}, found \{,1\}/],
    ['root ::= *', /line 1, column 11: nothing stands before a repetition/],
    ['root ::= a\nb ::= c', /line 1, column 10: rule a is used and not defined/],
    ['root ::= <[12]>', /line 1, column 10: <\[12\]>: a token's number is another in each model/],
    ['root ::= <a', /a token is not closed/],
    ['root ::= !<a>', /line 1, column 10: any token but one is not supported/],
    [`root ::= ${'('.repeat(201)}`, /too complex: line 1: brackets are nested too deeply/],
  ])('%.40j is refused', (grammar, message) => {
    expect(refusal(() => gbnfNode(grammar))).toMatch(message)
  })

  it('and nothing else comes of malformed grammars', () => {
    const random = seededRandom(4)
    const pieces = ['"', '[', ']', '(', ')', '|', '*', '{2}', '{1,', '\\', '\n', '::=', 'ws', '.', '<a>', '!', '#', '^', '-', '\ud800'] // prettier-ignore
    for (let i = 0; i < 2000; i++) refusal(() => recognizer(gbnfNode(mutated(ARITHMETIC, random, pieces)))('1+2=3\n'))
  })
})
