import { contains } from '../python/compare.js'
import { arithmetic } from '../python/numbers.js'
import { hasCase } from '../python/string-methods.js'
import { str } from '../python/text.js'
import {
  Callable,
  Dict,
  Float,
  PythonError,
  Tuple,
  Undefined,
  itemsOf,
  Range,
  typeName,
  type Value,
} from '../python/values.js'
import { holds } from './operators.js'
import { FILTERS } from './filters/registry.js'
import type { Test } from './runtime.js'
import type { Comparison } from './syntax.js'

const plain =
  (check: (value: Value) => boolean): Test =>
  (value, args) => {
    args.take('test', [])
    return check(value)
  }

const comparing =
  (operator: Comparison): Test =>
  (value, args) =>
    holds(operator, value, args.take('test', ['other'], 1)[0]!)

const isInt = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint'

/** `value % by`; of a text it would be a format, which is no number. */
function remainder(value: Value, by: Value): Value {
  const rest = arithmetic('%', value, by)
  if (rest === undefined)
    throw new PythonError(value instanceof Undefined ? value.reason : `'${typeName(value)}' is no number`)
  return rest
}

const remains = (rest: Value, wanted: number): boolean => (rest instanceof Float ? rest.value : Number(rest)) === wanted

function isIterable(value: Value): boolean {
  return typeof value === 'string' || value instanceof Range || itemsWithoutReading(value)
}

/** Asking a generator for its items would use it up. */
function itemsWithoutReading(value: Value): boolean {
  return (
    typeof value === 'object' && value !== null && (typeName(value) === 'generator' || itemsOf(value) !== undefined)
  )
}

const SEQUENCES = new Set(['str', 'list', 'tuple', 'dict', 'range', 'Undefined'])

const eq = comparing('==')
const ne = comparing('!=')
const lt = comparing('<')
const le = comparing('<=')
const gt = comparing('>')
const ge = comparing('>=')

/** The tests of Jinja 3.1. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>(
  Object.entries({
    boolean: plain((value) => typeof value === 'boolean'),
    callable: plain((value) => value instanceof Callable),
    defined: plain((value) => !(value instanceof Undefined)),
    divisibleby: (value, args) => remains(remainder(value, args.take('divisibleby', ['num'], 1)[0]!), 0),
    eq,
    equalto: eq,
    '==': eq,
    escaped: plain(() => false),
    even: plain((value) => remains(remainder(value, 2), 0)),
    false: plain((value) => value === false),
    filter: plain((value) => typeof value === 'string' && FILTERS.has(value)),
    float: plain((value) => value instanceof Float),
    ge,
    '>=': ge,
    gt,
    '>': gt,
    greaterthan: gt,
    in: (value, args) => contains(args.take('in', ['seq'], 1)[0]!, value),
    integer: plain(isInt),
    iterable: plain(isIterable),
    le,
    '<=': le,
    lt,
    '<': lt,
    lessthan: lt,
    lower: plain((value) => hasCase(str(value), 'lower')),
    mapping: plain((value) => value instanceof Dict),
    ne,
    '!=': ne,
    none: plain((value) => value === null),
    number: plain((value) => isInt(value) || typeof value === 'boolean' || value instanceof Float),
    odd: plain((value) => remains(remainder(value, 2), 1)),
    sameas: (value, args) => isSame(value, args.take('sameas', ['other'], 1)[0]!),
    sequence: plain((value) => SEQUENCES.has(typeName(value))),
    string: plain((value) => typeof value === 'string'),
    test: plain((value) => typeof value === 'string' && TESTS.has(value)),
    true: plain((value) => value === true),
    undefined: plain((value) => value instanceof Undefined),
    upper: plain((value) => hasCase(str(value), 'upper')),
  } satisfies Record<string, Test>),
)

/** `is`: the same object; small values and the empty tuple are. */
function isSame(value: Value, other: Value): boolean {
  if (value instanceof Tuple && other instanceof Tuple)
    return value === other || value.values.length + other.values.length === 0
  return value === other
}
