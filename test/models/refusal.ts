import { expect } from 'vitest'
import { UserError } from '../../src/errors.js'

/** The error that a call ends in. */
export async function refusal(call: Promise<unknown>): Promise<UserError> {
  const error: unknown = await call.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}
