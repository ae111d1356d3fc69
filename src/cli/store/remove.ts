import { UserError } from '../../errors.js'
import { openStore } from '../../store/open.js'
import type { Removed, Store } from '../../store/store.js'
import { inBytes } from '../../store/wording.js'
import { printJson } from '../model.js'
import type { ByName } from './fetch-model.js'
import { storeName } from './local-model.js'

export interface RemoveFlags {
  readonly json?: boolean
}

/** Deletes models of the cache; files that others share stay. */
export async function remove(names: readonly string[], flags: RemoveFlags): Promise<void> {
  const store = openStore()
  for (const model of names.map(storeName)) {
    const { bytes, paths } = await removed(store, model)
    if (flags.json) printJson({ name: model.name, bytes, paths })
    else process.stdout.write(`${model.name}: deleted, ${inBytes(bytes)} are free again\n`)
  }
}

/** By whichever of its sources it came. */
async function removed(store: Store, { references }: ByName): Promise<Removed> {
  let first: UserError | undefined
  for (const reference of references) {
    try {
      return await store.remove(reference)
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'model_not_found') throw error
      first ??= error
    }
  }
  throw first ?? new UserError('no such model', 'model_not_found')
}
