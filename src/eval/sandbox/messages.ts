/** What a sandbox and the process of its interpreter tell each other. */
import type { Verdict } from './verdict.js'

export interface Start {
  readonly kind: 'start'
  /** Of the interpreter's package, as a `file:` address. */
  readonly engine: string
  /** An interpreter that has started, from an earlier process. */
  readonly snapshot?: Uint8Array | undefined
}

export interface Program {
  readonly kind: 'program'
  readonly text: string
  readonly seconds: number
  readonly bytes: number
}

export type ToProcess = Start | Program

export type FromProcess =
  | { readonly kind: 'ready'; readonly snapshot?: Uint8Array | undefined }
  /** The interpreter does not start here. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
