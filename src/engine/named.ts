/** Models by name: on this machine, or fetched to it. */
import { filesOf, type ModelFiles } from '../checkpoint/files/files.js'
import { MINI } from '../checkpoint/files/mini.js'
import type { FileSet } from '../checkpoint/files/source.js'
import { isHubName } from '../store/names/hub-name.js'
import { hubEndpoints } from '../store/settings.js'
import type { NamedModel } from '../store/names/named.js'
import type { Offer, ResolveOptions } from '../store/resolve.js'

/** Of a model that is fetched. */
export type FetchOptions = Pick<ResolveOptions, 'admit' | 'onProgress' | 'onNote' | 'signal'>

type ByName = Extract<NamedModel, { kind: 'model' }>

/**
 * The files of a model: a place, or a name, whose model is fetched where this machine does not have it.
 * @throws UserError when there is nothing, or when it cannot be fetched
 */
export async function namedFiles(model: ModelFiles, options: FetchOptions = {}): Promise<FileSet> {
  const named = await byName(model)
  if (!named) return filesOf(model)
  if (!isNode()) return pageFilesOf(named, options)
  const { findModel, openStore, resolveModel } = await import('../store/resolve.js')
  // An address is read where it is, unless somebody has pulled it.
  if (named.references[0]?.source === 'http') return filesOf((await findModel(openStore(), named))?.open ?? model)
  return filesOf((await resolveModel({}, named, options)).open)
}

/** Whether the files of a model are read without HTTP that Node parses. */
export function isHere(model: ModelFiles): boolean {
  if (!isNode()) return true
  return typeof model === 'string' && (model === MINI || process.getBuiltinModule('node:fs').existsSync(model))
}

/** The files of a model as far as headers go: those on this machine, or else what its hub has. Nothing is kept. */
export async function headersOf(model: ModelFiles): Promise<FileSet> {
  const named = await byName(model)
  if (!named) return filesOf(model)
  if (!isNode()) return pageFilesOf(named, {})
  const { offerOf, findModel, openStore } = await import('../store/resolve.js')
  const found = await findModel(openStore(), named)
  if (found || named.references[0]?.source === 'http') return filesOf(found?.open ?? model)
  return headerFiles(await offerOf({}, named))
}

async function pageFilesOf({ references }: ByName, { admit, onProgress, signal }: FetchOptions): Promise<FileSet> {
  const { pageFiles } = await import('../store/browser/named.js')
  return pageFiles(references, { admit, onProgress, signal })
}

/** In a page a text is an address, relative ones too: only what has the form of a hub's name is one. */
async function pageName(model: string): Promise<ByName | undefined> {
  if (!isHubName(model)) return undefined
  const { namedModel } = await import('../store/names/named.js')
  const named = namedModel(model, () => false)
  return named?.kind === 'model' ? named : undefined
}

/** A name that stands for a model of the store. */
async function byName(model: ModelFiles): Promise<ByName | undefined> {
  if (typeof model !== 'string') return undefined
  if (!isNode()) return pageName(model)
  const { existsSync } = process.getBuiltinModule('node:fs')
  const { namedModel, unknownName } = await import('../store/names/named.js')
  const named = namedModel(model, existsSync, hubEndpoints(process.env))
  if (named?.kind === 'model') return named
  if (named === undefined && !/\s/.test(model) && model !== '') throw unknownName(model)
  return undefined
}

function isNode(): boolean {
  return typeof (globalThis as { process?: Partial<NodeJS.Process> }).process?.getBuiltinModule === 'function'
}

/** Of safetensors the config says all; a GGUF has its own in its header. */
export function headerFiles(offer: Offer): FileSet {
  const files = offer.open()
  const config = 'config.json'
  if (!offer.files.some(({ path }) => path === config)) return { ...files, name: offer.name }
  return {
    name: offer.name,
    list: () => Promise.resolve([config]),
    open: (file) => (file === config ? files.open(file) : Promise.resolve(undefined)),
  }
}
