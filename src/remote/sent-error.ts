import { UserError, type ErrorDetail, type UserErrorCode } from '../errors.js'
import { EngineUnavailable, type UnavailableReason } from './unavailable.js'

/** An error as a message carries it: of a UserError, of an EngineUnavailable, or, with neither, of a bug of ours. */
export interface SentError extends Pick<ErrorDetail, 'at' | 'path' | 'remedies' | 'length'> {
  /** Of a UserError its fault, to which the client adds the rest in its own words. */
  readonly message: string
  readonly code?: UserErrorCode
  readonly unavailable?: { readonly reason: UnavailableReason; readonly retryAfter?: number }
  readonly stack?: string
}

export function sentError(error: unknown): SentError {
  if (error instanceof UserError) {
    const { fault, code, at, path, remedies, length } = error
    return { message: fault, code, at, path, remedies, length }
  }
  if (error instanceof EngineUnavailable) {
    const { message, reason, retryAfter } = error
    return { message, unavailable: { reason, ...(retryAfter !== undefined && { retryAfter }) } }
  }
  if (!(error instanceof Error)) return { message: String(error) }
  return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) }
}

export function receivedError({ message, code, at, path, remedies, length, unavailable, stack }: SentError): Error {
  if (code !== undefined) return new UserError(message, code, { at, path, remedies, length })
  if (unavailable) return new EngineUnavailable(message, unavailable.reason, unavailable.retryAfter)
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}
