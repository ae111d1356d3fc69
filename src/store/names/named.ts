import { distance } from 'fastest-levenshtein'
import { MINI } from '../../checkpoint/files/mini.js'
import { UserError } from '../../errors.js'
import { percentDecoded } from '../../percent.js'
import type { ModelReference } from '../reference-types.js'
import { catalogue, catalogueModel, sourcesOf, type CatalogueModel } from './catalogue.js'
import { nameOf } from '../wording.js'
import { isPath, parseReference } from './reference.js'

/** What a text names: a place that is read where it is, or a model that the store has or can get. */
export type NamedModel =
  | { readonly kind: 'place'; readonly place: string }
  | {
      readonly kind: 'model'
      readonly name: string
      /** In the order in which they are tried. */
      readonly references: readonly ModelReference[]
      readonly entry?: CatalogueModel
    }

/** `name:tag`, as in the catalogue; whatever else has this form is a name that is not there. */
const TAGGED = /^[A-Za-z][\w.-]*:[\w.-]+$/
/** `models/`: one word that ends so is no prompt. */
const FOLDER = /^[^\s:]+\/$/
/** Of a scheme that nothing here reads. */
const ADDRESS = /^([a-z][a-z0-9+.-]*):\/\/\S*$/i
/** `registry.example.org/library/name:tag`. */
const OF_REGISTRY = /^[\w-]+(?:\.[\w-]+)+\/[^\s:]+:[\w.-]+$/
/** Shorter words are near to anything. */
const SHORTEST_TYPO = 4
const SHORTEST_BEGINNING = 5

/**
 * What a text names. Undefined for a text that is no name, such as a prompt.
 * @param exists whether there is something on the disk: what is there comes first
 * @throws UserError for a name that is not there, with the nearest one, and for a reference that is written wrongly
 */
export function namedModel(
  text: string,
  exists: (path: string) => boolean,
  mirrors: readonly string[] = [],
): NamedModel | undefined {
  if (text === MINI || text === '') return text === '' ? undefined : { kind: 'place', place: text }
  if (exists(text) || isPath(text) || /^(?:blob|data):/.test(text)) return { kind: 'place', place: text }
  const entry = catalogueModel(text)
  if (entry) return { kind: 'model', name: entry.name, references: sourcesOf(entry), entry }
  const reference = parseReference(text, mirrors)
  if (reference) return { kind: 'model', name: nameOf(reference), references: [reference] }
  if (FOLDER.test(text)) return { kind: 'place', place: text }
  const scheme = ADDRESS.exec(text)?.[1]
  if (scheme !== undefined) throw unknownAddress(text, scheme)
  const near = nearestNames(text)
  if (!TAGGED.test(text) && !OF_REGISTRY.test(text) && near.length === 0) return undefined
  throw unknownName(text, near)
}

/** Whether a text is a name, right or misspelt, and so never a prompt. */
export function looksLikeName(text: string, exists: (path: string) => boolean): boolean {
  try {
    return namedModel(text, exists) !== undefined
  } catch (error) {
    if (error instanceof UserError) return true
    throw error
  }
}

function unknownAddress(text: string, scheme: string): UserError {
  const path =
    scheme.toLowerCase() === 'file' && URL.canParse(text) ? percentDecoded(new URL(text).pathname) : undefined
  const remedy =
    path === undefined
      ? 'expected https://, hf://, modelscope:// or ollama://, or a path'
      : `write it as a path: ${path}`
  return new UserError(`${text}: no model is read from ${scheme}:// addresses; ${remedy}`, 'invalid_argument')
}

/** A name that no catalogue has. */
export function unknownName(text: string, near: readonly string[] = nearestNames(text)): UserError {
  const nearest = near.length > 0 ? `the nearest is ${near.join(' or ')}` : 'kaiyuan models lists those that there are'
  return new UserError(`${text}: no model has this name; ${nearest}. A model of a hub is ORG/NAME.`, 'file_not_found')
}

/**
 * Names of the catalogue, or repositories, that a misspelt one may mean, nearest first.
 * @example
 * import { nearestNames } from 'kaiyuan/store'
 *
 * console.log(nearestNames('smolm2')[0]) // smollm2
 * console.log(nearestNames('Qwen/Qwen3-0.6')[0]) // Qwen/Qwen3-0.6B
 */
export function nearestNames(text: string): string[] {
  const wanted = text.toLowerCase()
  if (/\s/.test(text) || wanted.length < SHORTEST_TYPO) return []
  const known = text.includes('/')
    ? catalogue().flatMap(({ repository, gguf }) => [repository, ...(gguf ? [gguf.repository] : [])])
    : catalogue().flatMap(({ names }) => [...names])
  const far = wanted.length < 6 ? 1 : text.includes('/') ? 3 : 2
  const near = [...new Set(known)]
    .map((name) => ({ name, far: distance(wanted, name.toLowerCase()) }))
    .filter(({ far: d }) => d <= far)
    .sort((a, b) => a.far - b.far)
  if (near.length > 0) return near.slice(0, 2).map(({ name }) => name)
  if (wanted.length < SHORTEST_BEGINNING) return []
  return known.filter((name) => name.startsWith(wanted)).slice(0, 2)
}
