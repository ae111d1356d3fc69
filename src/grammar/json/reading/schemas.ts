/** Schemas of a document by number, and goals: what a value must be, as the schemas that it must and must not satisfy. */
import { isJsonObject, type JsonObject } from '../../../json.js'
import { Document } from './document.js'
import { at, expected, tooComplex } from './refusal.js'

export interface Schema {
  readonly id: number
  readonly raw: boolean | JsonObject
  readonly path: string
  /** Schemas around it. */
  readonly depth: number
}

/** A schema that a value satisfies, or does not. */
export interface Literal {
  readonly schema: Schema
  readonly negated: boolean
}

/** All of its literals hold. The same literals are the same goal, so that schemas that refer to themselves come to an end. */
export interface Goal {
  readonly id: number
  readonly literals: readonly Literal[]
}

export const MOST_NESTED = 500
const MOST_GOALS = 250_000

export class Schemas {
  readonly document: Document
  readonly root: Schema
  /** Any value. */
  readonly anything: Goal
  /** No value. */
  readonly nothing: Goal
  private readonly byRaw = new Map<unknown, Schema>()
  private readonly goals = new Map<string, Goal>()
  private readonly always: Schema
  private readonly never: Schema
  private schemas = 0

  /** @param root what references are into */
  constructor(raw: unknown, root: unknown = raw) {
    this.document = new Document(root, raw)
    this.always = this.add(true, '#', 0)
    this.never = this.add(false, '#', 0)
    this.anything = this.intern('', [])
    this.nothing = this.intern('never', [{ schema: this.never, negated: false }])
    this.root = this.of(raw, '#', 0)
  }

  /** The schema `raw`, which stands at `path`. */
  of(raw: unknown, path: string, depth: number): Schema {
    if (raw === true) return this.always
    if (raw === false) return this.never
    const known = this.byRaw.get(raw)
    if (known) return known
    if (!isJsonObject(raw)) throw expected(path, undefined, 'a schema: an object, true or false', raw)
    if (depth > MOST_NESTED) throw tooComplex(path.slice(0, 200), `schemas are nested more than ${MOST_NESTED} deep`)
    return this.add(raw, path, depth)
  }

  /** What a part of a schema asks for. */
  part(of: Schema, raw: unknown, ...keys: (string | number)[]): Goal {
    return this.goal([{ schema: this.of(raw, keys.reduce<string>(at, of.path), of.depth + 1), negated: false }])
  }

  /** What all of `goals` ask for. */
  all(goals: readonly Goal[]): Goal {
    if (goals.length === 1) return goals[0]!
    return this.goal(goals.flatMap((goal) => goal.literals))
  }

  /** What does not meet the goal of one schema. */
  not(goal: Goal): Goal {
    if (goal.literals.length === 0) return this.nothing
    return this.goal(goal.literals.map(({ schema, negated }) => ({ schema, negated: !negated })))
  }

  goal(literals: readonly Literal[]): Goal {
    const kept = new Map<number, Literal>()
    for (const literal of literals) {
      const { schema, negated } = literal
      if (schema.raw === true || schema.raw === false) {
        if (schema.raw === negated) return this.nothing
        continue
      }
      const code = codeOf(literal)
      if (kept.has(code ^ 1)) return this.nothing
      kept.set(code, literal)
    }
    if (kept.size === 0) return this.anything
    const key = kept.size === 1 ? String([...kept.keys()][0]) : [...kept.keys()].sort((a, b) => a - b).join()
    return this.goals.get(key) ?? this.intern(key, [...kept.values()])
  }

  private intern(key: string, literals: readonly Literal[]): Goal {
    if (this.goals.size >= MOST_GOALS)
      throw tooComplex(literals[0]?.schema.path ?? '#', `more than ${MOST_GOALS} combinations of schemas; simplify it`)
    const goal = { id: this.goals.size, literals }
    this.goals.set(key, goal)
    return goal
  }

  private add(raw: boolean | JsonObject, path: string, depth: number): Schema {
    const schema = { id: this.schemas++, raw, path, depth }
    if (typeof raw !== 'boolean') this.byRaw.set(raw, schema)
    return schema
  }
}

/** Literals as numbers; a negated one differs in the last bit. */
export function codeOf({ schema, negated }: Literal): number {
  return schema.id * 2 + (negated ? 1 : 0)
}

/** Where a goal is asked for. */
export function pathOf(goal: Goal): string {
  return goal.literals[0]?.schema.path ?? '#'
}
