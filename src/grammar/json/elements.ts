/** Arrays: what their items must be. */
import type { Alternative } from './alternatives.js'
import type { Evaluator } from './reading/evaluate.js'
import type { Contains } from './reading/facts.js'
import type { Reading } from './reading/reading.js'
import { refused, tooComplex } from './reading/refusal.js'
import type { Goal } from './reading/schemas.js'
import { keyOf } from './reading/values.js'

export interface ArrayShape {
  readonly kind: 'array'
  readonly path: string
  readonly prefix: readonly Goal[]
  /** Of the items after the prefix. */
  readonly rest: Goal
  readonly min: number
  readonly max: number
  readonly contains: readonly Contains[]
}

/** Different values in any order. */
export interface SetShape {
  readonly kind: 'set'
  readonly values: readonly unknown[]
  readonly min: number
  readonly max: number
}

export interface ElementTools {
  readonly reading: Reading
  readonly evaluator: Evaluator
  /** All values that a goal allows, where they are few and named. */
  valuesOf(goal: Goal): readonly unknown[] | undefined
  /** The goal of the values that meet one of several. */
  anyOf(goals: readonly Goal[], path: string): Goal
}

const MOST_LISTED = 2_000

/** What the item at a place must be under an alternative. */
export function itemGoal(one: Alternative, index: number, tools: ElementTools): Goal {
  const { schemas } = tools.reading
  const goals = one.facts.flatMap(({ prefix, items }) => (index < prefix.length ? prefix[index]! : (items ?? [])))
  for (const { keyword, goal, within, path } of one.scopes) {
    if (keyword !== 'unevaluatedItems' || within.scopes.some((inner) => inner.keyword === keyword)) continue
    if (within.facts.some(({ items, prefix }) => items !== undefined || index < prefix.length)) continue
    // What contains matches is evaluated.
    const contained = within.facts.flatMap(({ contains }) => contains?.goal ?? [])
    goals.push(contained.length === 0 ? goal : tools.anyOf([...contained, goal], path))
  }
  return schemas.all(goals)
}

/** The arrays of an alternative; none where no array is possible. */
export function arrayShapes(
  one: Alternative,
  tools: ElementTools,
): readonly (ArrayShape | SetShape | readonly unknown[])[] {
  const { facts } = one
  const { schemas } = tools.reading
  const path = facts[0]?.path ?? '#'
  const size = Math.max(0, ...facts.map(({ prefix }) => prefix.length))
  const min = Math.max(0, ...facts.map((own) => own.minItems))
  let max = Math.min(Infinity, ...facts.map((own) => own.maxItems))
  const prefix = Array.from({ length: size }, (_, i) => itemGoal(one, i, tools))
  const rest = itemGoal(one, size, tools)
  const closed = prefix.indexOf(schemas.nothing)
  if (closed >= 0) max = Math.min(max, closed)
  else if (rest === schemas.nothing) max = Math.min(max, size)
  if (min > max) return []
  const contains = facts.flatMap((own) => (own.contains && isNeeded(own.contains) ? own.contains : []))
  if (contains.some((own) => own.min > own.max)) return []
  const shape: ArrayShape = { kind: 'array', path, prefix: prefix.slice(0, max), rest, min, max, contains }
  const unique = facts.find((own) => own.unique)
  if (!unique || max <= 1) return [shape]
  return uniqueShapes(shape, unique.path, tools)
}

function isNeeded({ min, max }: Contains): boolean {
  return min > 0 || max < Infinity
}

/** Arrays without equal items: only where all items can be listed. */
function uniqueShapes(
  shape: ArrayShape,
  path: string,
  tools: ElementTools,
): readonly (SetShape | readonly unknown[])[] {
  const { prefix, rest, min, contains } = shape
  const values = tools.valuesOf(rest)
  const max = Math.min(shape.max, values ? prefix.length + values.length : Infinity)
  if (prefix.length === 0 && contains.length === 0 && values)
    return values.length < min ? [] : [{ kind: 'set', values, min, max }]
  const each = prefix.map((goal) => tools.valuesOf(goal))
  if (each.includes(undefined) || (!values && max > prefix.length))
    throw refused(
      path,
      'uniqueItems',
      'expected items of which all values are listed (enum, const, boolean); others cannot be enforced',
    )
  const all = listed(each as (readonly unknown[])[], values ?? [], max, path)
  return all.filter((list) => list.length >= min && contains.every((own) => satisfied(own, list, tools)))
}

function satisfied({ goal, min, max, from }: Contains, list: readonly unknown[], { evaluator }: ElementTools): boolean {
  const found = list.slice(from).filter((value) => evaluator.holds(goal, value)).length
  return found >= min && found <= max
}

/** All arrays of up to `max` different values: first one of each list, then of `rest`. */
function listed(
  prefix: readonly (readonly unknown[])[],
  rest: readonly unknown[],
  max: number,
  path: string,
): readonly unknown[][] {
  const all: unknown[][] = [[]]
  let last: unknown[][] = [[]]
  for (let i = 0; i < max && last.length > 0; i++) {
    const values = prefix[i] ?? rest
    last = last.flatMap((list) => {
      const used = new Set(list.map((value) => keyOf(value, path)))
      return values.filter((value) => !used.has(keyOf(value, path))).map((value) => [...list, value])
    })
    all.push(...last)
    if (all.length > MOST_LISTED) throw tooComplex(`${path}/uniqueItems`, `more than ${MOST_LISTED} different arrays`)
  }
  return all
}
