// Configs are untrusted: whatever one of their values is, the end is a program or a UserError.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { GOLDEN, build, fixture } from '../models/fixtures.js'

/** What a damaged or hostile config may hold in any place. */
const BAD_VALUES = [-1, 0, 0.5, 1e300, 2 ** 53, NaN, 'text', null, [], {}, true]

describe.each(readdirSync(GOLDEN))('%s with one value changed', (name) => {
  const { config, files } = fixture(name)

  it('gives a program or a UserError, soon', async () => {
    const wrong: string[] = []
    for (const key of Object.keys(config))
      for (const bad of [...BAD_VALUES, undefined]) {
        try {
          await build(files, { ...config, [key]: bad })
        } catch (error) {
          if (!(error instanceof UserError)) wrong.push(`${key} = ${JSON.stringify(bad)}: ${String(error)}`)
        }
      }
    expect(wrong).toEqual([])
  })

  it('of its nested objects too', async () => {
    const wrong: string[] = []
    for (const [key, nested] of Object.entries(config)) {
      if (typeof nested !== 'object' || nested === null || Array.isArray(nested)) continue
      for (const inner of Object.keys(nested))
        for (const bad of [...BAD_VALUES, undefined]) {
          try {
            await build(files, { ...config, [key]: { ...nested, [inner]: bad } })
          } catch (error) {
            if (!(error instanceof UserError)) wrong.push(`${key}.${inner} = ${JSON.stringify(bad)}: ${String(error)}`)
          }
        }
    }
    expect(wrong).toEqual([])
  })
})
