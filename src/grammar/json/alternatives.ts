/**
 * What schemas that combine others allow, as alternatives: each is facts that all hold. All of anyOf and the like are taken
 * apart here, so that only facts about a value of one type are left.
 */
import { UserError } from '../../errors.js'
import type { Steps } from '../pauses.js'
import { applicatorsOf, checkLoops, type Applicators } from './reading/applicators.js'
import { compareDecimals } from './numbers/decimals.js'
import { NO_FACTS, type Facts } from './reading/facts.js'
import { beyond, violated, violations } from './negations.js'
import type { Reading } from './reading/reading.js'
import { refused, tooComplex } from './reading/refusal.js'
import { codeOf, pathOf, type Goal, type Literal, type Schema } from './reading/schemas.js'
import { ALL_TYPES, ARRAY, keyOf, NUMBER, OBJECT, STRING, typeOf } from './reading/values.js'
import { decimalOf } from './numbers/decimals.js'

/** Facts that all hold. */
export interface Alternative {
  readonly types: number
  readonly facts: readonly Facts[]
  readonly scopes: readonly Scope[]
  /** Facts and scopes that count as having evaluated what they are about: not those under a `not`. */
  readonly evaluating: { readonly facts: readonly Facts[]; readonly scopes: readonly Scope[] }
}

/** unevaluatedProperties or unevaluatedItems, with what is evaluated. */
export interface Scope {
  readonly keyword: 'unevaluatedProperties' | 'unevaluatedItems'
  readonly path: string
  readonly goal: Goal
  readonly within: Alternative['evaluating']
}

/** What excludes what. */
export interface Compared {
  /** Whether two alternatives cannot both hold, for reasons that may lie deeper than their types. */
  excludes(a: Alternative, b: Alternative): boolean
  /** By number, the lists of alternatives with one of which a given one may hold together; others exclude it. */
  indexed(each: readonly (readonly Alternative[])[]): (one: Alternative) => readonly number[]
}

const MOST_ALTERNATIVES = 2_000
const MOST_SUBSETS = 6

const ANYTHING: Alternative = { types: ALL_TYPES, facts: [], scopes: [], evaluating: { facts: [], scopes: [] } }

export class Alternatives {
  private readonly known = new Map<number, readonly Alternative[]>()
  private readonly prepared = new Set<Goal>()

  constructor(
    private readonly reading: Reading,
    private readonly compared: Compared,
    /** The schema that allows just one value. */
    private readonly constant: (value: unknown, path: string) => Goal,
  ) {}

  of(goal: Goal): readonly Alternative[] {
    return this.product(
      goal.literals.map((literal) => () => this.literal(literal)),
      pathOf(goal),
    )
  }

  /**
   * Works out, in steps, what the schemas that a goal combines allow, so that {@link of} finds it known. What is wrong with one
   * is said by {@link of}, which may not come to it.
   */
  *prepare(goal: Goal): Steps {
    if (this.prepared.has(goal)) return
    this.prepared.add(goal)
    try {
      for (const { schema } of goal.literals) {
        checkLoops(schema, this.reading)
        const applicators = applicatorsOf(schema, this.reading)
        for (const part of applicators ? [...applicators.all, ...applicators.some.flatMap(({ goals }) => goals)] : []) {
          yield
          yield* this.prepare(part)
          this.of(part)
        }
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  }

  private literal(literal: Literal): readonly Alternative[] {
    const { schema, negated } = literal
    if (typeof schema.raw === 'boolean') return schema.raw === negated ? [] : [ANYTHING]
    const code = codeOf(literal)
    let known = this.known.get(code)
    if (!known) {
      checkLoops(schema, this.reading)
      known = negated ? this.violating(schema) : this.satisfying(schema)
      this.known.set(code, known)
    }
    return known
  }

  private satisfying(schema: Schema): readonly Alternative[] {
    const own = [alternative(this.reading.factsOf(schema))]
    const applicators = applicatorsOf(schema, this.reading)
    if (!applicators) return own
    const parts: (() => readonly Alternative[])[] = [() => own]
    for (const goal of applicators.all) parts.push(() => this.of(goal))
    for (const { goals, exactly } of applicators.some)
      parts.push(() => (exactly ? this.exactlyOne(goals, schema.path) : this.any(goals, schema.path)))
    const { not } = applicators
    if (not) parts.push(() => this.without(not))
    for (const { condition, then, otherwise } of applicators.conditions)
      parts.push(() => [
        ...this.both([condition, then], schema.path),
        ...this.product([() => this.without(condition), () => this.of(otherwise)], schema.path),
      ])
    for (const { name, goal, required } of applicators.dependent)
      parts.push(() => [
        absent(name, schema.path, this.reading.schemas.nothing),
        ...this.product(
          [() => [present([name], schema.path)], () => [needed(required, schema.path)], () => this.of(goal)],
          schema.path,
        ),
      ])
    const all = this.product(parts, schema.path)
    return applicators.unevaluated ? all.map((one) => scoped(one, applicators, schema.path)) : all
  }

  private violating(schema: Schema): readonly Alternative[] {
    const { path } = schema
    const facts = this.reading.factsOf(schema)
    const { facts: ways, undecidable } = violations(facts, this.reading.schemas)
    const applicators = applicatorsOf(schema, this.reading)
    const found = ways.map((way) => alternative(way))
    if (facts.values) found.push(...this.otherThan(facts.values, path))
    if (applicators) found.push(...this.notCombined(applicators, path))
    const unknown = [
      ...undecidable,
      ...Object.entries(applicators?.unevaluated ?? {}).flatMap(([kind, goal]) =>
        goal && goal !== this.reading.schemas.anything
          ? [kind === 'items' ? 'unevaluatedItems' : 'unevaluatedProperties']
          : [],
      ),
    ]
    if (unknown.length > 0 && (this.reading.complete || found.length === 0))
      throw refused(path, unknown[0], 'that this does not hold cannot be enforced; state it without not, oneOf or if')
    // Under a negation, nothing counts as evaluated.
    return found.map(hidden)
  }

  private notCombined({ all, some, not, conditions, dependent }: Applicators, path: string): readonly Alternative[] {
    const found = all.flatMap((goal) => this.without(goal))
    for (const { goals, exactly } of some) {
      found.push(
        ...this.product(
          goals.map((goal) => () => this.without(goal)),
          path,
        ),
      )
      if (exactly) for (const [a, b] of pairs(goals)) found.push(...this.both([a, b], path))
    }
    if (not) found.push(...this.of(not))
    for (const { condition, then, otherwise } of conditions) {
      found.push(...this.product([() => this.of(condition), () => this.without(then)], path))
      found.push(...this.product([() => this.without(condition), () => this.without(otherwise)], path))
    }
    for (const { name, goal, required } of dependent) {
      const there = (): readonly Alternative[] => [present([name], path)]
      for (const other of required)
        found.push(...this.product([there, () => [absent(other, path, this.reading.schemas.nothing)]], path))
      found.push(...this.product([there, () => this.without(goal)], path))
    }
    return found
  }

  private without(goal: Goal): readonly Alternative[] {
    return this.of(this.reading.schemas.not(goal)).map(hidden)
  }

  private both(goals: readonly Goal[], path: string): readonly Alternative[] {
    return this.product(
      goals.map((goal) => () => this.of(goal)),
      path,
    )
  }

  /** At least one. Where it counts what each has evaluated, those that hold together are alternatives of their own. */
  private any(goals: readonly Goal[], path: string): readonly Alternative[] {
    const each = goals.flatMap((goal) => this.of(goal))
    if (!this.reading.schemas.document.evaluates || goals.length < 2 || goals.length > MOST_SUBSETS) return each
    const several = subsets(goals).filter((subset) => subset.length > 1)
    return [...each, ...several.flatMap((subset) => this.both(subset, path))]
  }

  private exactlyOne(goals: readonly Goal[], path: string): readonly Alternative[] {
    const each = goals.map((goal) => this.of(goal))
    const candidates = this.compared.indexed(each)
    return each.flatMap((own, i) =>
      own.flatMap((one) => {
        const others = candidates(one).filter(
          (j) => j !== i && each[j]!.some((other) => !this.compared.excludes(one, other)),
        )
        const not = others.map((j) => () => this.written(this.without(goals[j]!), one))
        return this.product([() => [one], ...not], `${path}/oneOf`)
      }),
    )
  }

  /** In order, properties that stand there only because something else does not hold are not written. */
  private written(all: readonly Alternative[], beside: Alternative): readonly Alternative[] {
    if (this.reading.complete) return all
    const declared = all.filter((one) => !one.facts.some((own) => inventsNames(own, [...one.facts, ...beside.facts])))
    return declared.length > 0 ? declared : all
  }

  /** Any value but these. */
  private otherThan(values: readonly unknown[], path: string): readonly Alternative[] {
    const types = values.map(typeOf)
    const containers = values.filter((_, i) => (types[i]! & (ARRAY | OBJECT)) !== 0)
    const singles = types.reduce((bits, type) => (type & (NUMBER | STRING | ARRAY | OBJECT) ? bits : bits | type), 0)
    const around = types.reduce((bits, type) => bits | (type & (NUMBER | ARRAY | OBJECT)), 0)
    const notTexts = values.filter((value) => typeof value === 'string')
    const numbers = values.filter((value) => typeof value === 'number')
    return [
      alternative(violated(path, { types: ALL_TYPES & ~singles & ~around, notTexts })),
      ...(numbers.length > 0 ? intervals(numbers, path) : []),
      ...[ARRAY, OBJECT].flatMap((type) => {
        const own = containers.filter((value) => typeOf(value) === type)
        const others = own.map((value) => () => this.without(this.constant(value, path)))
        return own.length === 0
          ? []
          : this.product([() => [alternative(violated(path, { types: type }))], ...others], path)
      }),
    ]
  }

  /** One alternative of each part, in all combinations that may hold together. */
  private product(parts: readonly (() => readonly Alternative[])[], path: string): readonly Alternative[] {
    let all: readonly Alternative[] = [ANYTHING]
    for (const part of parts) {
      if (all.length === 0) return all
      const own = part()
      if (all.length > 1 && own.length > 1 && all.length * own.length > MOST_ALTERNATIVES * 10)
        throw tooComplex(path, `its schemas have more than ${MOST_ALTERNATIVES} combinations; simplify it`)
      const first = all
      all = own.flatMap((one) => first.map((other) => joined(other, one)).filter((both) => both !== undefined))
      if (first.length > 1 && own.length > 1 && all.length > MOST_ALTERNATIVES)
        throw tooComplex(path, `its schemas have more than ${MOST_ALTERNATIVES} combinations; simplify it`)
    }
    return all
  }
}

function alternative(facts: Facts): Alternative {
  const own = facts === NO_FACTS ? [] : [facts]
  const types = possibleTypes(own, facts.types)
  return { types, facts: own, scopes: [], evaluating: { facts: own, scopes: [] } }
}

function hidden(one: Alternative): Alternative {
  return { ...one, evaluating: { facts: [], scopes: [] } }
}

function absent(name: string, path: string, nothing: Goal): Alternative {
  return hidden(alternative({ ...NO_FACTS, path, synthetic: true, properties: new Map([[name, nothing]]) }))
}

function present(required: readonly string[], path: string): Alternative {
  return hidden(alternative(violated(path, { types: OBJECT, required })))
}

/** Properties that the schema itself asks for: they are written also where nothing else names them. */
function needed(required: readonly string[], path: string): Alternative {
  return required.length === 0 ? ANYTHING : hidden(alternative({ ...NO_FACTS, path, required }))
}

function scoped(one: Alternative, { unevaluated }: Applicators, path: string): Alternative {
  const scope = (keyword: Scope['keyword'], goal: Goal | undefined): Scope[] =>
    goal ? [{ keyword, path, goal, within: one.evaluating }] : []
  const own = [
    ...scope('unevaluatedProperties', unevaluated!.properties),
    ...scope('unevaluatedItems', unevaluated!.items),
  ]
  const evaluating = { ...one.evaluating, scopes: [...one.evaluating.scopes, ...own] }
  return { ...one, scopes: [...one.scopes, ...own], evaluating }
}

/** Both, or undefined where they exclude each other by type, number bounds or fixed values. */
export function joined(a: Alternative, b: Alternative): Alternative | undefined {
  if (a === ANYTHING) return b
  if (b === ANYTHING) return a
  const facts = united(a.facts, b.facts)
  const types = a.types & b.types & possibleTypes(facts, a.types & b.types)
  if (types === 0) return undefined
  return {
    types,
    facts,
    scopes: united(a.scopes, b.scopes),
    evaluating: {
      facts: united(a.evaluating.facts, b.evaluating.facts),
      scopes: united(a.evaluating.scopes, b.evaluating.scopes),
    },
  }
}

function united<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (b.length === 0) return a
  if (a.length === 0) return b
  return [...a, ...b.filter((one) => !a.includes(one))]
}

function possibleTypes(facts: readonly Facts[], types: number): number {
  const fixed = facts.filter((one) => one.values)
  if (fixed.length > 0) types &= typesOf(fixed)
  if ((types & NUMBER) === 0) return types
  const minima = facts.flatMap(({ minimum }) => minimum ?? [])
  const maxima = facts.flatMap(({ maximum }) => maximum ?? [])
  return minima.some((low) => maxima.some((high) => compareDecimals(low, high) > 0)) ? types & ~NUMBER : types
}

const typesOfValues = new WeakMap<readonly unknown[], number>()
const keysOfValues = new WeakMap<readonly unknown[], ReadonlySet<string>>()

/** Types of the values that all allow. */
function typesOf(fixed: readonly Facts[]): number {
  if (fixed.length === 1) {
    const { values } = fixed[0]!
    let types = typesOfValues.get(values!)
    if (types === undefined)
      typesOfValues.set(values!, (types = values!.reduce<number>((bits, value) => bits | typeOf(value), 0)))
    return types
  }
  const [first, ...others] = [...fixed].sort((a, b) => a.values!.length - b.values!.length)
  const sets = others.map(keysOf)
  const common = first!.values!.filter((value) => sets.every((set) => set.has(keyOf(value, first!.path))))
  return common.reduce<number>((bits, value) => bits | typeOf(value), 0)
}

function keysOf({ values, path }: Facts): ReadonlySet<string> {
  let keys = keysOfValues.get(values!)
  if (!keys) keysOfValues.set(values!, (keys = new Set(values!.map((value) => keyOf(value, path)))))
  return keys
}

function intervals(numbers: readonly number[], path: string): Alternative[] {
  const rising = [...new Set(numbers)].sort((a, b) => a - b).map(decimalOf)
  return Array.from({ length: rising.length + 1 }, (_, i) => {
    const [minimum, maximum] = [
      i > 0 ? beyond(rising[i - 1]!, 1) : undefined,
      i < rising.length ? beyond(rising[i]!, -1) : undefined,
    ]
    return alternative(violated(path, { types: NUMBER, minimum, maximum }))
  }).filter(({ facts }) => {
    const { minimum, maximum } = facts[0]!
    return !minimum || !maximum || compareDecimals(minimum, maximum) <= 0
  })
}

function pairs<T>(items: readonly T[]): (readonly [T, T])[] {
  return items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b] as const))
}

function subsets<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>((all, item) => [...all, ...all.map((subset) => [...subset, item])], [[]])
}

/** Whether facts require properties that no schema declares. */
export function inventsNames(own: Facts, all: readonly Facts[]): boolean {
  return own.synthetic && own.required.some((name) => !all.some((other) => !other.synthetic && declares(other, name)))
}

function declares(facts: Facts, name: string): boolean {
  return (
    facts.properties.has(name) ||
    facts.required.includes(name) ||
    facts.others !== undefined ||
    facts.patterns.length > 0
  )
}
