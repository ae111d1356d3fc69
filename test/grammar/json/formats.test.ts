import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/engine/sample/random.js'
import { validatorOf } from '../validators.js'
import { accepts, automatonOf, randomText } from './texts.js'

/** Texts as people write them, and texts that are none of the format. */
const FORMATS: Readonly<Record<string, readonly [valid: readonly string[], invalid: readonly string[]]>> = {
  uri: [
    [
      ...['http://localhost:11434', 'http://localhost:27017/x', 'http://backend:8080/', 'http://[::1]:8080/a'],
      ...['https://example.com?x=1', 'https://example.com/a/b.html?c=d&e#f', 'http://1.2.3.4:65535/'],
      ...['https://my-bucket.s3.dualstack.us-east-1.amazonaws.com/k', 'https://3m.com', 'ws://x.org/a?b'],
      ...['file:///etc/hosts', 'file://server/share', 'postgres://me:pw%21@db:5432/x', 's3://bucket/key'],
      ...['memo://insights', 'mailto:a@b.org?subject=x', 'urn:isbn:123', 'data:text/plain;base64,YQ=='],
    ],
    ['example.com', '/a', 'http://', 'http:///a', 'http://a b', 'http://x.org:65536/', 'http://1.2.3.456/', 'http:a'],
  ],
  'uri-reference': [
    ['', '/', '/users/list', 'foo.html', '../img/a.png', './a', 'a/b/c?d#e', '?a=b', '#x', '//example.com/a', 'http://a/b'],
    ['a b', '1:b', 'http://a b', '/a\\b'],
  ],
  iri: [
    ['https://例え.jp/パス?名=値#節', 'http://example.com/ü', 'http://example.com/'],
    ['例え.jp', 'http://a/\u0001'],
  ],
  'iri-reference': [['/ü/ß', '名前', ''], ['ü ü', '1:ü']],
  url: [
    ['http://localhost:11434/', 'https://example.com/a'],
    ['ftp://example.com', 'example.com'],
  ],
  email: [
    ['a.b+c@mail.eu-west.corp.example.co.uk', "o'neil@x.org", 'a@xn--fsq.xn--p1ai'],
    ['a@b', 'a', '@b.org', 'a..b@c.org', 'a b@c.org'],
  ],
  hostname: [
    ['localhost', 'a.b.c.d.e.f.g', 'my-host', '1.2.3.4'],
    ['', '-a', 'a_b', 'a..b', 'a'.repeat(64), `${'a'.repeat(63)}.`.repeat(4) + 'a'],
  ],
  'iso-time': [['12:00:00', '12:00:00.5Z'], ['24:00:00', '12:00']],
  'iso-date-time': [['2026-11-28T12:00:00', '2026-11-28T12:00:00+01:00'], ['2026-11-28']],
  time: [['12:00:00Z'], ['12:00:00']],
} // prettier-ignore

describe('formats', () => {
  it.each(Object.entries(FORMATS))('%s', async (format, [valid, invalid]) => {
    const automaton = await automatonOf({ type: 'string', format })
    for (const text of valid) expect(accepts(automaton, JSON.stringify(text)), text).toBe(true)
    for (const text of invalid) expect(accepts(automaton, JSON.stringify(text)), text).toBe(false)
  })

  it.each(['uri', 'uri-reference', 'email', 'hostname', 'iso-time', 'iso-date-time'])(
    '%s has no text that a validator refuses',
    async (format) => {
      const schema = { type: 'string', format }
      const [automaton, validate, random] = [await automatonOf(schema), validatorOf(schema), seededRandom(3)]
      for (let i = 0; i < 60; i++) {
        const text = randomText(automaton, random)
        if (text !== undefined) expect(validate(JSON.parse(text)), text).toBe(true)
      }
    },
  )
})
