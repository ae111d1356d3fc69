/** How JSON is written: white space, the order of properties, the digits of numbers. */

export interface JsonOptions {
  /**
   * `flexible`: at each place between tokens nothing, one space, or a new line and up to 40 blanks; `compact`: nothing; `spaced`: one
   * space after each comma and colon; a number of spaces, or a tab: as `JSON.stringify(value, null, n)` indents. Containers
   * that are nested more than `MOST_INDENTED` deep are then written compactly.
   */
  readonly whiteSpace: 'flexible' | 'compact' | 'spaced' | number | '\t'
  /**
   * `in-order`: properties come in the order in which the schema names them, others only after them and only where
   * additionalProperties, patternProperties or the like are spelled out. `any`: any order, and other properties wherever the
   * schema allows them, so that every value that validates can be written.
   */
  readonly properties: 'in-order' | 'any'
  readonly digits: Digits
}

/** The most digits of a number that the schema does not bound more narrowly. */
export interface Digits {
  /** Before the point. */
  readonly whole: number
  /** After it. */
  readonly decimals: number
  /** Of the exponent; 0 for none. */
  readonly exponent: number
}

/** {@link JsonOptions} as they are given; what is left out is as in `JSON_DEFAULTS`. */
export type JsonStyle = {
  readonly [name in 'whiteSpace' | 'properties']?: JsonOptions[name] | undefined
} & { readonly digits?: { readonly [name in keyof Digits]?: number | undefined } | undefined }

export const JSON_DEFAULTS: JsonOptions = {
  whiteSpace: 'flexible',
  properties: 'in-order',
  digits: { whole: 15, decimals: 15, exponent: 3 },
}

export const MOST_BLANKS = 40
export const MOST_INDENTED = 20
