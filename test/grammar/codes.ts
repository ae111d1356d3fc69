import { UserError } from '../../src/errors.js'

/** The code and the message of the error that work ends with, or `none`. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof UserError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'none'
}
