/** Keywords of one schema, read with care: a schema may hold anything. */
import { isJsonObject, type JsonObject } from '../../../json.js'
import { decimalOf, neighbour, type Decimal } from '../numbers/decimals.js'
import { expected } from './refusal.js'
import type { Goal, Schema, Schemas } from './schemas.js'
import { ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING } from './values.js'

const TYPES: ReadonlyMap<unknown, number> = new Map([
  ['object', OBJECT],
  ['array', ARRAY],
  ['string', STRING],
  ['number', NUMBER],
  ['integer', NUMBER],
  ['boolean', BOOLEAN],
  ['null', NULL],
])

export class Keywords {
  readonly path: string
  private readonly raw: JsonObject

  constructor(
    private readonly schema: Schema,
    private readonly schemas: Schemas,
  ) {
    this.path = schema.path
    this.raw = schema.raw as JsonObject
  }

  has(keyword: string): boolean {
    return this.get(keyword) !== undefined
  }

  get(keyword: string): unknown {
    return Object.hasOwn(this.raw, keyword) ? this.raw[keyword] : undefined
  }

  /** A whole number that is not negative. */
  count(keyword: string): number | undefined {
    const value = this.get(keyword)
    if (value === undefined) return undefined
    if (typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === Infinity)) return value
    throw this.expected(keyword, 'a whole number from 0 on', value)
  }

  flag(keyword: string): boolean {
    const value = this.get(keyword)
    if (value === undefined || typeof value === 'boolean') return value ?? false
    throw this.expected(keyword, 'true or false', value)
  }

  text(keyword: string): string | undefined {
    const value = this.get(keyword)
    if (value === undefined || typeof value === 'string') return value
    throw this.expected(keyword, 'a text', value)
  }

  list(keyword: string): readonly unknown[] | undefined {
    const value = this.get(keyword)
    if (value === undefined || Array.isArray(value)) return value as unknown[] | undefined
    throw this.expected(keyword, 'an array', value)
  }

  names(keyword: string): readonly string[] {
    return namesIn(this.list(keyword) ?? [], (found) => this.expected(keyword, 'an array of names', found))
  }

  record(keyword: string): [string, unknown][] {
    const value = this.get(keyword)
    if (value === undefined) return []
    if (isJsonObject(value)) return Object.entries(value)
    throw this.expected(keyword, 'an object', value)
  }

  /** The goal of the schema that a keyword holds. */
  goal(keyword: string): Goal | undefined {
    const value = this.get(keyword)
    return value === undefined ? undefined : this.schemas.part(this.schema, value, keyword)
  }

  /** The goals of the schemas that a keyword lists. */
  goals(keyword: string): readonly Goal[] {
    return (this.list(keyword) ?? []).map((raw, i) => this.schemas.part(this.schema, raw, keyword, i))
  }

  goalsByName(keyword: string): (readonly [string, Goal])[] {
    return this.record(keyword).map(
      ([name, raw]) => [name, this.schemas.part(this.schema, raw, keyword, name)] as const,
    )
  }

  /** Types as bits, and whether numbers must be whole. */
  types(): { readonly types: number; readonly whole: boolean } | undefined {
    const value = this.get('type')
    if (value === undefined) return undefined
    const names: readonly unknown[] = Array.isArray(value) ? value : [value]
    const known = names.map((name) => TYPES.get(name))
    if (names.length === 0 || known.includes(undefined))
      throw this.expected('type', [...TYPES.keys()].join(', '), names.find((name) => !TYPES.has(name)) ?? value)
    return {
      types: known.reduce<number>((bits, type) => bits | type!, 0),
      whole: names.includes('integer') && !names.includes('number'),
    }
  }

  /** The bound that a keyword sets, with that which excludes it (in draft 4 true or false). */
  bound(keyword: 'minimum' | 'maximum'): Decimal | undefined {
    const direction = keyword === 'minimum' ? 1 : -1
    const excluding = keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'
    const excluded = this.get(excluding)
    const included = this.number(keyword)
    const outside = typeof excluded === 'boolean' ? (excluded ? included : undefined) : this.number(excluding)
    const bounds = [included, outside === undefined ? undefined : neighbour(outside, direction)].filter(
      (bound) => bound !== undefined && bound !== -direction * Infinity,
    ) as number[]
    if (bounds.length === 0) return undefined
    const tightest = direction > 0 ? Math.max(...bounds) : Math.min(...bounds)
    // No number lies beyond the largest.
    return Number.isFinite(tightest) ? decimalOf(tightest) : { digits: BigInt(direction), exponent: 400 }
  }

  number(keyword: string): number | undefined {
    const value = this.get(keyword)
    if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return value
    throw this.expected(keyword, 'a number', value)
  }

  expected(keyword: string, what: string, found: unknown): Error {
    return expected(this.path, keyword, what, found)
  }
}

export function namesIn(list: readonly unknown[], fault: (found: unknown) => Error): readonly string[] {
  for (const name of list) if (typeof name !== 'string') throw fault(name)
  return list as readonly string[]
}
