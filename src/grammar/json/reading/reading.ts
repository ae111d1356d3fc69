/** A document that is being read: its schemas, what each says by itself, and its patterns. */
import { Automaton } from '../../automaton/automaton.js'
import { regexNode } from '../../text/regex.js'
import { factsOf, NO_FACTS, type Facts } from './facts.js'
import { Schemas, type Goal, type Schema } from './schemas.js'

/** Patterns are matched byte by byte, in time that grows with the text alone; no expression of a client is ever run as one. */
export class Reading {
  readonly schemas: Schemas
  private readonly facts = new Map<number, Facts>()
  private readonly automata = new Map<string, Automaton>()
  private readonly results = new Map<string, boolean>()

  constructor(
    raw: unknown,
    /** Whether every value that validates is to be written. */
    readonly complete: boolean,
  ) {
    this.schemas = new Schemas(raw)
  }

  factsOf(schema: Schema): Facts {
    if (typeof schema.raw === 'boolean') return NO_FACTS
    let facts = this.facts.get(schema.id)
    if (!facts) this.facts.set(schema.id, (facts = factsOf(schema, this.schemas)))
    return facts
  }

  /** The schema that $ref or the like leads to. */
  target(schema: Schema, keyword: string): Goal {
    const { schemas } = this
    const place = schemas.document.target(schema.raw as Exclude<Schema['raw'], boolean>, schema.path, keyword)
    const depth = place.path.split('/').length
    return schemas.goal([{ schema: schemas.of(place.raw, place.path, depth), negated: false }])
  }

  /** Whether a pattern is found in a text. */
  test(pattern: string, text: string): boolean {
    const key = `${pattern.length} ${pattern}${text}`
    let found = this.results.get(key)
    if (found === undefined) this.results.set(key, (found = accepts(this.automaton(pattern), text)))
    return found
  }

  private automaton(pattern: string): Automaton {
    let automaton = this.automata.get(pattern)
    if (!automaton) {
      automaton = new Automaton(regexNode(pattern, { quoting: 'plain', whole: false }))
      this.automata.set(pattern, automaton)
    }
    return automaton
  }
}

function accepts(automaton: Automaton, text: string): boolean {
  let state = automaton.initial
  for (const byte of new TextEncoder().encode(text)) {
    state = automaton.go(state, byte)
    if (state === 0) return false
  }
  return automaton.accepts(state)
}
