import { UserError } from '../errors.js'

/** The error of a tokenizer whose files contradict themselves or ask for what is not implemented. */
export function invalid(where: string, what: string): UserError {
  return new UserError(`${where}: ${what}. Fetch the tokenizer's files again.`, 'invalid_tokenizer')
}
