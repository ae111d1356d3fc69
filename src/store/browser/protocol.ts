/** What a page and its store's worker say to each other. */
import { UserError, type UserErrorCode } from '../../errors.js'
import type { PullProgress } from '../store.js'
import type { BrowserStore, BrowserStoreOptions } from './open.js'

/** The calls that go to the worker, by the names of its store. */
export type StoreCall = 'pull' | 'find' | 'list' | 'remove' | 'prune' | 'storage' | 'search'

export type ToStore =
  | { readonly kind: 'open'; readonly options: BrowserStoreOptions }
  | { readonly kind: 'call'; readonly id: number; readonly call: StoreCall; readonly inputs: readonly unknown[] }
  | { readonly kind: 'abort'; readonly id: number }

export interface SentFault {
  readonly fault: string
  readonly code?: UserErrorCode
}

export type FromStore =
  | { readonly kind: 'progress'; readonly id: number; readonly progress: PullProgress }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentFault }

export type StoreResult<C extends StoreCall> = Awaited<ReturnType<BrowserStore[C]>>

export function sentFault(error: unknown): SentFault {
  if (error instanceof UserError) return { fault: error.fault, code: error.code }
  return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

export function receivedFault({ fault, code }: SentFault): Error {
  return code === undefined ? new Error(fault) : new UserError(fault, code)
}
