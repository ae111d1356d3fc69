/** What does not hold, said as facts that do: one schema that is violated is violated by one of its keywords. */
import { decimalOf, neighbour, type Decimal } from './numbers/decimals.js'
import { NO_FACTS, type Facts } from './reading/facts.js'
import type { Goal, Schemas } from './reading/schemas.js'
import { ALL_TYPES, ARRAY, NUMBER, OBJECT, STRING } from './reading/values.js'

export interface Violations {
  readonly facts: readonly Facts[]
  /** Keywords of which no grammar says that they are violated. */
  readonly undecidable: readonly string[]
}

/** Each way in which a value can violate what a schema says by itself, but for its fixed values. */
export function violations(facts: Facts, schemas: Schemas): Violations {
  const undecidable = facts.unique ? ['uniqueItems'] : []
  const found = [
    ...(facts.types === ALL_TYPES ? [] : [{ types: ALL_TYPES & ~facts.types }]),
    ...ofNumbers(facts),
    ...ofStrings(facts),
    ...ofArrays(facts, schemas),
    ...ofObjects(facts, schemas),
  ]
  return { facts: found.map((part) => violated(facts.path, part)), undecidable }
}

export function violated(path: string, part: Partial<Facts>): Facts {
  return { ...NO_FACTS, path, synthetic: true, typed: true, ...part }
}

function* ofNumbers({ minimum, maximum, steps }: Facts): Generator<Partial<Facts>> {
  if (minimum) yield { types: NUMBER, maximum: beyond(minimum, -1) }
  if (maximum) yield { types: NUMBER, minimum: beyond(maximum, 1) }
  for (const step of steps) yield { types: NUMBER, notSteps: [step] }
}

/** The next double precision number on the other side of a bound. */
export function beyond({ digits, exponent }: Decimal, direction: 1 | -1): Decimal {
  const next = neighbour(Number(`${digits}e${exponent}`), direction)
  return Number.isFinite(next) ? decimalOf(next) : { digits: BigInt(direction), exponent: 400 }
}

function* ofStrings(facts: Facts): Generator<Partial<Facts>> {
  const { minLength, maxLength, pattern, notPattern } = facts
  if (minLength > 0) yield { types: STRING, maxLength: minLength - 1 }
  if (maxLength < Infinity) yield { types: STRING, minLength: maxLength + 1 }
  if (pattern !== undefined) yield { types: STRING, notPattern: pattern }
  if (notPattern !== undefined) yield { types: STRING, pattern: notPattern }
}

function* ofArrays(facts: Facts, schemas: Schemas): Generator<Partial<Facts>> {
  const { prefix, items, minItems, maxItems, contains } = facts
  const { anything, nothing } = schemas
  for (const [i, goal] of prefix.entries()) {
    if (goal === anything) continue
    const before = new Array<Goal>(i).fill(anything)
    yield { types: ARRAY, minItems: i + 1, prefix: [...before, schemas.not(goal)] }
  }
  if (items === nothing) yield { types: ARRAY, minItems: prefix.length + 1 }
  else if (items && items !== anything)
    yield { types: ARRAY, contains: { goal: schemas.not(items), min: 1, max: Infinity, from: prefix.length } }
  if (minItems > 0) yield { types: ARRAY, maxItems: minItems - 1 }
  if (maxItems < Infinity) yield { types: ARRAY, minItems: maxItems + 1 }
  if (!contains) return
  if (contains.min === 1) yield { types: ARRAY, items: schemas.not(contains.goal) }
  else if (contains.min > 0) yield { types: ARRAY, contains: { ...contains, min: 0, max: contains.min - 1 } }
  if (contains.max < Infinity) yield { types: ARRAY, contains: { ...contains, min: contains.max + 1, max: Infinity } }
}

function* ofObjects(facts: Facts, schemas: Schemas): Generator<Partial<Facts>> {
  const { properties, patterns, others, names, required, minProperties, maxProperties } = facts
  const { anything, nothing } = schemas
  // A property that must be there is absent, or is not as it must be.
  const must = new Set(required)
  for (const [name, goal] of properties)
    if (goal !== anything)
      yield {
        types: OBJECT,
        required: must.delete(name) ? [] : [name],
        properties: new Map([[name, schemas.not(goal)]]),
      }
  const none = { not: new Set<string>(), notPatterns: [], pattern: undefined, names: undefined }
  for (const [pattern, goal] of patterns)
    if (goal !== anything)
      yield { types: OBJECT, some: { ...none, keyword: 'patternProperties', pattern, goal: schemas.not(goal) } }
  if (others && others !== anything) {
    const [not, notPatterns] = [new Set(properties.keys()), patterns.map(([pattern]) => pattern)]
    const goal = schemas.not(others)
    yield { types: OBJECT, some: { ...none, keyword: 'additionalProperties', not, notPatterns, goal } }
  }
  if (names && names !== anything)
    yield { types: OBJECT, some: { ...none, keyword: 'propertyNames', names: schemas.not(names), goal: anything } }
  for (const name of must) yield { types: OBJECT, properties: new Map([[name, nothing]]) }
  if (minProperties > 0) yield { types: OBJECT, maxProperties: minProperties - 1 }
  if (maxProperties < Infinity) yield { types: OBJECT, minProperties: maxProperties + 1 }
}
