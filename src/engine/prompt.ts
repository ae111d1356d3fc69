import { UserError } from '../errors.js'
import { checkIds } from './checks.js'

/** @throws UserError when `ids` cannot be a prompt: empty, not token ids of this model, or longer than the context. */
export function checkPrompt(ids: readonly number[], vocabSize: number, contextLength = Infinity): void {
  checkIds(ids)
  if (ids.length === 0) {
    throw new UserError(
      'the prompt is empty: expected at least one token; write some text or give token ids',
      'invalid_argument',
    )
  }
  if (ids.length > contextLength) throw contextExceeded(ids.length, contextLength)
  ids.forEach((id, i) => {
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) return
    const expected = `expected a whole number from 0 to ${vocabSize - 1}, the model's vocabulary`
    throw new UserError(`token id ${id} at position ${i} of the prompt: ${expected}`, 'invalid_argument')
  })
}

/** The refusal of `found` tokens, where the context holds `limit`. */
export function contextExceeded(found: number, limit: number): UserError {
  return new UserError(
    `the prompt has ${found} tokens, but the context holds ${limit}; shorten the prompt or the conversation`,
    'context_length_exceeded',
    { length: { tokens: found, limit } },
  )
}

/** @throws UserError when a prompt fills the context, so that no answer fits after it */
export function checkRoom(found: number, contextLength: number): void {
  if (found < contextLength) return
  const shorten = 'shorten the prompt or the conversation'
  throw new UserError(
    `the prompt has ${found} tokens, and the context holds ${contextLength}, so that there is no room for an answer; ${shorten}`,
    'context_length_exceeded',
    { length: { tokens: found, limit: contextLength } },
  )
}
