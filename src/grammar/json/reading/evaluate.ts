/** Whether constant values satisfy schemas: for const and enum next to other keywords, and for names of properties. */
import { isJsonObject, type JsonObject } from '../../../json.js'
import { compareDecimals, decimalOf, isMultiple } from '../numbers/decimals.js'
import type { Facts, SomeProperty } from './facts.js'
import { applicatorsOf, checkLoops, type Applicators } from './applicators.js'
import type { Reading } from './reading.js'
import { tooComplex } from './refusal.js'
import type { Goal, Literal, Schema } from './schemas.js'
import { ARRAY, keyOf, lengthOf, NUMBER, OBJECT, STRING, typeOf } from './values.js'

/** What schemas have evaluated, for unevaluatedProperties and unevaluatedItems. */
interface Seen {
  readonly names: ReadonlySet<string>
  readonly everyName: boolean
  /** Items before this one. */
  readonly items: number
  readonly indices: ReadonlySet<number>
}

const NOTHING_SEEN: Seen = { names: new Set(), everyName: false, items: 0, indices: new Set() }
const MOST_STEPS = 20_000_000
const MOST_NESTED = 1_000

export class Evaluator {
  private readonly keys = new Map<readonly unknown[], ReadonlySet<string>>()
  private steps = 0
  private depth = 0

  constructor(private readonly reading: Reading) {}

  /** Whether a value meets a goal. */
  holds(goal: Goal, value: unknown): boolean {
    return goal.literals.every((literal) => this.literal(literal, value))
  }

  /** Whether what a schema says by itself holds for a value. */
  factsHold(facts: Facts, value: unknown): boolean {
    if (this.steps++ > MOST_STEPS) throw tooComplex(facts.path, 'too many constant values under too many schemas')
    const type = typeOf(value)
    if ((facts.types & type) === 0) return false
    if (facts.values && !this.keysOf(facts).has(keyOf(value, facts.path))) return false
    if (type === NUMBER) return numberHolds(facts, value as number)
    if (type === STRING) return this.textHolds(facts, value as string)
    if (type === ARRAY) return this.arrayHolds(facts, value as readonly unknown[])
    return type !== OBJECT || this.objectHolds(facts, value as JsonObject)
  }

  private keysOf({ values, path }: Facts): ReadonlySet<string> {
    let keys = this.keys.get(values!)
    if (!keys) this.keys.set(values!, (keys = new Set(values!.map((value) => keyOf(value, path)))))
    return keys
  }

  private textHolds(facts: Facts, value: string): boolean {
    const { pattern, notPattern, minLength, maxLength } = facts
    if (minLength > 0 || maxLength < Infinity) {
      const length = lengthOf(value)
      if (length < minLength || length > maxLength) return false
    }
    if (facts.notTexts.includes(value)) return false
    if (pattern !== undefined && !this.reading.test(pattern, value)) return false
    return notPattern === undefined || !this.reading.test(notPattern, value)
  }

  private arrayHolds(facts: Facts, value: readonly unknown[]): boolean {
    const { prefix, items, contains, path } = facts
    if (value.length < facts.minItems || value.length > facts.maxItems) return false
    if (facts.unique && new Set(value.map((item) => keyOf(item, path))).size < value.length) return false
    if (!value.every((item, i) => this.optional(i < prefix.length ? prefix[i] : items, item))) return false
    if (!contains) return true
    const found = value.filter((item, i) => i >= contains.from && this.holds(contains.goal, item)).length
    return found >= contains.min && found <= contains.max
  }

  private objectHolds(facts: Facts, value: JsonObject): boolean {
    const names = Object.keys(value)
    if (names.length < facts.minProperties || names.length > facts.maxProperties) return false
    if (!facts.required.every((name) => Object.hasOwn(value, name))) return false
    const { some } = facts
    if (some && !names.some((name) => this.isSome(some, name) && this.holds(some.goal, value[name]))) return false
    return names.every(
      (name) =>
        this.optional(facts.names, name) && this.goalsOf(facts, name).every((goal) => this.holds(goal, value[name])),
    )
  }

  /** Whether a name is one of those of which some property must be. */
  isSome({ not, notPatterns, pattern, names }: SomeProperty, name: string): boolean {
    if (not.has(name) || notPatterns.some((other) => this.reading.test(other, name))) return false
    return (pattern === undefined || this.reading.test(pattern, name)) && this.optional(names, name)
  }

  /** What a schema by itself asks of the property with this name. */
  goalsOf(facts: Facts, name: string): Goal[] {
    const named = facts.properties.get(name)
    const matching = facts.patterns.filter(([pattern]) => this.reading.test(pattern, name)).map(([, goal]) => goal)
    const goals = named ? [named, ...matching] : matching
    return goals.length === 0 && facts.others ? [facts.others] : goals
  }

  private optional(goal: Goal | undefined, value: unknown): boolean {
    return goal === undefined || this.holds(goal, value)
  }

  private literal({ schema, negated }: Literal, value: unknown): boolean {
    return (this.check(schema, value) !== undefined) !== negated
  }

  /** What the schema has evaluated of a value, or undefined where the value does not satisfy it. */
  private check(schema: Schema, value: unknown): Seen | undefined {
    if (typeof schema.raw === 'boolean') return schema.raw ? NOTHING_SEEN : undefined
    checkLoops(schema, this.reading)
    if (++this.depth > MOST_NESTED)
      throw tooComplex(schema.path, 'constant values under schemas that are nested too deeply')
    const seen = this.checkObject(schema, value)
    this.depth--
    return seen
  }

  private checkObject(schema: Schema, value: unknown): Seen | undefined {
    const facts = this.reading.factsOf(schema)
    if (!this.factsHold(facts, value)) return undefined
    const applicators = applicatorsOf(schema, this.reading)
    const seen = applicators === undefined ? [] : this.combined(applicators, value)
    if (!seen || !this.reading.schemas.document.evaluates) return seen && NOTHING_SEEN
    const own = joined([this.seenBy(facts, value), ...seen])
    return applicators?.unevaluated === undefined ? own : this.unevaluated(applicators, value, own)
  }

  /** What all schemas that apply to the value itself have evaluated. */
  private combined(applicators: Applicators, value: unknown): Seen[] | undefined {
    const seen: Seen[] = []
    const all = (goals: readonly Goal[]): boolean =>
      goals.every((goal) => {
        const found = this.seen(goal, value)
        if (found) seen.push(found)
        return found !== undefined
      })
    if (!all(applicators.all)) return undefined
    for (const { goals, exactly } of applicators.some) {
      const found = goals.map((goal) => this.seen(goal, value)).filter((one) => one !== undefined)
      if (exactly ? found.length !== 1 : found.length === 0) return undefined
      seen.push(...found)
    }
    if (applicators.not && this.holds(applicators.not, value)) return undefined
    for (const { condition, then, otherwise } of applicators.conditions) {
      const met = this.seen(condition, value)
      if (met) seen.push(met)
      if (!all([met ? then : otherwise])) return undefined
    }
    for (const { name, goal, required } of applicators.dependent) {
      if (!isJsonObject(value) || !Object.hasOwn(value, name)) continue
      if (!required.every((other) => Object.hasOwn(value, other)) || !all([goal])) return undefined
    }
    return seen
  }

  private seen(goal: Goal, value: unknown): Seen | undefined {
    const seen = goal.literals.map(({ schema, negated }) =>
      negated ? (this.check(schema, value) ? undefined : NOTHING_SEEN) : this.check(schema, value),
    )
    return seen.every((one) => one !== undefined) ? joined(seen) : undefined
  }

  private seenBy(facts: Facts, value: unknown): Seen {
    if (isJsonObject(value)) {
      const { properties, patterns } = facts
      const names = Object.keys(value).filter(
        (name) => properties.has(name) || patterns.some(([pattern]) => this.reading.test(pattern, name)),
      )
      return { ...NOTHING_SEEN, names: new Set(names), everyName: facts.others !== undefined }
    }
    if (!Array.isArray(value)) return NOTHING_SEEN
    const list = value as readonly unknown[]
    const { contains } = facts
    const indices = contains ? list.flatMap((item, i) => (this.holds(contains.goal, item) ? [i] : [])) : []
    return { ...NOTHING_SEEN, items: facts.items ? Infinity : facts.prefix.length, indices: new Set(indices) }
  }

  private unevaluated({ unevaluated }: Applicators, value: unknown, seen: Seen): Seen | undefined {
    const { properties, items } = unevaluated!
    if (properties && isJsonObject(value)) {
      const left = seen.everyName ? [] : Object.keys(value).filter((name) => !seen.names.has(name))
      return left.every((name) => this.holds(properties, value[name])) ? { ...seen, everyName: true } : undefined
    }
    if (items && Array.isArray(value)) {
      const left = (value as unknown[]).filter((_, i) => i >= seen.items && !seen.indices.has(i))
      return left.every((item) => this.holds(items, item)) ? { ...seen, items: Infinity } : undefined
    }
    return seen
  }
}

function joined(all: readonly Seen[]): Seen {
  if (all.length === 1) return all[0]!
  return {
    names: new Set(all.flatMap((one) => [...one.names])),
    everyName: all.some((one) => one.everyName),
    items: Math.max(0, ...all.map((one) => one.items)),
    indices: new Set(all.flatMap((one) => [...one.indices])),
  }
}

function numberHolds({ minimum, maximum, steps, notSteps }: Facts, value: number): boolean {
  if (!minimum && !maximum && steps.length === 0 && notSteps.length === 0) return true
  const decimal = decimalOf(value)
  if (minimum && compareDecimals(decimal, minimum) < 0) return false
  if (maximum && compareDecimals(decimal, maximum) > 0) return false
  return steps.every((step) => isMultiple(decimal, step)) && !notSteps.some((step) => isMultiple(decimal, step))
}
