import type { Arguments, Value } from '../python/values.js'

/** What filters, tests and methods ask of whoever renders. */
export interface Runtime {
  /**
   * Whether what Python refuses for its own reasons is let through: a template's own
   * lists may change, and what filters give is a list to tojson.
   * Published templates need it that were only tried elsewhere.
   */
  readonly lenient: boolean
  filter(name: string, value: Value, args: Arguments): Value
  test(name: string, value: Value, args: Arguments): boolean
  call(callee: Value, args: Arguments): Value
}

export type Filter = (value: Value, args: Arguments, runtime: Runtime) => Value
export type Test = (value: Value, args: Arguments, runtime: Runtime) => boolean

/** The template refuses what it was given, in its own words: `raise_exception`. */
export class Refusal extends Error {}
