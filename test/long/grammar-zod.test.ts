// Every type of zod as both of its sides and in both drafts: what the grammar lets a model say parses and validates.
import type { ValidateFunction } from 'ajv'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { UserError } from '../../src/errors.js'
import { schemaTrial } from '../grammar/trials.js'
import { validatorOf } from '../grammar/validators.js'
import { HELD, REFUSED, WITHOUT_SCHEMA, checkedAfter } from '../grammar/zod-types.js'

const WALKS = Number(process.env['KAIYUAN_WALKS'] ?? 20)
const SIDES = ['input', 'output'] as const
const TARGETS = ['draft-2020-12', 'draft-7'] as const

/** The schema of an object that has a value of the type, or nothing where zod has none for this side. */
function schemaOf(make: () => z.ZodType, io: (typeof SIDES)[number], target: (typeof TARGETS)[number]): unknown {
  try {
    return z.toJSONSchema(z.object({ value: make() }), { io, target })
  } catch {
    return undefined
  }
}

/** Schemas of both sides in both drafts; what is the same but for its draft stands once, with its validators. */
function schemasOf(make: () => z.ZodType) {
  const distinct = new Map<string, { schema: unknown; input: boolean; validators: ValidateFunction[] }>()
  for (const io of SIDES)
    for (const target of TARGETS) {
      const schema = schemaOf(make, io, target)
      if (schema === undefined) continue
      const key = JSON.stringify({ ...(schema as object), $schema: undefined })
      const entry = distinct.get(key) ?? { schema, input: io === 'input', validators: [] }
      entry.validators.push(validatorOf(schema, target === 'draft-7' ? 'draft-07' : '2020-12'))
      distinct.set(key, entry)
    }
  return [...distinct.values()]
}

it.each(Object.entries(HELD))('%s', async (name, make) => {
  const schemas = schemasOf(make)
  expect(schemas.length).toBeGreaterThan(0)
  for (const { schema, input, validators } of schemas)
    for (const properties of ['in-order', 'any'] as const) {
      const trial = await schemaTrial(schema, { properties })
      if (trial instanceof UserError) throw new Error(`${properties}: ${trial.message}: ${JSON.stringify(schema)}`)
      // Open objects in any order wander: by chance the required names hardly come.
      const count = properties === 'in-order' ? WALKS : input ? 0 : 5
      for (const text of trial.walks(count)) {
        const value: unknown = JSON.parse(text)
        for (const validate of validators)
          expect(validate(value), `${text.slice(0, 300)}: ${JSON.stringify(schema)}`).toBe(true)
        if (input && !checkedAfter(name))
          expect(z.object({ value: make() }).safeParse(value), text.slice(0, 300)).toMatchObject({ success: true })
      }
    }
})

it.each(Object.entries(REFUSED))('%s is refused', async (_, make) => {
  expect(await schemaTrial(schemaOf(make, 'input', 'draft-7'))).toMatchObject({ code: 'invalid_grammar' })
})

it('has a case for every function of zod that makes a type', () => {
  const tried = new Set([...Object.keys(HELD), ...Object.keys(REFUSED)].map((name) => /^\w+/.exec(name)![0]))
  const makers = Object.entries(z).filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name))
  const missing = makers.map(([name]) => name).filter((name) => !tried.has(name) && !WITHOUT_SCHEMA.has(name))
  expect(missing).toEqual([])
})
