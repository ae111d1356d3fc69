// Schemas as people write them: each is taken, lets its examples through, and what walks write parses and validates.
import { expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { schemaTrial } from './trials.js'
import { validatorOf } from './validators.js'
import { WRITTEN } from './written-schemas.js'

const WALKS = 5
/** Its shortest text is longer than a walk. */
const TOO_LONG = 'lengths in characters'
const draftOf = (schema: unknown) =>
  JSON.stringify(schema).includes('draft-07') ? ('draft-07' as const) : ('2020-12' as const)

it.each(Object.entries(WRITTEN))('%s', async (name, { schema, valid }) => {
  const validate = validatorOf(schema, draftOf(schema))
  const trial = await schemaTrial(schema)
  if (trial instanceof UserError) throw trial
  for (const value of valid) {
    expect(validate(value), JSON.stringify(value)).toBe(true)
    for (const indent of [0, 2])
      expect(trial.accepts(JSON.stringify(value, null, indent)), JSON.stringify(value).slice(0, 300)).toBe(true)
  }
  for (const text of trial.walks(name === TOO_LONG ? 0 : WALKS))
    expect(validate(JSON.parse(text)), text.slice(0, 300)).toBe(true)
})
