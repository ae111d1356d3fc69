/** What a goal allows, type by type: the step between schemas and nodes. */
import { atOnce, type Steps } from '../pauses.js'
import { choice, NEVER, text, type Node } from '../syntax/nodes.js'
import { Alternatives, inventsNames, type Alternative } from './alternatives.js'
import { Comparison } from './compare.js'
import { arrayShapes, itemGoal, type ArrayShape, type ElementTools, type SetShape } from './elements.js'
import { Evaluator } from './reading/evaluate.js'
import { objectShapes, propertyGoal, type MemberTools, type ObjectShape } from './members.js'
import type { JsonOptions } from './style/options.js'
import { Reading } from './reading/reading.js'
import { pathOf, type Goal } from './reading/schemas.js'
import { booleans, Leaves, singles } from './leaves.js'
import { escaped } from './strings.js'
import {
  ALL_TYPES,
  ARRAY,
  BOOLEAN,
  constantSchema,
  keyOf,
  NULL,
  NUMBER,
  OBJECT,
  STRING,
  typeOf,
} from './reading/values.js'

/** Texts that need no other goals. */
export interface LeafShape {
  readonly kind: 'leaf'
  readonly node: Node
}

/** An array or an object. */
export interface ConstantShape {
  readonly kind: 'constant'
  readonly value: unknown
}

export type Shape = LeafShape | ConstantShape | ArrayShape | SetShape | ObjectShape

/** Values that are looked at in one go. */
const PIECE = 64
/** Keywords next to which every listed value is allowed. */
const LISTING = new Set(['enum', 'title', 'description', 'default'])

export class Shapes implements MemberTools, ElementTools {
  readonly reading: Reading
  readonly evaluator: Evaluator
  private readonly alternatives: Alternatives
  private readonly leaves: Leaves
  private readonly constants = new Map<string, Goal>()
  private readonly unions = new Map<string, Goal>()

  constructor(schema: unknown, options: JsonOptions, root: unknown = schema) {
    this.reading = new Reading(schema, options.properties === 'any', root)
    this.leaves = new Leaves(options)
    this.evaluator = new Evaluator(this.reading)
    this.alternatives = new Alternatives(this.reading, new Comparison(this), (value, path) =>
      this.constant(value, path),
    )
  }

  alternativesOf(goal: Goal): readonly Alternative[] {
    return this.alternatives.of(goal)
  }

  /** All ways to meet a goal other than anything; none where there are none. In steps between which others may run. */
  *steps(goal: Goal): Steps<readonly Shape[]> {
    yield
    const fixed = yield* this.fixed(goal)
    if (fixed) return yield* this.constantShapes(fixed, pathOf(goal))
    yield
    yield* this.alternatives.prepare(goal)
    const shapes: Shape[] = []
    const values: unknown[] = []
    for (const [i, one] of this.meant(this.alternatives.of(goal)).entries()) {
      if (i % PIECE === 0) yield
      if (one.facts.some((own) => own.values)) for (const value of yield* this.under(one)) values.push(value)
      else shapes.push(...(yield* this.shapesUnder(one)))
    }
    return [...shapes, ...(yield* this.constantShapes(values, pathOf(goal)))]
  }

  /** The alternatives that are written, with the types that their keywords are about where they name none. */
  private meant(all: readonly Alternative[]): readonly Alternative[] {
    if (this.reading.complete) return all
    const typed = all.map((one) => {
      if (one.types !== ALL_TYPES || one.facts.some((own) => own.typed)) return one
      const implied = one.facts.reduce((bits, own) => bits | own.implied, 0)
      return implied === 0 ? one : { ...one, types: implied }
    })
    // Properties that only stand there because something else does not hold are not worth writing.
    const declared = typed.filter((one) => !one.facts.some((own) => inventsNames(own, one.facts)))
    return declared.length > 0 ? declared : typed
  }

  private *shapesUnder(one: Alternative): Steps<Shape[]> {
    const { types } = one
    const shapes: Shape[] = []
    if (types & NULL) shapes.push(leaf(text('null')))
    if (types & BOOLEAN) shapes.push(leaf(booleans(types)))
    if (types & NUMBER) shapes.push(leaf(this.leaves.number(one.facts)))
    if (types & STRING) shapes.push(leaf(this.leaves.string(one.facts)))
    if (types & ARRAY)
      for (const shape of arrayShapes(one, this))
        if ('kind' in shape) shapes.push(shape)
        else shapes.push({ kind: 'constant', value: shape })
    if (types & OBJECT) shapes.push(...(yield* objectShapes(one, this)))
    return shapes.filter((shape) => shape.kind !== 'leaf' || shape.node !== NEVER)
  }

  private *constantShapes(values: readonly unknown[], path: string): Steps<Shape[]> {
    const shapes: Shape[] = []
    const texts: Node[] = []
    const seen = new Set<string>()
    for (const [i, value] of values.entries()) {
      if (i % PIECE === 0) yield
      const key = keyOf(value, path)
      if (seen.has(key)) continue
      seen.add(key)
      if (typeof value === 'object' && value !== null) shapes.push({ kind: 'constant', value })
      else texts.push(text(key))
    }
    return texts.length === 0 ? shapes : [leaf(choice(texts)), ...shapes]
  }

  /** The goal that only a value equal to this one meets. */
  constant(value: unknown, path: string): Goal {
    const key = keyOf(value, path)
    let goal = this.constants.get(key)
    if (!goal) {
      const { schemas } = this.reading
      const schema = schemas.of(constantSchema(value), path, 0)
      this.constants.set(key, (goal = schemas.goal([{ schema, negated: false }])))
    }
    return goal
  }

  anyOf(goals: readonly Goal[], path: string): Goal {
    const { schemas } = this.reading
    const key = goals.map((goal) => goal.id).join()
    let goal = this.unions.get(key)
    if (!goal) {
      // Not of the goals, which may have several literals: of schemas that say the same.
      const anyOf = goals.map(({ literals }) => ({
        allOf: literals.map(({ schema, negated }) => (negated ? { not: schema.raw } : schema.raw)).concat([true]),
      }))
      goal = schemas.goal([{ schema: schemas.of({ anyOf }, path, 0), negated: false }])
      this.unions.set(key, goal)
    }
    return goal
  }

  textsOf(goal: Goal): readonly string[] | undefined {
    return this.valuesOf(goal, STRING)?.filter((value) => typeof value === 'string')
  }

  /** All values of some types that meet a goal, where they are listed. */
  valuesOf(goal: Goal, types = ALL_TYPES): readonly unknown[] | undefined {
    const fixed = this.fixedValues(goal)
    if (fixed) return unlike(fixed, pathOf(goal))
    const values: unknown[] = []
    for (const one of this.alternatives.of(goal)) {
      if (one.facts.some((own) => own.values)) values.push(...this.valuesUnder(one))
      else if (one.types & types & ~(NULL | BOOLEAN)) return undefined
      else values.push(...singles(one.types & types))
    }
    return unlike(values, pathOf(goal))
  }

  contentOf(goal: Goal): Node {
    const parts: Node[] = []
    for (const one of this.alternatives.of(goal)) {
      if ((one.types & STRING) === 0) continue
      if (one.facts.some((own) => own.values))
        for (const value of this.valuesUnder(one)) parts.push(typeof value === 'string' ? escaped(value) : NEVER)
      else parts.push(this.leaves.content(one.facts))
    }
    return choice(parts)
  }

  /** The values of a goal of which a schema lists them itself. */
  fixedValues(goal: Goal): readonly unknown[] | undefined {
    return atOnce(this.fixed(goal))
  }

  private *fixed(goal: Goal): Steps<readonly unknown[] | undefined> {
    const lists = goal.literals.flatMap(({ schema, negated }) => {
      const values = negated ? undefined : this.reading.factsOf(schema).values
      return values ? [values] : []
    })
    if (lists.length === 0) return undefined
    if (goal.literals.length === 1 && Object.keys(goal.literals[0]!.schema.raw).every((name) => LISTING.has(name)))
      return lists[0]
    const shortest = lists.reduce((a, b) => (a.length <= b.length ? a : b))
    return yield* filtered(shortest, (value) => this.evaluator.holds(goal, value))
  }

  /** The listed values that an alternative allows. */
  valuesUnder(one: Alternative): readonly unknown[] {
    return atOnce(this.under(one))
  }

  private under(one: Alternative): Steps<readonly unknown[]> {
    const { values } = one.facts.find((own) => own.values)!
    return filtered(values!, (value) => this.allows(one, value))
  }

  private allows(one: Alternative, value: unknown): boolean {
    if ((typeOf(value) & one.types) === 0 || !one.facts.every((own) => this.evaluator.factsHold(own, value)))
      return false
    if (one.scopes.length === 0 || typeof value !== 'object' || value === null) return true
    if (Array.isArray(value)) return value.every((item, i) => this.evaluator.holds(itemGoal(one, i, this), item))
    return Object.entries(value).every(([name, own]) => this.evaluator.holds(propertyGoal(one, name, this), own))
  }
}

function leaf(node: Node): LeafShape {
  return { kind: 'leaf', node }
}

function* filtered(values: readonly unknown[], allowed: (value: unknown) => boolean): Steps<readonly unknown[]> {
  const kept: unknown[] = []
  for (const [i, value] of values.entries()) {
    if (i % PIECE === 0) yield
    if (allowed(value)) kept.push(value)
  }
  return kept
}

function unlike(values: readonly unknown[], path: string): readonly unknown[] {
  return [...new Map(values.map((value) => [keyOf(value, path), value])).values()]
}
