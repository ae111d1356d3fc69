import type { Dialect } from './dialect.js'
import { think } from './think.js'

/** What tells a dialect. */
export interface DialectSigns {
  /** The chat template's text. */
  readonly template: string | undefined
  /** model_type of the config. */
  readonly modelType: string
  /** True for a token of the vocabulary. */
  hasToken(token: string): boolean
}

/** The dialect that the model's answers are written in. */
export function chooseDialect(_signs: DialectSigns): Dialect {
  return think
}
