/** What one schema says by itself about values of each type, without the schemas that it combines. */
import { decimalOf, type Decimal } from '../numbers/decimals.js'
import { Keywords } from './keywords.js'
import { ONE } from '../numbers/numbers.js'
import { at, refused } from './refusal.js'
import type { Goal, Schema, Schemas } from './schemas.js'
import { ALL_TYPES, ARRAY, keyOf, NUMBER, OBJECT, STRING } from './values.js'

export interface Facts {
  readonly path: string
  /** Whether it stands for something that does not hold: such facts name no properties to write. */
  readonly synthetic: boolean
  readonly types: number
  /** Whether types are given; else those are meant which its keywords are about, as far as they are written in order. */
  readonly typed: boolean
  readonly implied: number
  readonly values: readonly unknown[] | undefined
  /** Texts that a string must not be. */
  readonly notTexts: readonly string[]
  readonly minimum: Decimal | undefined
  readonly maximum: Decimal | undefined
  readonly steps: readonly Decimal[]
  readonly notSteps: readonly Decimal[]
  readonly minLength: number
  readonly maxLength: number
  readonly pattern: string | undefined
  readonly notPattern: string | undefined
  readonly format: string | undefined
  readonly prefix: readonly Goal[]
  /** Of the items after the prefix. */
  readonly items: Goal | undefined
  readonly minItems: number
  readonly maxItems: number
  readonly unique: boolean
  readonly contains: Contains | undefined
  readonly properties: ReadonlyMap<string, Goal>
  readonly patterns: readonly (readonly [pattern: string, goal: Goal])[]
  /** Of the properties that neither is named nor matches a pattern. */
  readonly others: Goal | undefined
  readonly names: Goal | undefined
  readonly required: readonly string[]
  readonly minProperties: number
  readonly maxProperties: number
  readonly some: SomeProperty | undefined
}

export interface Contains {
  readonly goal: Goal
  readonly min: number
  readonly max: number
  /** Items before this one do not count. */
  readonly from: number
}

/** A property exists whose name is not of these and does not match, or matches, a pattern, or does not meet a goal. */
export interface SomeProperty {
  readonly keyword: string
  readonly not: ReadonlySet<string>
  readonly notPatterns: readonly string[]
  readonly pattern: string | undefined
  readonly names: Goal | undefined
  readonly goal: Goal
}

export const NO_FACTS: Facts = {
  path: '#',
  synthetic: false,
  types: ALL_TYPES,
  typed: false,
  implied: 0,
  values: undefined,
  notTexts: [],
  minimum: undefined,
  maximum: undefined,
  steps: [],
  notSteps: [],
  minLength: 0,
  maxLength: Infinity,
  pattern: undefined,
  notPattern: undefined,
  format: undefined,
  prefix: [],
  items: undefined,
  minItems: 0,
  maxItems: Infinity,
  unique: false,
  contains: undefined,
  properties: new Map(),
  patterns: [],
  others: undefined,
  names: undefined,
  required: [],
  minProperties: 0,
  maxProperties: Infinity,
  some: undefined,
}

/** Which type a keyword is about. */
const ABOUT: ReadonlyMap<string, number> = new Map([
  ...['properties', 'required', 'additionalProperties', 'patternProperties', 'minProperties', 'maxProperties'].map(
    (keyword) => [keyword, OBJECT] as const,
  ),
  ...['propertyNames', 'unevaluatedProperties', 'dependentRequired', 'dependentSchemas', 'dependencies'].map(
    (keyword) => [keyword, OBJECT] as const,
  ),
  ...['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains', 'unevaluatedItems'].map(
    (keyword) => [keyword, ARRAY] as const,
  ),
  ...['minLength', 'maxLength', 'pattern', 'format'].map((keyword) => [keyword, STRING] as const),
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].map(
    (keyword) => [keyword, NUMBER] as const,
  ),
])

/** What a schema that is an object says by itself. @throws UserError where a keyword is malformed */
export function factsOf(schema: Schema, schemas: Schemas): Facts {
  const keywords = new Keywords(schema, schemas)
  const types = keywords.types()
  const step = keywords.number('multipleOf')
  if (step !== undefined && !(step > 0 && step < Infinity))
    throw keywords.expected('multipleOf', 'a number above 0', step)
  const { prefix, items } = itemsOf(keywords, schemas, schema)
  const values = valuesOf(keywords)
  return {
    ...NO_FACTS,
    path: schema.path,
    types: types?.types ?? ALL_TYPES,
    typed: types !== undefined || values !== undefined,
    implied: Object.keys(schema.raw).reduce((bits, keyword) => bits | (ABOUT.get(keyword) ?? 0), 0),
    values,
    minimum: keywords.bound('minimum'),
    maximum: keywords.bound('maximum'),
    steps: [...(types?.whole ? [ONE] : []), ...(step === undefined ? [] : [decimalOf(step)])],
    minLength: keywords.count('minLength') ?? 0,
    maxLength: keywords.count('maxLength') ?? Infinity,
    pattern: keywords.text('pattern'),
    format: keywords.text('format'),
    prefix,
    items,
    minItems: keywords.count('minItems') ?? 0,
    maxItems: keywords.count('maxItems') ?? Infinity,
    unique: keywords.flag('uniqueItems'),
    contains: containsOf(keywords),
    properties: new Map(keywords.goalsByName('properties')),
    patterns: keywords.goalsByName('patternProperties'),
    others: keywords.goal('additionalProperties'),
    names: keywords.goal('propertyNames'),
    required: keywords.names('required'),
    minProperties: keywords.count('minProperties') ?? 0,
    maxProperties: keywords.count('maxProperties') ?? Infinity,
  }
}

function valuesOf(keywords: Keywords): readonly unknown[] | undefined {
  const listed = keywords.list('enum')
  if (!keywords.has('const')) return listed
  const value = keywords.get('const')
  const key = keyOf(value, keywords.path)
  return !listed || listed.some((other) => keyOf(other, keywords.path) === key) ? [value] : []
}

/** Both ways of writing them: prefixItems and items, or, up to draft 2019-09, items as a list and additionalItems. */
function itemsOf(keywords: Keywords, schemas: Schemas, schema: Schema): Pick<Facts, 'prefix' | 'items'> {
  const items = keywords.get('items')
  if (!Array.isArray(items)) return { prefix: keywords.goals('prefixItems'), items: keywords.goal('items') }
  if (keywords.has('prefixItems'))
    throw refused(at(schema.path, 'items'), undefined, 'expected one schema next to prefixItems, found an array')
  const listed = (items as unknown[]).map((raw, i) => schemas.part(schema, raw, 'items', i))
  return { prefix: listed, items: keywords.goal('additionalItems') }
}

function containsOf(keywords: Keywords): Contains | undefined {
  const [min, max] = [keywords.count('minContains') ?? 1, keywords.count('maxContains') ?? Infinity]
  const goal = keywords.goal('contains')
  return goal && { goal, min, max, from: 0 }
}
