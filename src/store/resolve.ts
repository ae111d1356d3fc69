/** From a name to a model on this machine: what is there is taken, else the sources are tried in their order. */
import type { FileSet } from '../checkpoint/files/source.js'
import { UserError } from '../errors.js'
import type { ListedFile, Listing } from './listing.js'
import { nearestNames, type NamedModel } from './names/named.js'
import { openStore } from './open.js'
import type { ModelReference } from './reference-types.js'
import type { PullOptions, Store, StoredModel, StoreOptions } from './store.js'
import { nameOf } from './wording.js'

/** A model that a hub has, before a byte of it is fetched. */
export interface Offer {
  readonly reference: ModelReference
  readonly name: string
  readonly listing: Listing
  /** Those that would be fetched. */
  readonly files: readonly ListedFile[]
  readonly bytes: number
  /** Its config and headers, read from the hub. */
  open(): FileSet
}

export interface ResolveOptions extends PullOptions {
  /** Looks at what would be fetched; it throws where that is of no use, such as a model that does not fit the memory. */
  readonly admit?: ((offer: Offer) => Promise<void>) | undefined
  /** Something that a person should know: which source is taken in place of which. */
  readonly onNote?: ((note: string) => void) | undefined
  /** Asks the hub although the model is here, for its newest revision. */
  readonly refresh?: boolean | undefined
}

export { openStore }

type Model = Extract<NamedModel, { kind: 'model' }>

/** With another source to continue with, one that does not answer is not waited for. */
const IMPATIENT = { tries: 2 }
/** What another source may help against. */
const OF_THE_SOURCE: ReadonlySet<string> = new Set([
  'network',
  'model_not_found',
  'access_denied',
  'unsupported_platform',
])

/** A complete model on this machine by any of its sources. Asks no server. */
export async function findModel(store: Store, { references }: Model): Promise<StoredModel | undefined> {
  for (const reference of references) {
    const found = await store.find(reference)
    if (found) return found
  }
  return undefined
}

/**
 * The model on this machine, fetched where it is not there yet.
 * @throws UserError of the first source, when none has it
 */
export async function resolveModel(
  options: StoreOptions,
  model: Model,
  asked: ResolveOptions = {},
): Promise<StoredModel> {
  const store = openStore(options)
  const found = asked.refresh ? undefined : await findModel(store, model)
  if (found) return found
  if (asked.offline) return store.pull(model.references[0]!, asked)
  return firstSource(options, model, asked, (asking, reference) => fetchFrom(asking, store, reference, asked))
}

/** The work at the first source that can do it. */
async function firstSource<T>(
  options: StoreOptions,
  model: Model,
  { onNote }: ResolveOptions,
  work: (store: Store, reference: ModelReference) => Promise<T>,
): Promise<T> {
  const failures: UserError[] = []
  const silent = new Set<ModelReference['source']>()
  for (const [i, reference] of model.references.entries()) {
    const isLast = i === model.references.length - 1
    // A hub that does not answer has no other model either.
    if (silent.has(reference.source)) continue
    try {
      if (failures.length > 0) onNote?.(`${sentences(failures.at(-1)!)[0]}\ntrying ${nameOf(reference)}`)
      return await work(openStore(isLast ? options : { ...options, patience: IMPATIENT }), reference)
    } catch (error) {
      if (!(error instanceof UserError) || !OF_THE_SOURCE.has(error.code)) throw error
      failures.push(error)
      if (error.code === 'network') silent.add(reference.source)
    }
  }
  throw allFailed(model, failures)
}

/**
 * What would be fetched for a model, of the first source that has it; nothing is fetched but its list of files.
 * @throws UserError of the first source, when none has it
 */
export function offerOf(options: StoreOptions, model: Model, asked: ResolveOptions = {}): Promise<Offer> {
  return firstSource(options, model, asked, (store, reference) => offered(store, reference, asked))
}

async function offered(store: Store, reference: ModelReference, { signal, token }: ResolveOptions): Promise<Offer> {
  const listing = await store.listing(reference, { signal, token })
  const files = store.chosen(listing, reference.tag)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  return { reference, name: nameOf(reference), listing, files, bytes, open: () => store.remote(listing, files) }
}

async function fetchFrom(
  asking: Store,
  store: Store,
  reference: ModelReference,
  asked: ResolveOptions,
): Promise<StoredModel> {
  const { admit, include, exclude } = asked
  const offer = await offered(asking, reference, asked)
  // What patterns choose need not be a model.
  if (include === undefined && exclude === undefined) await admit?.(offer)
  return store.pull(reference, asked)
}

function sentences({ message }: UserError): string[] {
  return message.split(/(?<=\.) (?=[A-Z]|https?:)/)
}

function allFailed(model: Model, failures: readonly UserError[]): UserError {
  const [first, ...others] = failures
  if (!first) return new UserError(`${model.name}: no source is known`, 'model_not_found')
  const near = first.code === 'model_not_found' ? nearestNames(model.name).filter((name) => name !== model.name) : []
  // Several hubs that do not answer give the same advice.
  const told = new Set(sentences(first))
  const advice = [
    ...others.flatMap(sentences).filter((sentence) => !told.has(sentence) && told.add(sentence)),
    ...(near.length > 0 ? [`The nearest that is known: ${near.join(', ')}.`] : []),
  ]
  if (advice.length === 0) return first
  const { code, at, path, remedies } = first
  return new UserError([first.fault, ...advice].join(' '), code, { at, path, remedies, cause: first })
}
