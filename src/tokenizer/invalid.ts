import { UserError } from '../errors.js'

/** The error of a tokenizer whose files contradict themselves. */
export function invalid(where: string, what: string): UserError {
  return new UserError(`${where}: ${what}. Fetch the tokenizer's files again.`, 'invalid_tokenizer')
}

/** The error of a tokenizer that may be whole, but of a kind that is not read. */
export function unread(where: string, what: string): UserError {
  return new UserError(
    `${where}: ${what}. Tokenizers of this kind are not supported yet; another form of the model (GGUF, or the folder that was published) may have one that is.`,
    'invalid_tokenizer',
  )
}
