import {
  FORMS,
  fidelityOfForms,
  servedFidelityOfForms,
  type FormResult,
  type FormsOptions,
} from '../../eval/fidelity/forms.js'
import type { Fidelity } from '../../eval/fidelity/fidelity.js'
import type { ServedFidelity } from '../../eval/fidelity/served.js'
import { loadOptions, type LoadFlags } from '../flags.js'
import { cancelOnInterrupt, printJson } from '../model.js'
import { StatusLine } from '../print/status-line.js'
import { localModel } from '../store/local-model.js'
import { textOf } from '../text-file.js'
import { messageOf } from '../wording.js'
import { isServer, percent, table } from './words.js'

export interface FidelityFlags extends LoadFlags {
  readonly against: string
  readonly file?: string
  readonly window?: number
  readonly model?: string
  readonly json?: boolean
}

/** How far `fast`, a smaller cache and fewer bits are from a reference, on a text: from `exact`, another form of the model, or a server. */
export async function fidelity(model: string, flags: FidelityFlags): Promise<void> {
  const signal = cancelOnInterrupt()
  const place = await localModel(model, flags, signal)
  const text = flags.file === undefined ? undefined : await textOf(flags.file)
  const status = new StatusLine()
  const { threads, contextLength, stepTokens, backend, force } = loadOptions(flags)
  let form = ''
  const options: FormsOptions = {
    text,
    load: { threads, contextLength, stepTokens, backend, force },
    signal,
    window: flags.window,
    onForm: ({ name }) => (form = name),
    onProgress: (done, total) => status.show(`${form}: ${done} of ${total} tokens`),
  }
  try {
    if (isServer(flags.against)) {
      const served = { url: flags.against, model: flags.model, apiKey: process.env['OPENAI_API_KEY'] }
      const results = await servedFidelityOfForms(place, served, options)
      status.clear()
      return print(model, flags, results, servedTable)
    }
    const against = flags.against === 'exact' ? place : await localModel(flags.against, flags, signal)
    const results = await fidelityOfForms(place, FORMS, { ...options, against })
    status.clear()
    print(model, flags, results, localTable)
  } finally {
    status.clear()
  }
}

interface Row<Found> {
  readonly form: string
  readonly found: Found
}

function print<Found extends { readonly tokens: number }>(
  model: string,
  { against, json }: FidelityFlags,
  results: readonly FormResult<Found>[],
  shown: (rows: readonly Row<Found>[]) => string,
): void {
  if (json)
    return printJson({
      ...{ model, against },
      results: results.map((one) => ('refused' in one ? { form: one.form, refused: messageOf(one.refused) } : one)),
    })
  const rows = results.filter((result) => 'found' in result)
  process.stdout.write(`${model} against ${against}, ${rows[0]?.found.tokens ?? 0} tokens\n${shown(rows)}`)
  for (const result of results) {
    if ('sameAs' in result)
      process.stdout.write(`${result.form}: as ${result.sameAs}, since the weights are stored in few bits already\n`)
    if ('refused' in result) process.stdout.write(`${result.form}: ${messageOf(result.refused)}\n`)
  }
}

function localTable(rows: readonly Row<Fidelity>[]): string {
  const head = ['form', 'KL (nats)', 'largest', 'same top token', 'perplexity', 'of the reference', 'greedy agreement']
  return table([
    head,
    ...rows.map(({ form, found }) => [
      form,
      `${found.divergence.toFixed(5)} ± ${found.standardError.toFixed(5)}`,
      found.largest.toFixed(3),
      percent(found.topAgreement),
      found.perplexity.toFixed(3),
      found.referencePerplexity.toFixed(3),
      percent(found.greedyAgreement),
    ]),
  ])
}

function servedTable(rows: readonly Row<ServedFidelity>[]): string {
  const head = ['form', 'KL at least', 'largest', 'listed', 'same top token', 'perplexity', 'of the server']
  const known = (value: number | undefined, of: (value: number) => string): string =>
    value === undefined ? '-' : of(value)
  const lines = rows.map(({ form, found }) => [
    form,
    known(found.divergence, (value) => `${value.toFixed(5)} ± ${(found.standardError ?? 0).toFixed(5)}`),
    known(found.largest, (value) => value.toFixed(3)),
    known(found.listed, percent),
    known(found.topAgreement, percent),
    known(found.perplexity, (value) => value.toFixed(3)),
    known(found.referencePerplexity, (value) => value.toFixed(3)),
    known(found.greedyAgreement, percent),
  ])
  const [first] = rows
  const notes = first ? [...first.found.missing.map((reason) => `not there: ${reason}\n`), noteOf(first.found)] : []
  return table([[...head, 'greedy agreement'], ...lines]) + notes.join('')
}

function noteOf({ places, listed = 0 }: ServedFidelity): string {
  if (places === 'none') return 'the server lists no likelihoods: only greedy answers are compared\n'
  const whose = places === 'text' ? "the text's tokens" : "the tokens of the server's own answers"
  return `over ${whose}; the server lists ${percent(listed)} of the probability, and the rest counts as one token\n`
}
