// Grammars one after the other: none of them may leave anything. KAIYUAN_GRAMMARS=10000 for more of them.
import v8 from 'node:v8'
import vm from 'node:vm'
import { expect, it } from 'vitest'
import { schemaTrial } from '../grammar/trials.js'
import { UserError } from '../../src/errors.js'

const GRAMMARS = Number(process.env['KAIYUAN_GRAMMARS'] ?? 2500)
/** Bytes from a tenth of them to all. */
const GROWTH_BYTES = 3e6

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void
function memory(): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** No two alike, of many kinds. */
function schemaOf(i: number): unknown {
  const properties = {
    [`name ${i}`]: { type: 'string', maxLength: 1 + (i % 300) },
    kind: { enum: [`a${i}`, `b${i}`] },
    code: { type: 'string', pattern: `^[a-z]{${1 + (i % 9)}}-${i}$` },
    list: { type: 'array', items: { type: 'number', minimum: i, maximum: i + 7 }, maxItems: 3 },
    more: i % 2 === 0 ? { $ref: '#' } : { format: ['date', 'uuid', 'email'][i % 3] },
  }
  const required = ['kind', `name ${i}`, 'code']
  return { type: 'object', properties, required, additionalProperties: i % 4 === 0 }
}

it('leaves no memory', async () => {
  let early = 0
  for (let i = 0; i < GRAMMARS; i++) {
    if (i === GRAMMARS / 10) early = memory()
    const trial = await schemaTrial(schemaOf(i), { properties: i % 3 === 0 ? 'any' : 'in-order' })
    if (trial instanceof UserError) throw trial
    if (i % 10 === 0 && i % 3 !== 0) trial.walks(1)
    expect(trial.accepts(`{"name ${i}":"x","kind":"a${i}"`)).toBe(false)
  }
  const growth = memory() - early
  console.log(`${(growth / 1e6).toFixed(2)} MB more after ${GRAMMARS} grammars`)
  expect(growth).toBeLessThan(GROWTH_BYTES)
})
