/** Where the schemas of a document are: identifiers, anchors and references. https://json-schema.org/draft/2020-12/json-schema-core#section-8 */
import { isJsonObject, type JsonObject } from '../../../json.js'
import type { Steps } from '../../pauses.js'
import { at, expected, refused, tooComplex } from './refusal.js'

const ONE_SCHEMA = [
  ...['additionalProperties', 'additionalItems', 'unevaluatedItems', 'unevaluatedProperties', 'items', 'contains'],
  ...['propertyNames', 'not', 'if', 'then', 'else'],
]
const SCHEMAS_BY_NAME = [
  ...['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'],
]
const LISTS_OF_SCHEMAS = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']
/** What relative identifiers are relative to. */
const BASE = 'https://schema.invalid/'
const DRAFT = /^https?:\/\/json-schema\.org\/draft/
const MOST_SCHEMAS = 200_000
/** Schemas that are read in one go. */
const PIECE = 64

/** A place in the document. */
export interface Place {
  readonly raw: unknown
  readonly path: string
}

interface Visited extends Place {
  readonly base: string
}

export class Document {
  /** Whether a schema anywhere in it asks what other schemas have evaluated. */
  evaluates = false
  /** Schemas by their identifiers, and `identifier#anchor`. */
  private readonly places = new Map<string, Place>()
  private readonly bases = new Map<unknown, string>()
  private readonly dynamic = new Map<string, Place[]>()

  constructor(
    private readonly root: unknown,
    /** A schema that stands in it, or that was made of such: its references are into the root too. */
    private readonly own: unknown = root,
  ) {}

  /**
   * Finds all schemas; to be done before anything else is asked.
   * @throws UserError invalid_grammar for identifiers that are no URIs, and drafts that are not known
   */
  *read(): Steps {
    const { root, own } = this
    this.places.set(BASE, { raw: root, path: '#' })
    const todo: Visited[] = [own, root].map((raw) => ({ raw, path: '#', base: BASE }))
    for (let visited = todo.pop(); visited; visited = todo.pop()) {
      if (this.bases.size % PIECE === PIECE - 1) yield
      const { raw } = visited
      if (!isJsonObject(raw) || this.bases.has(raw)) continue
      if (this.bases.size >= MOST_SCHEMAS) throw tooComplex('#', `more than ${MOST_SCHEMAS} schemas`)
      this.evaluates ||= Object.hasOwn(raw, 'unevaluatedProperties') || Object.hasOwn(raw, 'unevaluatedItems')
      const base = this.enter(raw, visited)
      for (const { raw: part, path } of partsOf(raw, visited.path)) todo.push({ raw: part, path, base })
    }
  }

  /** Notes the identifiers of a schema and returns its base. */
  private enter(raw: JsonObject, { path, base }: Visited): string {
    checkDraft(raw, path)
    const place = { raw, path }
    let own = base
    const id = raw['$id']
    // In draft 7, an identifier that is only a fragment is an anchor.
    if (typeof id === 'string' && id.startsWith('#')) this.places.set(base + id, place)
    else if (typeof id === 'string') {
      own = withoutFragment(resolved(id, base, at(path, '$id')))
      this.places.set(own, place)
    } else if (id !== undefined) throw expected(path, '$id', 'a text', id)
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = raw[keyword]
      if (anchor === undefined) continue
      if (typeof anchor !== 'string') throw expected(path, keyword, 'a text', anchor)
      this.places.set(`${own}#${anchor}`, place)
      if (keyword === '$dynamicAnchor') this.dynamic.set(anchor, [...(this.dynamic.get(anchor) ?? []), place])
    }
    this.bases.set(raw, own)
    return own
  }

  /** The schema that `keyword` ($ref and the like) of a schema refers to. */
  target(from: JsonObject, path: string, keyword: string): Place {
    const reference = from[keyword]
    if (typeof reference !== 'string') throw expected(path, keyword, 'a text', reference)
    if (keyword === '$recursiveRef') {
      if (reference !== '#' || this.recursive()) throw refused(path, keyword, 'this keyword is not supported')
    }
    const base = this.bases.get(from) ?? BASE
    const place = this.find(reference, base, path, keyword)
    if (keyword === '$dynamicRef') this.checkDynamic(place, path)
    return place
  }

  private find(reference: string, base: string, path: string, keyword: string): Place {
    const uri = resolved(reference, base, at(path, keyword))
    const [resource = '', fragment = ''] = uri.split(/#(.*)/s)
    const exact = this.places.get(fragment === '' ? resource : uri)
    if (exact) return exact
    const inside = this.places.get(resource)
    if (!inside)
      throw expected(path, keyword, 'a reference into the schema (#/...); no other document is loaded', reference)
    if (!fragment.startsWith('/')) throw refused(path, keyword, `${shown(reference)} is not in the schema`)
    return this.lookUp(inside, fragment, resource, () => {
      throw refused(path, keyword, `${shown(reference)} is not in the schema`)
    })
  }

  /** Follows a pointer (RFC 6901) from a place. */
  private lookUp(start: Place, pointer: string, base: string, missing: () => never): Place {
    let current = start.raw
    let path = start.path
    for (const part of pointer.split('/').slice(1)) {
      const key = decoded(part, missing).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) missing()
      current = (current as Record<string, unknown>)[key]
      path = at(path, key)
      base = this.bases.get(current) ?? base
    }
    if (isJsonObject(current) && !this.bases.has(current)) this.bases.set(current, base)
    return { raw: current, path }
  }

  /** A dynamic reference is an ordinary one where there is only one schema that it can mean. */
  private checkDynamic(place: Place, path: string): void {
    const anchor = isJsonObject(place.raw) ? place.raw['$dynamicAnchor'] : undefined
    if (typeof anchor !== 'string' || this.dynamic.get(anchor)!.length === 1) return
    throw refused(path, '$dynamicRef', `expected one schema with the $dynamicAnchor ${shown(anchor)}, found several`)
  }

  private recursive(): boolean {
    return (
      [...this.bases.keys()].some((raw) => Object.hasOwn(raw as object, '$recursiveAnchor')) || !isJsonObject(this.root)
    )
  }
}

function checkDraft(raw: JsonObject, path: string): void {
  const draft = raw['$schema']
  if (draft === undefined || (typeof draft === 'string' && DRAFT.test(draft))) return
  throw expected(path, '$schema', 'a draft of json-schema.org', draft)
}

function* partsOf(raw: JsonObject, path: string): Generator<Place> {
  for (const keyword of ONE_SCHEMA)
    if (Object.hasOwn(raw, keyword)) yield { raw: raw[keyword], path: at(path, keyword) }
  for (const keyword of SCHEMAS_BY_NAME) {
    const named = Object.hasOwn(raw, keyword) ? raw[keyword] : undefined
    if (!isJsonObject(named)) continue
    for (const name of Object.keys(named)) yield { raw: named[name], path: at(at(path, keyword), name) }
  }
  for (const keyword of LISTS_OF_SCHEMAS) {
    const list = Object.hasOwn(raw, keyword) ? raw[keyword] : undefined
    if (!Array.isArray(list)) continue
    for (const [i, part] of (list as unknown[]).entries()) yield { raw: part, path: at(at(path, keyword), i) }
  }
}

function resolved(reference: string, base: string, where: string): string {
  if (reference.startsWith('#')) return withoutFragment(base) + reference
  try {
    return new URL(reference, base).href.replace(/#$/, '')
  } catch {
    throw expected(where, undefined, 'a URI', reference)
  }
}

function withoutFragment(uri: string): string {
  return uri.replace(/#.*$/s, '')
}

function decoded(part: string, missing: () => never): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return missing()
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}
