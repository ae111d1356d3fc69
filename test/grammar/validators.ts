// Validators of JSON Schema, with formats, which know nothing of grammars.
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv'
import { createRequire } from 'node:module'

/** Its types are those of a module of CommonJS, and of another copy of ajv's classes. */
const formats = createRequire(import.meta.url)('ajv-formats') as (ajv: object) => void

export type Draft = '2020-12' | 'draft-07'

// Multiples are those of decimal numbers: 18496.5971 is one of 0.0001, whatever their quotient in binary is.
const OPTIONS = { strict: false, logger: false, validateFormats: true, multipleOfPrecision: 6 } as const

/** @throws Error where the validator itself does not take the schema. */
export function validatorOf(schema: unknown, draft: Draft = '2020-12'): ValidateFunction {
  const ajv = draft === '2020-12' ? new Ajv2020(OPTIONS) : new Ajv(OPTIONS)
  formats(ajv)
  return ajv.compile(schema as object)
}
