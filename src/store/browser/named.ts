/** Models by name in a page's worker: kept by the page, or fetched to it. */
import type { FileSet } from '../../checkpoint/files/source.js'
import { UserError } from '../../errors.js'
import { bytesOf } from '../choose.js'
import type { ModelReference } from '../reference-types.js'
import type { Offer, ResolveOptions } from '../resolve.js'
import { nameOf } from '../wording.js'
import { BrowserStore } from './open.js'

/** What another source of the same model may help against. */
const OF_THE_SOURCE: ReadonlySet<string> = new Set(['network', 'model_not_found', 'access_denied', 'invalid_argument'])

type PageStore = Pick<BrowserStore, 'find' | 'files' | 'pull' | 'listing' | 'chosen' | 'remote'>
type PageOptions = Pick<ResolveOptions, 'admit' | 'onProgress' | 'signal'>

/** @throws UserError of the first source, when none has it, and what `admit` throws before anything is fetched */
export async function pageFiles(
  references: readonly ModelReference[],
  { admit, ...options }: PageOptions = {},
  store: PageStore = new BrowserStore(),
): Promise<FileSet> {
  for (const reference of references) if (await store.find(reference)) return store.files(reference)
  let first: UserError | undefined
  for (const reference of references) {
    try {
      await admit?.(await offered(store, reference, options))
      await store.pull(reference, options)
      return await store.files(reference)
    } catch (error) {
      if (!(error instanceof UserError) || !OF_THE_SOURCE.has(error.code)) throw error
      first ??= error
    }
  }
  throw first ?? new UserError('expected a source of the model, found none', 'model_not_found')
}

async function offered(store: PageStore, reference: ModelReference, { signal }: PageOptions): Promise<Offer> {
  const listing = await store.listing(reference, { signal })
  const files = store.chosen(listing, reference.tag)
  const open = (): FileSet => store.remote(listing, files, { signal })
  return { reference, name: nameOf(reference), listing, files, bytes: bytesOf(files), open }
}
