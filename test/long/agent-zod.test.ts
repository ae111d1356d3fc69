// Typed objects of a small model at a high temperature: whatever comes to its end parses and passes.
import { expect, it } from 'vitest'
import { z } from 'zod'
import { loadEngine, object } from '../../src/index.js'
import { drawn } from '../agent/drawn.js'
import { HELD } from '../grammar/zod-types.js'

const SEEDS = 20
const NAMES = [
  ...['string.max', 'string.length', 'string.regex', 'string.regex.max', 'string.startsWith', 'email', 'uuid', 'guid'],
  ...['url', 'ipv4', 'ipv6', 'mac', 'cidrv4', 'e164', 'nanoid', 'ulid', 'iso.date', 'iso.time', 'iso.datetime'],
  ...['iso.duration', 'templateLiteral', 'number', 'number.min.max', 'number.multipleOf 5', 'int', 'int32', 'literal'],
  ...['enum of 200', 'boolean', 'nullable', 'default', 'array.min.max', 'tuple', 'record of an enum', 'partialRecord'],
  ...[
    'discriminatedUnion',
    'xor',
    'lazy, recursive',
    'codec',
    'coerce.number',
    'union',
    'object, names that need care',
  ],
]

const engine = await loadEngine('mini', { threads: 1 })

it(`has ${NAMES.length} schemas`, () => expect(NAMES.length).toBeGreaterThanOrEqual(40))

it.each(NAMES)('%s', async (name) => {
  const schema = z.object({ value: HELD[name]!() })
  // Nearly flat, a recursive type comes to its end whatever the weights like.
  const options = {
    temperature: name.includes('recursive') ? 3 : 1.2,
    describe: false,
    retries: 9,
    maxLength: 40,
    maxTokens: 1800,
  }
  const texts = await drawn(
    SEEDS,
    async (seed) => (await object(engine, schema, 'hello', { ...options, seed }).result).text,
  )
  for (const text of texts) expect(schema.safeParse(JSON.parse(text)), text).toMatchObject({ success: true })
})
