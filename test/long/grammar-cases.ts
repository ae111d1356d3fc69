// Grammars that xgrammar takes too, in the words of both. Classes name ASCII alone: the library takes other characters in them
// for single bytes.

/** A JSON value with a nested rule; white space is bounded and written out at each place. */
const JSON_VALUE = String.raw`
object ::= "{" ws (member (ws "," ws member)*)? ws "}"
member ::= string ws ":" ws value
array ::= "[" ws (value (ws "," ws value)*)? ws "]"
value ::= object | array | string | number | "true" | "false" | "null"
string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
number ::= "-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [+-]? [0-9]{1,3})?
`.replaceAll('ws ', '(" " | "\\n" [ ]{0,8})? ')

const CALL = String.raw`
call ::= "<tool_call>\n{\"name\": \"" name "\", \"arguments\": " object "}\n</tool_call>"
name ::= "search" | "search_all" | "read_file" | "write_file"
`

export const EBNF: Readonly<Record<string, string>> = {
  'one of two': 'root ::= "yes" | "no"\n',
  'common beginnings': 'root ::= "true" | "try" | "tree" | "t" | "true story"\n',
  'a word': 'root ::= [a-z]+\n',
  'words with blanks': 'root ::= [A-Za-z]+ (" " [A-Za-z]+)* "."\n',
  'any character': 'root ::= [^\\n]*\n',
  'any character, counted': 'root ::= [^\\n]{3,20}\n',
  'letters, counted': 'root ::= [a-z]{2,17}\n',
  'letters, exactly': 'root ::= "(" [a-z]{12} ")"\n',
  'letters, at least': 'root ::= [a-z]{9,} "!"\n',
  'counts next to each other': 'root ::= [a-z]{1,8} [a-m]{1,8} [0-9]{2}\n',
  'counts in counts': 'root ::= ([a-z]{1,3} [0-9]{1,3} ","){2,5}\n',
  'words of other scripts': 'root ::= ("été" | "漢字" | "你好" | "😀🎉" | [a-c])+\n',
  brackets: 'root ::= "(" root ")" | "x"\n',
  'brackets of two kinds': 'root ::= item+\nitem ::= "(" item* ")" | "[" item* "]" | [a-z]\n',
  sums: 'root ::= term ([+-] term)*\nterm ::= factor ([*/] factor)*\nfactor ::= [0-9]+ | "(" root ")"\n',
  'as many of each': 'root ::= "a" root "b" | "a" "b"\n',
  'two ways to one text': 'root ::= one | two\none ::= "a" [a-z]* "e"\ntwo ::= [a-z]* "ing"\n',
  lists: 'root ::= "[" (entry (", " entry)*)? "]"\nentry ::= [0-9]{1,3} | "\\"" [^"\\\\\\n]* "\\""\n',
  'an object with an enum':
    'root ::= "{\\"kind\\": " kind ", \\"count\\": " count "}"\nkind ::= "\\"small\\"" | "\\"smaller\\"" | "\\"large\\""\ncount ::= "0" | [1-9] [0-9]{0,5}\n',
  'an object with an optional member':
    'root ::= "{" "\\"a\\": " number (", \\"b\\": " number)? (", \\"c\\": " ("true" | "false"))? "}"\nnumber ::= "-"? [0-9]{1,6} ("." [0-9]{1,4})?\n',
  'an object, indented':
    'root ::= "{\\n  \\"name\\": " text ",\\n  \\"list\\": [\\n    " text (",\\n    " text){0,3} "\\n  ]\\n}"\ntext ::= "\\"" [^"\\\\\\x00-\\x1f]{0,12} "\\""\n',
  'a JSON object': `root ::= object${JSON_VALUE}`,
  'a JSON value': `root ::= value${JSON_VALUE}`,
  'a call': `root ::= call${CALL}${JSON_VALUE}`,
  'calls, several': `root ::= call ("\\n" call)*${CALL}${JSON_VALUE}`,
  'a call or JSON': `root ::= call | array${CALL}${JSON_VALUE}`,
  'tags with text': 'root ::= "<a>" ([^<] | "<b>" [^<]* "</b>")* "</a>"\n',
  'parameters in tags':
    'root ::= "<function=" name ">\\n" parameter* "</function>"\nname ::= "get_time" | "get_weather"\nparameter ::= "<parameter=" ("city" | "unit") ">\\n" [^<]* "\\n</parameter>\\n"\n',
  'statements of SQL':
    'root ::= "SELECT " columns " FROM " name (" WHERE " condition)? ";"\ncolumns ::= "*" | name (", " name)*\nname ::= [a-z_] [a-z0-9_]{0,15}\ncondition ::= name " = " ([0-9]+ | "\'" [^\']* "\'") (" AND " condition)?\n',
  'lines of CSV':
    'root ::= line{1,6}\nline ::= field ("," field){2} "\\n"\nfield ::= [^",\\n\\r]* | "\\"" ([^"] | "\\"\\"")* "\\""\n',
  'steps of a list': 'root ::= ("- " [^\\n]{1,40} "\\n"){1,5}\n',
  'nothing, perhaps': 'root ::= "" | "a" [b-d]? "e"?\n',
  'rules that hold each other':
    'root ::= list\nlist ::= "(" pair (" " pair)* ")"\npair ::= key "=" (list | value)\nkey ::= [a-z]{1,6}\nvalue ::= [0-9]{1,4} | key\n',
}

export const REGEX: readonly string[] = [
  '[a-z]+',
  '(three|four|thirteen)',
  'a{3,7}b{2}',
  '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])',
  '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?',
  '[A-Za-z0-9._+-]{1,20}@[a-z0-9-]{1,10}(\\.[a-z]{2,6}){1,2}',
  '(\\+[0-9]{1,3} )?[0-9]{3}-[0-9]{4}',
  '#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}',
  '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  '-?(0|[1-9][0-9]{0,8})(\\.[0-9]{1,4})?',
  '"([^"\\\\]|\\\\["\\\\n])*"',
  '[A-Z][a-z]+( [A-Z][a-z]+){0,3}',
  '(ab|a)(bc|c)?d*',
  '([a-z]{2,4}[0-9]){1,5}',
  '[^,\\n]+(,[^,\\n]+){2}',
  'https?://[a-z]+(\\.[a-z]+)+(/[a-z0-9_-]*)*',
  '(if|else|while) \\([a-z]+ (<|>|==) [0-9]+\\)',
]
