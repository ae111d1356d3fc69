// Schemas, expressions and grammars made wrong: seeds that are right, changed at random, the same each time.
import { isJsonObject } from '../../src/json.js'
import { WRITTEN } from '../grammar/written-schemas.js'

type Random = () => number
type Changeable = Record<string, unknown>

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!

const KEYWORDS = [
  ...[
    'type',
    'const',
    'enum',
    '$ref',
    '$defs',
    'definitions',
    'allOf',
    'anyOf',
    'oneOf',
    'not',
    'if',
    'then',
    'else',
    'format',
  ],
  ...[
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
  ...[
    'items',
    'prefixItems',
    'additionalItems',
    'contains',
    'minContains',
    'maxContains',
    'minItems',
    'maxItems',
    'uniqueItems',
  ],
  ...[
    'minLength',
    'maxLength',
    'pattern',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
    '$id',
  ],
  ...[
    'dependentRequired',
    'dependentSchemas',
    'dependencies',
    'unevaluatedProperties',
    'unevaluatedItems',
    '$anchor',
    '$schema',
  ],
  ...[
    'constructor',
    '__proto__',
    'toString',
    'nullable',
    'x-order',
    'description',
    'default',
    '$dynamicRef',
    '$recursiveRef',
  ],
]
const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object']
const PATTERNS = ['^a', '^(a+)+$', '(', '[', '\\d{1000}', '.*a.{20}', '^(?=a)b', '(?:){1000}', '\\p{L}+', '[^\\w]', '^$', '$^', '(a|b)*c{2,3}', '\\b', '(?<!x)y', '(.)\\1', '^.{0,99999}$', '😀+', '\\u{1F600}', '[z-a]', 'a{3,2}', '^x*y*z*$', '(?i:a)', '\\/'] // prettier-ignore
const FORMATS = ['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid', 'regex', 'json-pointer', 'constructor', 'nothing', 'idn-email', 'iri', 'uri-template', 'binary'] // prettier-ignore
const NUMBERS = [0, 1, -1, 2, 3, 0.1, 0.01, 0.5, 1e-9, 1e308, -1e308, 5e-324, 2 ** 53, -(2 ** 53), 1e21, 1e15, 100000, 1e9, NaN, Infinity, 7, 99.99, -0, 1.7976931348623157e308, 123456789.123] // prettier-ignore
const REFERENCES = ['#', '#/', '#/$defs/a', '#/%', '#/%25', '#/~', '#/~1', '#a', 'http://example.org/x', '#/properties/a', '#/$defs/__proto__', '#/definitions/a', '#/anyOf/0', '#/allOf/-1', '', '#/constructor'] // prettier-ignore
const NAMES = ['a', 'b', 'name', '', '__proto__', 'constructor', 'ä', '"', '\\', '\u0000', '😀', 'a/b', '~', 'toString', 'x'.repeat(300), '\ud800'] // prettier-ignore

/** Any value at all, mostly small. */
function junk(random: Random): unknown {
  return pick<() => unknown>(random, [
    () => null,
    () => true,
    () => false,
    () => pick(random, NUMBERS),
    () => pick(random, NUMBERS),
    () => pick(random, TYPES),
    () => pick(random, PATTERNS),
    () => pick(random, REFERENCES),
    () => pick(random, NAMES),
    () => [],
    () => ({}),
    () => [junk(random), junk(random)],
    () => ({ [pick(random, KEYWORDS)]: junk(random) }),
    () => Array.from({ length: 200 }, (_, i) => i),
  ])()
}

/** A value that a keyword may have, so that what comes is read deeper than its first check. */
function fitting(keyword: string, random: Random, depth: number): unknown {
  const schema = (): unknown => (depth <= 0 || random() < 0.3 ? random() < 0.5 : smallSchema(random, depth - 1))
  if (/^(min|max)[A-Z]/.test(keyword)) return pick(random, [0, 1, 2, 3, 5, 50, 10_000, 1e6, 2 ** 31])
  if (/^(exclusive)?(min|max)imum$/i.test(keyword) || keyword === 'multipleOf') return pick(random, NUMBERS)
  if (/Of$/.test(keyword) || keyword === 'prefixItems')
    return Array.from({ length: 1 + Math.floor(random() * 4) }, schema)
  if (
    /properties$|^\$defs$|^definitions$|^dependent?(Schemas|encies)/i.test(keyword) &&
    !/additional|uneval/.test(keyword)
  )
    return Object.fromEntries(
      Array.from({ length: 3 }, () => [pick(random, random() < 0.5 ? NAMES : PATTERNS), schema()]),
    )
  if (keyword === 'required') return [pick(random, NAMES), pick(random, NAMES)]
  if (keyword === 'dependentRequired') return { [pick(random, NAMES)]: [pick(random, NAMES)] }
  if (keyword === 'type') return random() < 0.7 ? pick(random, TYPES) : [pick(random, TYPES), pick(random, TYPES)]
  if (keyword === 'enum') return Array.from({ length: 3 }, () => junk(random))
  if (keyword === 'const') return junk(random)
  if (keyword === 'format') return pick(random, FORMATS)
  if (keyword === 'pattern') return pick(random, PATTERNS)
  if (keyword === 'uniqueItems') return true
  if (keyword === '$ref') return pick(random, REFERENCES)
  return schema()
}

function smallSchema(random: Random, depth = 3): Changeable {
  const schema: Changeable = {}
  for (let i = 0; i < 1 + random() * 3; i++) {
    const keyword = pick(random, KEYWORDS)
    schema[keyword] = random() < 0.9 ? fitting(keyword, random, depth) : junk(random)
  }
  return schema
}

/** Everything within a value, each with how to put another in its place. */
function places(value: unknown, set: (other: unknown) => void): { value: unknown; set: (other: unknown) => void }[] {
  const own = [{ value, set }]
  if (typeof value !== 'object' || value === null) return own
  const holder = value as Record<string, unknown>
  return [...own, ...Object.keys(holder).flatMap((key) => places(holder[key], (other) => void (holder[key] = other)))]
}

/** A schema of the corpus with one to four changes. */
export function mutatedSchema(random: Random, corpus: readonly unknown[] = SCHEMAS): unknown {
  if (random() < 0.2) return smallSchema(random)
  let root = structuredClone(pick(random, corpus))
  for (let change = 0; change < 1 + random() * 4; change++) {
    const all = places(root, (other) => (root = other))
    const { value, set } = pick(random, all)
    const kind = random()
    if (isJsonObject(value) && kind < 0.5) {
      const keyword = pick(random, KEYWORDS)
      ;(value as Record<string, unknown>)[keyword] = random() < 0.85 ? fitting(keyword, random, 2) : junk(random)
    } else if (isJsonObject(value) && kind < 0.65) Reflect.deleteProperty(value, pick(random, Object.keys(value)))
    else if (kind < 0.8) set(structuredClone(pick(random, all).value))
    else if (kind < 0.9) set({ [pick(random, ['allOf', 'anyOf', 'oneOf'])]: [value, smallSchema(random)] })
    else set(junk(random))
    if (JSON.stringify(root)?.length > 50_000) break
  }
  return root
}
const SCHEMAS: readonly unknown[] = Object.values(WRITTEN).map(({ schema }) => schema)

const SEEDS = {
  regex: [...PATTERNS, '(red|green)', '[a-f0-9]{8}-[a-f0-9]{4}', '"(?:[^"\\\\]|\\\\.)*"', '(?:\\d{1,3}\\.){3}\\d{1,3}', '^[\\p{Lu}\\d_]+$', 'a??b*?c+?', '[\\s\\S]*', '(?<year>\\d{4})', '\\cA\\x41\\u0041', '(((a{1,50}){1,50}){1,50}){1,50}', '[^\\n]*z[^\\n]{30}'], // prettier-ignore
  ebnf: [
    'root ::= sum\nsum ::= digit ("+" digit)* # no spaces\ndigit ::= [0-9] | "(" sum ")"\n',
    'root ::= "a" root? "b" | [^\\n"\\\\]{2,5} | "\\u0041" x\nx ::= ("é" | [a-z\\u4e00-\\u9fff])+\n',
    'root ::= s s\ns ::= "" | "(" s ")" s\n',
    'root ::= root "a" | "a"\n',
    'root ::= a{3,4} b{2} c{1,}\na ::= "x"\nb ::= [y]\nc ::= a | b\n',
  ],
  gbnf: [
    'root ::= (expr "=" term "\\n")+\nexpr ::= term ([-+*/] term)*\nterm ::= [0-9]+ | "(" expr ")"\n',
    'root ::= "[" ws (item ("," ws item)*)? "]"\nitem ::= "\\"" [^"\\\\\\x7F\\x00-\\x1F]{0,20} "\\""\nws ::= [ \\t\\n]*\n',
    'root ::= . [^a] "x"{2,3}? | [\\U0001F600-\\U0001F64F]\n# comment\n',
  ],
  lark: [
    'start: sum\nsum: product | sum "+" product\nproduct: NUMBER ("*" NUMBER)*\nNUMBER: /[0-9]+/\n%ignore " "\n',
    'start: greeting name+ "!"?\ngreeting: "hello"i | /good (day|night)/\nname: WORD ~ 1..3\nWORD: /[a-z]+/ | "é"\n%ignore /[ \\t]+/\n',
    '?start: value\n?value: object | array | STRING | NUMBER | "true" | "null"\narray: "[" [value ("," value)*] "]"\nobject: "{" [pair ("," pair)*] "}"\npair: STRING ":" value\nSTRING: /"[^"\\\\]*"/\nNUMBER: "-"? ("0".."9")+\n%import common.WS\n%ignore WS\n', // prettier-ignore
  ],
} as const
export type TextKind = keyof typeof SEEDS
export const TEXT_KINDS = Object.keys(SEEDS) as TextKind[]

const PIECES = ['(', ')', '[', ']', '{', '}', '|', '*', '+', '?', '"', "'", '/', '\\', '^', '$', '.', '-', ',', ':', '::=', '\n', ' ', '#', '//', '%ignore', '%import', '~', '..', '{0,}', '{2,1}', '{1000000}', '{0,100000}', '(?=', '(?<!', '(?:', '\\p{L}', '\\1', '\\k<a>', '[^', '\\u{110000}', '\\uD800', '\\x', '""', '[]', '[^]', 'root', 'start', 'x', 'a', 'é', '😀', '\u0000', '"i', '<[12]>', '@', '%json {"type":"string"}', 'root ::= ', 'x: '] // prettier-ignore

/** A text of the kind with one to three changes. */
export function mutatedText(kind: TextKind, random: Random): string {
  let text = pick<string>(random, SEEDS[kind])
  for (let change = 0; change < 1 + random() ** 2 * 3; change++) {
    const at = Math.floor(random() * (text.length + 1))
    const end = at + Math.floor(random() ** 2 * Math.min(12, text.length - at))
    const other = pick<string>(random, SEEDS[kind])
    const from = Math.floor(random() * other.length)
    if (random() < 0.5) {
      // Gentle: a letter, digit or count for another.
      const places = [...text.matchAll(/[a-z0-9]/g)].map(({ index }) => index)
      const place = pick(random, places.length > 0 ? places : [0])
      text = text.slice(0, place) + pick(random, ['a', 'b', 'x', '0', '9', 'é']) + text.slice(place + 1)
      continue
    }
    const piece = pick<() => string>(random, [
      () => '',
      () => pick(random, PIECES),
      () => pick(random, PIECES),
      () => text.slice(at, end).repeat(2),
      () => other.slice(from, from + Math.floor(random() * 20)),
    ])()
    text = text.slice(0, at) + piece + text.slice(random() < 0.5 ? at : end)
    if (text.length > 20_000) break
  }
  return text
}
