import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/engine/sample/random.js'
import { Automaton } from '../../../src/grammar/automaton/automaton.js'
import { compileGrammar } from '../../../src/grammar/compile.js'
import { text } from '../../../src/grammar/syntax/nodes.js'
import { larkNode } from '../../../src/grammar/text/lark.js'
import { mutated, recognizer, refusal } from './recognizer.js'

const CALCULATOR = `// sums
?start: sum
?sum: product
    | sum "+" product   -> add   # left recursion
    | sum "-" product   -> sub
?product: atom
    | product "*" atom  -> mul

?atom: NUMBER           -> number
    | "-" atom          -> neg
    | NAME
    | "(" sum ")"
NAME.2: /[a-z]\\w*/i
%import common.NUMBER
%import common.WS_INLINE
%ignore WS_INLINE
%ignore /#[^\\n]*/
`

const SQL = `start: select_stmt
select_stmt: "SELECT"i columns "FROM"i NAME [where] ";"
columns: "*" | NAME ("," NAME)*
where: "WHERE"i NAME OP (SIGNED_INT | ESCAPED_STRING)
OP: "=" | "<" | ">" | "<>"
NAME: /[a-zA-Z_][a-zA-Z0-9_]*/
%import common (SIGNED_INT, ESCAPED_STRING,
  WS)
%ignore WS
`

describe('Lark', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    [CALCULATOR, ['1+2', '-x * (y1-3.5e2) # note', '(( 1 ))\t'], ['', '1+', ' 1', '1 2', 'x y', '1\n+2']],
    [SQL, ['SELECT * FROM t;', 'select a , b from t\nwhere c <> "x\\"y" ;'], ['select a b from t;', 'select * from t']],
    [
      'start: "a" ~ 2 B ~ 1..3 ("c" "d"){2,} e{,2}\nB: "b"\ne: "e"',
      ['aabcdcd', 'aabbbcdcdcdee'],
      ['abcdcd', 'aabcd', 'aabcdcdeee'],
    ],
    ['start: ["x"] /y/? "z"* [A | "b"]+\nA: "a".."c" "\\u00e4"', ['', 'xyzzaäb', 'bbäcä'.slice(0, 2)], ['x y', 'a']],
    ['start: "a\\n\\t\\"\\\\\\/\\x41\\u00e4\\U0001f600\\r\\f\\b"', ['a\n\t"\\/Aä😀\r\f\b'], ['a']],
    ['start: "select"i "ß"i', ['SELECTß', 'sElectẞ', 'ſelectß'], ['SELECT']],
    ['start: /a.c/ | /a.d/s | /X/i | /(?i)y(?-i:z)/', ['abc', 'a\rc', 'a\nd', 'x', 'Yz'], ['a\nc', 'YZ']],
    ['start: A | _b | c | d-e\nA: "1"\n_b: "2"\n!c: "3"\n?d-e: "4"', ['1', '2', '3', '4'], ['5']],
    ['start: a\na: "(" a ")" | ', ['', '()', '(())'], ['(']],
    ['start: (\n  "a"\n  | // or\n  "b"\n\n)+\n\n  | "c"\n', ['ab', 'c'], ['', 'cc']],
    ['start: "a" \\\n  "b"', ['ab'], ['a']],
    [
      'A: /[a-z]+/ & ~/(?s:.*)bb(?s:.*)/\nstart: A | B\nB: ~"x" & /[xyz]/ | "!" ~ 2',
      ['ab', 'bab', 'y', '!!'],
      ['abb', '!', 'bbx'],
    ],
    ['start: A\nA: B+ "."\nB: /x/ C?\nC: "y"', ['xyx.'], ['x y.']],
    ['%llguidance {"allow_initial_skip": true, "no_forcing": true}\nstart: "a"\n%ignore " "+', ['  a ', 'a'], ['b']],
    ['%llguidance {}\nstart: x "!"\nx[lazy]: /[a-z]*b/', ['aab!', 'b!'], ['bb!', 'ab']],
    ['start: x x\nx[capture="n", suffix="</e>"]: /(.|\\n)*/', ['a</e>b\n</e>', '</e></e>'], ['a</e>', '</e></e></e>']],
    ['start: x\nx[suffix=END, capture]: /.*/\nEND: ";" | "."', ['a;', 'b.'], ['a;;', 'a.;']],
    ['start: %regex {"substring_words": "foo bar. baz"} "!"', ['!', 'foo!', ' bar. baz!', 'bar.!'], ['fo!', 'foo.!']],
    ['start: A\nA: %regex {"substring_chunks": ["abc", "de", "fg"]}', ['', 'abcde', 'defg'], ['ab', 'cde', 'abcfg']],
    ['start: %regex { "substring_chars": "ab}" }', ['', 'b}', 'ab'], ['a}']],
    ['%import common.INT -> NUM\n%import common (CNAME, HEXDIGIT)\nstart: NUM CNAME HEXDIGIT', ['12a_1f'], ['a1']],
    ['%import common (FLOAT, SIGNED_NUMBER, NEWLINE, WORD, C_COMMENT, SH_COMMENT, CPP_COMMENT, SQL_COMMENT, WS, DECIMAL)\nstart: FLOAT | SIGNED_NUMBER NEWLINE | WORD WS | C_COMMENT | SH_COMMENT | CPP_COMMENT | SQL_COMMENT', ['1e5', '1.', '.5E-3', '-7\r\n\n', 'ab \t', '/* a * b **/', '# x', '// y', '-- z'], ['1', '7', '/* */ */', '# x\n']], // prettier-ignore
    ['start: /[[:alpha:]_]+[^[:digit:]]\\pL\\x{e4}\\u00e4/', ['a_-xää'], ['1-xää', 'a_1xää']],
    ['start: /[a-z&&[^aeiou]]+|[\\w--\\d]{2}|\\d\\s/', ['bc', 'éü', '٣\u00a0'], ['baa', '12']],
    ['start: /\\A[]a-]\\z|(?P<n>\\"\\#)\\-{,2}}|x{a/', [']', '-', '"#--}', 'x{a'], ['b', '"#---}']],
    ['start: /[^\\]\\-(){}|]/ /\\bé\\b/', ['aé'], [')é', 'a é', 'aéa']],
  ])('%.60j', (grammar, accepted, rejected) => {
    const accepts = recognizer(larkNode(grammar))
    expect(accepted.filter((content) => !accepts(content))).toEqual([])
    expect(rejected.filter(accepts)).toEqual([])
  })

  it('has special tokens and embedded schemas, after which there may be what is ignored', () => {
    const schemas: unknown[] = []
    const json = (schema: unknown) => {
      schemas.push(schema)
      return text('{}')
    }
    const grammar = 'start: "x" | call\ncall: <|tool|> %json {"type": "object", "x": "a}\\"b"}\n  | "y"\n%ignore " "'
    const automaton = new Automaton(larkNode(grammar, { json }))
    expect(schemas).toEqual([{ type: 'object', x: 'a}"b' }])
    expect(automaton.specials).toEqual(['<|tool|>'])
    let state = automaton.goSpecial(automaton.initial, '<|tool|>')
    for (const char of ' {} ') state = automaton.go(state, char.charCodeAt(0))
    expect(automaton.accepts(state)).toBe(true)
  })

  it('compiles with embedded schemas', async () => {
    const grammar = 'start: "call " NAME %json {"type": "integer", "minimum": 3, "maximum": 12}\nNAME: /[a-z]+:/'
    const compiled = await compileGrammar({ kind: 'lark', grammar })
    expect(['call f:12', 'call f:2', 'call f:', 'call f:3'].filter((content) => compiled.accepts(content))).toEqual([
      'call f:12',
      'call f:3',
    ])
    const refused = compileGrammar({ kind: 'lark', grammar: grammar.replace('12', '1') })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_grammar' })
  })

  it.each<[string, RegExp]>([
    ['', /expected a rule called start/],
    ['begin: "a"', /expected a rule called start/],
    ['start "a"', /line 1, column 7: expected : after the name start, found "a"/],
    ['start: a', /line 1, column 8: a is used and not defined/],
    ['start: "a"\nstart: "b"', /line 2, column 1: start is there twice/],
    ['start: "a" )', /line 1, column 12: expected an item, \| or the end of the line, found \)/],
    ['start: "a"\n "b"', /line 2, column 2: expected a definition/],
    ['start: ("a"', /line 1, column 8: a bracket is not closed/],
    ['start: ("a" : "b")', /line 1, column 13: expected an item, \| or \), found :/],
    ['start: ["a")', /expected an item, \| or \], found \)/],
    ['start: "a', /line 1, column 8: a string is not closed/],
    ['start: "\\q"', /line 1, column 8: unknown escape \\q in a string; write \\\\ for a backslash/],
    ['start: "\\U00110000"', /unknown escape \\U00110000/],
    ['start: "\\ud800"', /half of a character/],
    ['start: /a', /line 1, column 8: a regular expression is not closed/],
    ['start: /a/x', /line 1, column 8: the flag x of a regular expression is not supported/],
    ['start: "ä" /(b/', /line 1, column 12: regular expression "\(b", character \d+: unterminated group/i],
    ['start: /(a)\\1/', /line 1, column 8: regular expression .* a back reference/],
    ['start: "b".."a"', /the range does not rise/],
    ['start: "ab".."c"', /a range is from one character to another/],
    ['start: "a" ~ 3..2', /line 1, column 12: ~ 3..2: the counts do not rise/],
    ['start: "a" ~ x', /line 1, column 12: expected ~ n, ~ n..m/],
    ['start: "a"{,}', /expected ~ n/],
    ['start: "a"*?', /a repetition is repeated; use brackets/],
    ['A: start\nstart: A', /line 1, column 4: A is a terminal and cannot name the rule start/],
    ['start: A\nA: "a" B\nB: "b" [A]', /the terminal [AB] is a part of itself; write it as a rule/],
    ['start: A\nA: <|x|>', /A is a terminal and cannot have the special token <\|x\|>/],
    ['start: A\nA: %json {}', /A is a terminal and cannot have a JSON schema/],
    ['start: <[5]>', /a token's number is another in each model/],
    ['start: %json {"a": }', /line 1, column 14: the JSON after %json is malformed/],
    ['start: %json {}', /line 1, column 8: JSON schemas cannot be embedded here/],
    ['start: %json 5', /expected a JSON object after %json, found 5/],
    ['start: %regex {"x": 1}', /expected \{"substring_words": text\}/],
    ['start: %lark {}', /expected %json or %regex, found %lark/],
    ['start: @other', /other grammars cannot be referred to/],
    ['start: list{"a"}\nlist{x}: x ("," x)*', /line 1, column 8: templates are not supported/],
    ['list{x}: x\nstart: "a"', /line 1, column 1: templates are not supported/],
    ['%declare A\nstart: A', /line 1, column 1: %declare is not supported/],
    ['%override start: "a"', /%override is not supported/],
    ['%extend start: "a"', /%extend is not supported/],
    [
      '%import .other.A\nstart: A',
      /line 1, column 9: expected common, the only module that can be imported, found \.other\.A/,
    ],
    ['%import python.NAME\nstart: NAME', /found python.NAME/],
    ['%import common.NONE\nstart: NONE', /common has no terminal NONE/],
    ['%nonsense', /line 1, column 1: expected %ignore, %import or %llguidance/],
    ['%llguidance {"grammars": 1}\nstart: "a"', /the option grammars of %llguidance is not supported/],
    ['start[stop="x"]: /a/', /line 1, column 7: stop would take back what was said; write suffix/],
    ['start[max_tokens=3]: /a/', /line 1, column 7: expected lazy, suffix or capture, found max_tokens/],
    ['start[lazy]: a\na: "b"', /start is a terminal and cannot name the rule a/],
    ['%ignore x\nstart: "a"\nx: " "', /%ignore is a terminal and cannot name the rule x/],
    [`start: ${'('.repeat(201)}`, /too complex: line 1: brackets are nested too deeply/],
  ])('%.50j is refused', (grammar, message) => {
    expect(refusal(() => larkNode(grammar))).toMatch(message)
  })

  it('and nothing else comes of malformed grammars', () => {
    const random = seededRandom(6)
    const pieces = ['"', '/', '[', ']', '(', ')', '|', '*', '~', '{2}', '..', '\\', '\n', ':', 'NAME', 'sum', '->', '%', '%json {', '<|a|>', '&', '!', '?', '#', '\ud800'] // prettier-ignore
    for (let i = 0; i < 1000; i++) {
      refusal(() => recognizer(larkNode(mutated(CALCULATOR, random, pieces)))('1+2'))
      refusal(() => recognizer(larkNode(mutated(SQL, random, pieces), { json: () => text('{}') }))('select * from t;'))
    }
  })
})
