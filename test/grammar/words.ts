// A vocabulary of about two thousand tokens as byte-pair vocabularies have them: every byte, signs of JSON in twos and threes,
// numbers, word pieces with and without a blank, characters of other scripts, and pieces that end within a character.
import { Vocabulary } from '../../src/grammar/vocabulary/vocabulary.js'

const ONSETS = 'b c d f g h j k l m n p r s t v w br ch cl cr dr fl gr ph pl pr qu sh st str th tr wh'.split(' ')
const RIMES = 'a al an ar at e ed el en er es et i ic id in ing ion is ity o on or ous ut'.split(' ')
const SIGNS = [
  ...[
    '{"',
    '":',
    '": "',
    '": ',
    '":"',
    '","',
    '", "',
    '",',
    '"}',
    '"]',
    '"}]',
    '},',
    '}, {"',
    '}}',
    ']]',
    '],',
    '[[',
    '[{',
  ],
  ...[
    '[]',
    '{}',
    '{}}',
    '[{"',
    '"},{"',
    '":[',
    '":{',
    '": [',
    '": {"',
    ', ',
    ': ',
    ',"',
    ' {',
    ' [',
    ' "',
    ' }',
    ' ]',
    '{\n',
  ],
  ...[
    '\n\n',
    '\n  ',
    '\n    ',
    '\n      ',
    '  ',
    '    ',
    ',\n',
    ',\n  "',
    '",\n  "',
    '"\n}',
    '\n}',
    '\r\n',
    '\t\t',
    '\\n',
    '\\"',
  ],
  ...[
    '\\\\',
    '\\u',
    '\\u00',
    '\\u0041',
    '\\ud83d',
    '\\ude00',
    '\\/',
    '""',
    '"",',
    '"": ',
    '-1',
    '-0',
    '0.',
    '.5',
    '0.5',
    '1e',
    'e+',
  ],
  ...[
    'E-',
    'true',
    'false',
    'null',
    ' true',
    ' null',
    'true,',
    'null}',
    '://',
    '.com',
    '@',
    '::',
    '--',
    '->',
    '==',
    '()',
    '**',
  ],
  ...[
    'T0',
    ':00',
    'Z"',
    '2024-',
    '-01',
    '://w',
    '[0-',
    '\\d',
    '\x7f',
    '  "',
    '<',
    '</',
    '<tool',
    '_call>',
    '<|',
    '|>',
    '\n\n\n',
  ],
]
const NAMES =
  'name type value items key text city age count list id user number string object data kind children'.split(' ')
const OTHERS = [
  ...Array.from('éüñçøßπλЖд漢字你好日本語한글نשא😀🎉👍🏽\u200d\u00a0\u2028\ufeff\uffff'),
  'é"',
  '你好',
  '漢字"',
  '😀😀',
  'ço',
  ' été',
]
const BROKEN = [[0xe4, 0xbd], [0xf0, 0x9f], [0xf0, 0x9f, 0x98], [0x80, 0x22], [0xa0, 0xe5], [0x22, 0xe4], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]] // prettier-ignore

/** Texts of tokens above the bytes, none twice. */
function texts(): string[] {
  const pieces = ONSETS.flatMap((onset) => RIMES.map((rime) => onset + rime))
  const numbers = Array.from({ length: 130 }, (_, i) => (i < 100 ? String(i) : String(i * 7 - 600)))
  const capitals = pieces.filter((_, i) => i % 7 === 0).map((piece) => piece[0]!.toUpperCase() + piece.slice(1))
  const blank = pieces.filter((_, i) => i % 3 !== 0).map((piece) => ` ${piece}`)
  return [...new Set([...SIGNS, ...NAMES, ...pieces, ...blank, ...capitals, ...numbers, ...OTHERS])]
}

const encoder = new TextEncoder()
const BYTES = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))

/** Bytes by id; undefined is a token without text, among others the last two, which end an answer. */
export const WORDS: readonly (Uint8Array | undefined)[] = [
  ...BYTES,
  ...texts()
    .map((text) => encoder.encode(text))
    .filter((bytes) => bytes.length > 1),
  ...BROKEN.map((bytes) => Uint8Array.from(bytes)),
  encoder.encode('ing'.repeat(20)),
  undefined,
  encoder.encode('"'),
  undefined,
  undefined,
]
export const STOPS: ReadonlySet<number> = new Set([WORDS.length - 2, WORDS.length - 1])

let made: Promise<Vocabulary> | undefined

/** Built once for all tests of a process. */
export function vocabulary(): Promise<Vocabulary> {
  made ??= Vocabulary.of(WORDS, new Map())
  return made
}
