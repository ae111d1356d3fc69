/** Which alternatives exclude each other, as the schemas of a oneOf mostly do: by a type, a constant, or a tag. */
import { joined, type Alternative, type Compared } from './alternatives.js'
import { itemGoal, type ElementTools } from './elements.js'
import { propertyGoal, type MemberTools } from './members.js'
import type { Goal } from './reading/schemas.js'
import { ARRAY, keyOf, OBJECT } from './reading/values.js'

/** What alternatives are compared with. */
export interface ComparisonTools extends MemberTools, ElementTools {
  alternativesOf(goal: Goal): readonly Alternative[]
  /** The values of a goal of which a schema lists them itself. */
  fixedValues(goal: Goal): readonly unknown[] | undefined
  /** The listed values that an alternative allows. */
  valuesUnder(one: Alternative): readonly unknown[]
}

/** So deep two alternatives are compared. */
const COMPARED_DEPTH = 3
const MOST_COMPARED = 16
/** Comparisons within comparisons: schemas that refer to themselves may ask for ever more of them. */
const MOST_OPEN = 2

export class Comparison implements Compared {
  private open = 0
  private readonly tagsOf = new Map<Goal, ReadonlySet<string> | undefined>()

  constructor(private readonly tools: ComparisonTools) {}

  /** Whether no value can be as both say, for reasons that are found quickly. */
  excludes(a: Alternative, b: Alternative): boolean {
    if ((a.types & b.types) === 0) return true
    if (a.types === OBJECT && b.types === OBJECT && this.tagged(a, b)) return true
    const both = joined(a, b)
    if (both === undefined) return true
    if (this.open === MOST_OPEN) return false
    this.open++
    try {
      return this.impossible(both, COMPARED_DEPTH)
    } finally {
      this.open--
    }
  }

  /** Whether a property that both require has fixed values, none of them in common. */
  private tagged(a: Alternative, b: Alternative): boolean {
    return a.facts.some((own) =>
      own.required.some((name) => {
        const [x, y] = [this.tags(a, name), this.tags(b, name)]
        return x !== undefined && y !== undefined && ![...x].some((key) => y.has(key))
      }),
    )
  }

  /** By labels that differ where alternatives exclude each other, those that may not. */
  indexed(each: readonly (readonly Alternative[])[]): (one: Alternative) => readonly number[] {
    const tag = this.tagName(each.flat().find(({ types }) => types === OBJECT))
    const labelled = new Map<string, Set<number>>()
    const all = each.map((_, i) => i)
    const others = new Set<number>()
    for (const [i, own] of each.entries())
      for (const one of own) {
        const labels = this.labels(one, tag)
        if (!labels) others.add(i)
        for (const label of labels ?? []) {
          const known = labelled.get(label)
          if (known) known.add(i)
          else labelled.set(label, new Set([i]))
        }
      }
    return (one) => {
      const labels = this.labels(one, tag)
      if (!labels) return all
      return [...new Set([...others, ...labels.flatMap((label) => [...(labelled.get(label) ?? [])])])]
    }
  }

  /** A required property that has fixed values. */
  private tagName(one: Alternative | undefined): string | undefined {
    return one?.facts.flatMap((own) => own.required).find((name) => this.tags(one, name) !== undefined)
  }

  private labels(one: Alternative, tag: string | undefined): readonly string[] | undefined {
    const fixed = one.facts.find((own) => own.values)
    if (fixed && (one.types & (ARRAY | OBJECT)) === 0)
      return fixed.values!.map((value) => `value ${keyOf(value, fixed.path)}`)
    if (tag === undefined || fixed || one.types !== OBJECT) return undefined
    const tags = one.facts.some((own) => own.required.includes(tag)) ? this.tags(one, tag) : undefined
    return tags && [...tags].map((key) => `tag ${key}`)
  }

  private tags(one: Alternative, name: string): ReadonlySet<string> | undefined {
    for (const own of one.facts) {
      const goal = own.properties.get(name)
      if (!goal) continue
      if (!this.tagsOf.has(goal)) {
        const values = this.tools.fixedValues(goal)
        this.tagsOf.set(goal, values && new Set(values.map((value) => keyOf(value, own.path))))
      }
      const tags = this.tagsOf.get(goal)
      if (tags) return tags
    }
    return undefined
  }

  private impossible(one: Alternative, depth: number): boolean {
    if (one.facts.some((own) => own.values)) return this.tools.valuesUnder(one).length === 0
    if (one.types === OBJECT) {
      const required = new Set(one.facts.flatMap((own) => own.required))
      return [...required]
        .slice(0, MOST_COMPARED)
        .some((name) => this.never(propertyGoal(one, name, this.tools), depth))
    }
    if (one.types !== ARRAY) return false
    const min = Math.max(0, ...one.facts.map((own) => own.minItems))
    const max = Math.min(...one.facts.map((own) => own.maxItems))
    if (min > max) return true
    const places = Array.from({ length: Math.min(min, MOST_COMPARED) }, (_, i) => i)
    return places.some((i) => this.never(itemGoal(one, i, this.tools), depth))
  }

  private never(goal: Goal, depth: number): boolean {
    if (goal === this.tools.reading.schemas.nothing) return true
    if (depth === 0 || goal === this.tools.reading.schemas.anything) return false
    return this.tools.alternativesOf(goal).every((one) => this.impossible(one, depth - 1))
  }
}
