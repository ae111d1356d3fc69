// JSON-Schema-Test-Suite, draft 2020-12: what a schema's grammar lets a model say validates against the schema.
import { readFileSync, readdirSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'

import { byteGrammars, randomAnswers } from '../grammar/vocabulary.js'
import { reference } from './folder.js'

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { readonly data: unknown; readonly valid: boolean }[]
}

const suite = reference('real/json-schema/draft2020-12')

it('every schema gives answers that validate, or is refused', async () => {
  const grammars = byteGrammars()
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false })
  const refused = new Map<string, number>()
  let supported = 0
  for (const file of readdirSync(suite).filter((name) => name.endsWith('.json'))) {
    const groups = JSON.parse(readFileSync(`${suite}/${file}`, 'utf8')) as Group[]
    for (const { description, schema, tests } of groups) {
      let texts: string[]
      try {
        texts = await randomAnswers(grammars, { kind: 'json-schema', schema }, 3)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused.set(file, (refused.get(file) ?? 0) + 1)
        continue
      }
      const validate = ajv.compile(schema as object)
      // Where the validator itself fails the suite (a property called __proto__) it proves nothing.
      if (tests.some(({ data, valid }) => validate(data) !== valid)) continue
      supported++
      for (const text of texts)
        expect(validate(JSON.parse(text)), `${file}, ${description}: ${text.slice(0, 300)}`).toBe(true)
    }
  }
  console.log(`${supported} schemas supported; refused: ${[...refused].map(([f, n]) => `${f} ${n}`).join(', ')}`)
  expect(supported).toBeGreaterThan(150)
})
