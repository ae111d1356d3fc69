// Damage to files: what a bad disk, a cut connection, another program or a hostile author does.

const utf8 = new TextEncoder()
const LIES = [
  0n,
  1n,
  2n,
  7n,
  255n,
  2n ** 16n,
  2n ** 24n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
]

function joined(...parts) {
  return new Uint8Array(Buffer.concat(parts))
}

/** Bytes of any kind. Headers come first, so places near the start are likelier. */
export function damageBytes(bytes, chance) {
  let out = bytes
  for (let times = 1 + (chance.is(0.3) ? chance.below(4) : 0); times > 0; times--) out = damageOnce(out, chance)
  return out
}

function damageOnce(bytes, chance) {
  const near = chance.is(0.5) ? 5 : 1
  const at = chance.below(Math.max(1, Math.floor(bytes.length / (chance.is(0.3) ? 500 : near))))
  switch (chance.below(7)) {
    case 0:
      return bytes.slice(0, at)
    case 1: {
      const out = bytes.slice()
      out[at] ^= 1 << chance.below(8)
      return out
    }
    case 2: {
      const out = bytes.slice()
      const width = chance.of([1, 2, 4, 8])
      const lie = new Uint8Array(BigUint64Array.of(chance.of(LIES)).buffer).subarray(0, width)
      out.set(lie.subarray(0, Math.max(0, out.length - at)), at)
      return out
    }
    case 3:
      return joined(
        bytes.subarray(0, at),
        Uint8Array.from({ length: 1 + chance.below(16) }, () => chance.below(256)),
        bytes.subarray(at),
      )
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + chance.below(16))))
    case 5: {
      const length = 1 + chance.below(64)
      return joined(bytes.subarray(0, at + length), bytes.subarray(at))
    }
    default: {
      // A digit becomes another character of JSON.
      const out = bytes.slice()
      for (let i = at; i < Math.min(out.length, at + 2000); i++)
        if (out[i] >= 48 && out[i] <= 57) {
          out[i] = chance.of([...'9018-e."]}[{,:n ']).charCodeAt(0)
          break
        }
      return out
    }
  }
}

/** Expressions that cost a backtracking engine too much, or are none. */
const EXPRESSIONS = [
  ...['(a+)+$', '(a|aa)+$', '(.*)*x', '(\\w+\\s?)*$', '([a-z]+)+!', '(?:(?:a*)*)*b', '(x+x+)+y', '\\s+$', '(?=.*z).'],
  ...[
    '(',
    ')',
    '[',
    '\\',
    'a{9999}',
    '(a{100}){100}',
    '((a{50}){50}){50}',
    '\\p{}',
    '\\p{Nope}',
    '(?<=a+)b',
    '(?<n>a)\\k<n>',
    '\\1',
  ],
  ...[
    '',
    '|',
    '()',
    '(?:)',
    '(?:)*',
    '^',
    '$',
    '\\b',
    '.',
    '[^]',
    '[]',
    '[a-',
    '(?i)',
    '(?m:a)',
    '[[:alpha:]]',
    '[a&&b]',
    'a**',
    'a++',
    '(?>a*)a',
  ],
]
const NUMBERS = [0, 1, -1, 2, 3, 7, 0.5, -0.0001, 255, 65536, 2 ** 24, 2 ** 31, 1e9, 2 ** 53, 1e300, -1e300, 1e-300]
const TEXTS = [
  '',
  ' ',
  'x',
  '\u0000',
  '\ud800',
  'constructor',
  '__proto__',
  'a'.repeat(5000),
  '<s>',
  '\u2581',
  '{{ x }}',
  '{% for %}',
]

function anyValue(chance, depth = 0) {
  switch (chance.below(depth > 2 ? 6 : 9)) {
    case 0:
      return null
    case 1:
      return chance.is(0.5)
    case 2:
    case 3:
      return chance.of(NUMBERS)
    case 4:
      return chance.of(TEXTS)
    case 5:
      return chance.of(EXPRESSIONS)
    case 6:
      return Array.from({ length: chance.below(4) }, () => anyValue(chance, depth + 1))
    case 7:
      return Object.fromEntries(
        Array.from({ length: chance.below(3) }, () => [
          chance.of(['type', 'id', 'String', 'Regex', 'x']),
          anyValue(chance, depth + 1),
        ]),
      )
    default:
      return nested(chance.of([3, 50, 300, 6000]))
  }
}

/** Stands for lists in lists, which are written out in the text: what makes JSON may not go so deep. */
function nested(depth) {
  return `@nested ${depth}`
}

/** Places in a value: [holder, key], at most as many as are worth a choice. */
function places(value, chance, found = [], depth = 0) {
  if (typeof value !== 'object' || value === null || depth > 30) return found
  const keys = Object.keys(value)
  // Of a vocabulary a few entries stand for all.
  const some = keys.length > 60 ? Array.from({ length: 8 }, () => chance.of(keys)) : keys
  for (const key of some) {
    found.push([value, key])
    places(value[key], chance, found, depth + 1)
  }
  return found
}

const TYPES = [
  ...[
    'BPE',
    'Unigram',
    'WordPiece',
    'WordLevel',
    'ByteLevel',
    'Metaspace',
    'Split',
    'Sequence',
    'Digits',
    'Punctuation',
    'Whitespace',
    'WhitespaceSplit',
  ],
  ...[
    'BertPreTokenizer',
    'FixedLength',
    'CharDelimiterSplit',
    'UnicodeScripts',
    'NFC',
    'NFKC',
    'Replace',
    'Prepend',
    'Strip',
    'Precompiled',
    'Lowercase',
  ],
  ...[
    'TemplateProcessing',
    'BertProcessing',
    'RobertaProcessing',
    'ByteFallback',
    'Fuse',
    'WordPiece',
    'CTC',
    'default',
    'linear',
    'yarn',
    'llama3',
    'dynamic',
  ],
]

/** A value of JSON, changed in place; `refresh` makes one that may be changed. */
export function damageJson(value, chance) {
  for (let times = 1 + (chance.is(0.35) ? chance.below(4) : 0); times > 0; times--) {
    const all = places(value, chance)
    if (all.length === 0) return value
    const [holder, key] = chance.of(all)
    const old = holder[key]
    switch (chance.below(10)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1)
        else delete holder[key]
        break
      case 1:
        holder[chance.of(Object.keys(holder))] = old
        break
      case 2:
        if (Array.isArray(holder)) holder.push(old, old)
        else holder[`${key}${chance.of(['', '_', '2'])}`] = globalThis.structuredClone(old)
        break
      case 3:
      case 4:
        if (typeof old === 'number')
          holder[key] = chance.of([old + 1, old - 1, old * 2, -old, old / 2, 0, old + 0.5, chance.of(NUMBERS)])
        else if (typeof old === 'string')
          holder[key] =
            key === 'type'
              ? chance.of(TYPES)
              : chance.of([old + old, old.slice(1), chance.of(TEXTS), chance.of(EXPRESSIONS)])
        else holder[key] = anyValue(chance)
        break
      case 5:
        if (key === 'Regex' || key === 'pattern')
          holder[key] = key === 'Regex' ? chance.of(EXPRESSIONS) : { Regex: chance.of(EXPRESSIONS) }
        else holder[key] = anyValue(chance)
        break
      case 6: {
        const [other, otherKey] = chance.of(all)
        holder[key] = globalThis.structuredClone(other[otherKey])
        break
      }
      default:
        holder[key] = anyValue(chance)
    }
  }
  return value
}

/** JSON of a file, changed as a value, and now and then as bytes. */
export function damageJsonFile(bytes, chance) {
  if (chance.is(0.12)) return damageBytes(bytes, chance)
  const value = damageJson(JSON.parse(new TextDecoder().decode(bytes)), chance)
  const text = JSON.stringify(value).replace(/"@nested (\d+)"/g, (_, depth) => '['.repeat(depth) + ']'.repeat(depth))
  return utf8.encode(
    chance.is(0.03) ? text.replace(/\d+/, () => chance.of(['NaN', 'Infinity', '-Infinity', '1e999'])) : text,
  )
}

/** Parts of templates, sane and not. */
const JINJA = [
  ...[
    '{{ x }}',
    '{% for m in messages %}',
    '{% endfor %}',
    '{% if tools %}',
    '{% endif %}',
    '{%',
    '%}',
    '{{',
    '}}',
    '{# #}',
    '{% set x = messages * 9 %}',
  ],
  ...[
    "{{ 'a' * 999999999 }}",
    '{{ range(999999) }}',
    "{{ 'ab'.replace('', 'ab') }}",
    "{% set ns = namespace(s='ab') %}",
    '{% set ns.s = ns.s ~ ns.s %}',
    '{{ raise_exception("x") }}',
  ],
  ...[
    '{{ messages[0].constructor }}',
    '{{ messages | tojson(indent=99999) }}',
    '{{ 9 ** 9 ** 9 }}',
    '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
    '{{ [1] * 99999999 }}',
    '{% break %}',
  ],
  ...[
    "{{ '%999999999d' | format(1) }}",
    "{{ 'x'.center(999999999) }}",
    "{{ messages | map(attribute='role') | join }}",
    '{{ namespace }}',
    "{{ 'a'.join(['b'] * 9999999) }}",
  ],
]

/** Text in lines. */
export function damageText(bytes, chance) {
  if (chance.is(0.15)) return damageBytes(bytes, chance)
  let text = new TextDecoder().decode(bytes)
  for (let times = 1 + chance.below(3); times > 0; times--) {
    const at = chance.below(text.length + 1)
    const length = chance.below(60)
    const part = chance.of([chance.of(JINJA), text.slice(at, at + length), chance.of(TEXTS), ' ', '\n'])
    text = text.slice(0, at) + (chance.is(0.6) ? part : '') + text.slice(at + (chance.is(0.5) ? length : 0))
  }
  return utf8.encode(text)
}
