import { existsSync } from 'node:fs'
import { UserError } from '../../errors.js'
import { draftModelOf } from '../../remote/engine-like.js'
import { namedModel, unknownName, type NamedModel } from '../../store/names/named.js'
import { hubEndpoints } from '../../store/settings.js'
import { kernelsMade } from '../early/kernels.js'
import type { LoadFlags } from '../flags.js'
import type { Ask } from './consent.js'
import type { ByName } from './fetch-model.js'

/** What a MODEL of the command line is. @throws UserError for a name that is not there, with the nearest one */
export function modelNamed(text: string): NamedModel {
  const named = namedModel(text, existsSync, hubEndpoints(process.env))
  if (named) return named
  throw unknownName(text)
}

/** The same, of a command that works on the store. @throws UserError for a place, which the store does not keep */
export function storeName(text: string): ByName {
  const named = modelNamed(text)
  if (named.kind === 'model') return named
  throw new UserError(
    `${text}: expected the name of a model, such as Qwen/Qwen3-0.6B or smollm2; found a file or folder. The store keeps what it fetched.`,
    'invalid_argument',
  )
}

/**
 * Where a MODEL is on this machine: it is fetched first where it is a name and not here yet.
 * @param ask in place of the terminal, where something else reads it
 */
export async function localModel(text: string, flags: LoadFlags, signal?: AbortSignal, ask?: Ask): Promise<string> {
  const named = modelNamed(text)
  if (named.kind === 'place') return named.place
  // Only names need the store.
  const { findModel, openStore } = await import('../../store/resolve.js')
  const found = await findModel(openStore(), named)
  if (found) return found.open
  await kernelsMade()
  // An address is read where it is, unless somebody has pulled it.
  if (named.references[0]?.source === 'http') return text
  const { fetchModel } = await import('./fetch-model.js')
  return (await fetchModel(named, flags, { signal, mayAsk: ask ?? true })).open
}

/** The flags with the place of the model that drafts, which is fetched first like the other. */
export async function withLocalDraft<F extends LoadFlags>(flags: F, signal?: AbortSignal, ask?: Ask): Promise<F> {
  const model = draftModelOf(flags.speculate)
  return model === undefined ? flags : { ...flags, speculate: `draft:${await localModel(model, flags, signal, ask)}` }
}
