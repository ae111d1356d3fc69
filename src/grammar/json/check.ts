/** Whether values that nobody held to a schema fit it, and where they do not. Formats are hints here, as JSON Schema has them. */
import { isJsonObject, shortText } from '../../json.js'
import { Pauses } from '../pauses.js'
import { Evaluator } from './reading/evaluate.js'
import type { Facts } from './reading/facts.js'
import { Reading } from './reading/reading.js'
import { described } from './reading/refusal.js'
import type { Goal } from './reading/schemas.js'

/** What is wrong, and the names and indices that lead there. */
export interface SchemaFault {
  readonly message: string
  readonly path: readonly (string | number)[]
}

/** Faults that are named. */
const MOST_FAULTS = 5

/**
 * Reads a schema once, to check values with it.
 * @returns what is wrong with a value; nothing where it fits
 * @throws UserError invalid_grammar where the schema is malformed
 * @example
 * const check = await schemaChecker({ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] })
 * check({ a: 'x' }) // [{ path: ['a'], message: 'expected an integer; found "x"' }]
 */
export async function schemaChecker(schema: unknown): Promise<(value: unknown) => SchemaFault[]> {
  const reading = new Reading(schema, true)
  await new Pauses().run(reading.schemas.document.read())
  const root = reading.schemas.goal([{ schema: reading.schemas.root, negated: false }])
  return (value) => {
    const checker = new Checker(reading)
    checker.find(root, value, [])
    return checker.faults
  }
}

class Checker {
  readonly faults: SchemaFault[] = []
  private readonly evaluator: Evaluator

  constructor(private readonly reading: Reading) {
    this.evaluator = new Evaluator(reading)
  }

  /** Notes the innermost places at which a value does not fit. */
  find(goal: Goal, value: unknown, path: SchemaFault['path']): void {
    if (this.faults.length >= MOST_FAULTS || this.evaluator.holds(goal, value)) return
    const before = this.faults.length
    for (const { schema, negated } of goal.literals) {
      if (negated || typeof schema.raw === 'boolean') continue
      this.inside(this.reading.factsOf(schema), value, path)
      // A reference says nothing by itself.
      if (typeof schema.raw['$ref'] === 'string') this.find(this.reading.target(schema, '$ref'), value, path)
    }
    if (this.faults.length > before) return
    const [first] = goal.literals
    this.faults.push({ path, message: `expected ${wanted(first?.schema.raw)}; found ${described(value)}` })
  }

  private inside(facts: Facts, value: unknown, path: SchemaFault['path']): void {
    if (Array.isArray(value)) {
      value.forEach((item: unknown, i) => {
        const goal = facts.prefix[i] ?? facts.items
        if (goal) this.find(goal, item, [...path, i])
      })
    } else if (isJsonObject(value)) {
      for (const name of facts.required)
        if (!Object.hasOwn(value, name)) this.faults.push({ path: [...path, name], message: 'is missing' })
      for (const [name, item] of Object.entries(value)) {
        if (facts.names && !this.evaluator.holds(facts.names, name))
          this.faults.push({ path, message: `${described(name)} is no name of a property here` })
        for (const goal of this.evaluator.goalsOf(facts, name))
          if (goal === this.reading.schemas.nothing)
            this.faults.push({ path: [...path, name], message: 'is not known' })
          else this.find(goal, item, [...path, name])
      }
    }
  }
}

/** What a schema asks for, in a few words: a type, values, or its keywords. */
function wanted(raw: unknown): string {
  if (!isJsonObject(raw)) return 'nothing'
  if ('const' in raw) return shortText(raw['const'])
  if (Array.isArray(raw['enum'])) return `one of ${shortText(raw['enum'])}`
  const type = [raw['type'] ?? []].flat().map(String).join(' or ')
  const bounds = Object.entries(raw).filter(([key]) => BOUNDS.has(key))
  const text = [type, ...bounds.map(([key, bound]) => `${key} ${shortText(bound)}`)].filter((part) => part !== '')
  return text.length > 0 ? text.join(', ') : 'what the schema says'
}

const BOUNDS = new Set([
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'pattern'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
])
