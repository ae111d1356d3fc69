import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { regexes } from 'zod/v4/core'
import { seededRandom } from '../../../src/engine/sample/random.js'
import { regexNode } from '../../../src/grammar/text/regex.js'
import { mutated, recognizer } from './recognizer.js'

/** Texts that each expression has, from which others are made by small changes. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  cuid: ['cjld2cjxh0000qzrmn831i7rn'],
  cuid2: ['tz4a98xxat96iws9zmbrgj3a'],
  ulid: ['01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  nanoid: ['V1StGXR8_Z5jdHi6B-myT'],
  duration: ['P3Y6M4DT12H30M5S', 'P1W', 'PT0.5S', 'P', 'PT', 'P1YW'],
  extendedDuration: ['-P1Y2M3W4DT5H6M7,5S', 'P1.5Y', 'P1Y-2M', 'PT', 'P1.5Y2M'],
  guid: ['123e4567-e89b-12d3-a456-426614174000'],
  uuid4: ['109156be-c4fb-41ea-b1b4-efe1671c5836'],
  email: ['a.b+c@ex-ample.co.uk', '.a@b.co', 'a..b@c.de', "o'n@x.yz"],
  html5Email: ['a@b', 'a.b@c-d.e'],
  rfc5322Email: ['"a b"@[1.2.3.4]', 'a@b.cd'],
  unicodeEmail: ['ä@ö'],
  ipv4: ['192.168.0.255', '256.1.1.1'],
  ipv6: ['2001:db8::8a2e:370:7334', '::1', '1:2:3:4:5:6:7:8'],
  cidrv4: ['10.0.0.0/8', '10.0.0.0/33'],
  cidrv6: ['2001:db8::/128', '::/129'],
  base64: ['aGk=', 'aGkh', 'a==='],
  base64url: ['aG_-', 'a'],
  hostname: [
    'a.b-c.example.',
    `${'a'.repeat(63)}.b`,
    `${'a'.repeat(64)}.b`,
    `${'a.'.repeat(126)}b`,
    `${'a.'.repeat(127)}b`,
  ],
  domain: ['example.com', 'a'],
  e164: ['+491701234567', '+0123456'],
  creditCard: ['4111 1111 1111 1111', '4111-1111'],
  iban: ['DE02120300000000202051', 'DE00120300000000202051'],
  boolean: ['true', 'FALSE'],
  null: ['null', 'Null'],
  lowercase: ['abc ß', 'aB'],
  integer: ['-17'],
  bigint: ['17n'],
  number: ['-1.5'],
}

function compare(expression: RegExp, texts: readonly string[], random: () => number): void {
  const node = regexNode(expression.source, { quoting: 'json', whole: false, flags: expression.flags })
  const accepts = recognizer(node)
  const pieces = ['0', '1', 'a', 'A', '.', '-', ':', '@', '/', '+', 'T', 'W', '=', '"', '\n', '😀']
  const near = texts.flatMap((text) => [text, ...Array.from({ length: 20 }, () => mutated(text, random, pieces))])
  for (const text of near) {
    const written = JSON.stringify(text).slice(1, -1)
    expect(accepts(written), JSON.stringify(text)).toBe(expression.test(text))
  }
}

describe("zod's own expressions", () => {
  const known = Object.entries(regexes).filter((entry): entry is [string, RegExp] => entry[1] instanceof RegExp)
  it.each(known)('%s', (name, expression) => {
    compare(expression, TEXTS[name] ?? ['', 'a', '0', 'd41d8cd98f00b204e9800998ecf8427e'], seededRandom(3))
  })

  it.each<[string, z.ZodType, readonly string[]]>([
    ['emoji', z.emoji(), ['😀', '👨‍👩‍👧', '1️⃣', '1', '🇩🇪', 'a😀']],
    ['uuid', z.uuid(), ['123e4567-e89b-12d3-a456-426614174000']],
    ['mac', z.mac(), ['00:1A:2B:3C:4D:5E', '00:1a:2b:3c:4d:5e', '00:1A:2b:3c:4d:5e']],
    ['date', z.iso.date(), ['2024-02-29', '2023-02-29', '1999-12-31']],
    ['time', z.iso.time(), ['23:59:59.5', '24:00']],
    ['datetime', z.iso.datetime({ offset: true }), ['2024-02-29T12:00:00Z', '2024-01-01T00:00:00+02:00']],
    ['template', z.templateLiteral(['v', z.int(), '-', z.enum(['a', 'b'])]), ['v1-a', 'v-1-b', 'v1-c']],
    ['string of a length', z.string().min(2).max(4).regex(/^a/), ['ab', 'a', 'b']],
  ])('%s', (_, type, texts) => {
    const { pattern } = z.toJSONSchema(type) as { pattern: string }
    compare(new RegExp(pattern, 'u'), texts, seededRandom(9))
  })
})
