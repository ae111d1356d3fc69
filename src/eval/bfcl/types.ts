import type { Value } from '../../chat/python/values.js'

/** The reference raises an exception here, which is no pass: values that it never met in its own data. */
export class Unchecked extends Error {}

/** How values of a language are written in answers, and what its type names stand for. */
export interface LanguageTypes {
  /** By Python's names, as `typeName` gives them. */
  readonly types: Readonly<Record<string, string>>
  /** Types whose items have a type of their own. */
  readonly lists: readonly string[]
  /** What a value that is no text is called, where all are texts. */
  readonly textError?: string
  /** Reads a value out of its text. Absent where answers hold values. */
  readonly read?: (text: string, type: string, itemType: string | undefined) => Value
}

/** @throws Unchecked for a type that the language has not */
export function typeNamed({ types }: LanguageTypes, name: string): string {
  const type = Object.hasOwn(types, name) ? types[name] : undefined
  if (type === undefined) throw new Unchecked(`no type ${name}`)
  return type
}

export const PYTHON_TYPES: LanguageTypes = {
  types: {
    string: 'str',
    integer: 'int',
    float: 'float',
    boolean: 'bool',
    array: 'list',
    tuple: 'list',
    dict: 'dict',
    any: 'str',
  },
  lists: ['array', 'tuple'],
}
