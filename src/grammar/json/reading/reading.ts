/** A document that is being read: its schemas, what each says by itself, and its patterns. */
import { Automaton } from '../../automaton/automaton.js'
import type { Node } from '../../syntax/nodes.js'
import { regexNode } from '../../text/regex.js'
import { factsOf, NO_FACTS, type Facts } from './facts.js'
import { at, locatedIn } from './refusal.js'
import { Schemas, type Goal, type Schema } from './schemas.js'

/** Patterns are matched byte by byte, in time that grows with the text alone; no expression of a client is ever run as one. */
export class Reading {
  readonly schemas: Schemas
  private readonly facts = new Map<number, Facts>()
  private readonly automata = new Map<string, Automaton>()
  /** Where each pattern is. */
  private readonly places = new Map<string, string>()
  private readonly nodes = new Map<string, Node>()
  private readonly results = new Map<string, boolean>()

  constructor(
    raw: unknown,
    /** Whether every value that validates is to be written. */
    readonly complete: boolean,
    /** What references are into. */
    root: unknown = raw,
  ) {
    this.schemas = new Schemas(raw, root)
  }

  factsOf(schema: Schema): Facts {
    if (typeof schema.raw === 'boolean') return NO_FACTS
    let facts = this.facts.get(schema.id)
    if (!facts) {
      facts = factsOf(schema, this.schemas)
      this.facts.set(schema.id, facts)
      if (facts.pattern !== undefined) this.places.set(facts.pattern, at(schema.path, 'pattern'))
      for (const [pattern] of facts.patterns)
        this.places.set(pattern, at(at(schema.path, 'patternProperties'), pattern))
    }
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
    if (found === undefined) this.results.set(key, (found = this.automaton(pattern).matches(text)))
    return found
  }

  /** The texts in which a pattern is found, as JSON writes them. */
  patternNode(pattern: string): Node {
    let node = this.nodes.get(pattern)
    if (!node) {
      node = this.locate(pattern, () => regexNode(pattern, { quoting: 'json', whole: false }))
      this.nodes.set(pattern, node)
    }
    return node
  }

  private locate<T>(pattern: string, make: () => T): T {
    return locatedIn(this.places.get(pattern) ?? '#', make)
  }

  private automaton(pattern: string): Automaton {
    let automaton = this.automata.get(pattern)
    if (!automaton) {
      automaton = this.locate(pattern, () => new Automaton(regexNode(pattern, { quoting: 'plain', whole: false })))
      this.automata.set(pattern, automaton)
    }
    return automaton
  }
}
