import { FORMS, fidelityOfForms } from '../../eval/fidelity/forms.js'
import { loadOptions, type LoadFlags } from '../flags.js'
import { cancelOnInterrupt, printJson } from '../model.js'
import { StatusLine } from '../print/status-line.js'
import { localModel } from '../store/local-model.js'
import { textOf } from '../text-file.js'
import { messageOf } from '../wording.js'
import { percent, table } from './words.js'

export interface FidelityFlags extends LoadFlags {
  readonly against: string
  readonly file?: string
  readonly window?: number
  readonly json?: boolean
}

/** How far `fast`, a smaller cache and fewer bits are from the reference, on a text. */
export async function fidelity(model: string, flags: FidelityFlags): Promise<void> {
  const signal = cancelOnInterrupt()
  const place = await localModel(model, flags, signal)
  const against = flags.against === 'exact' ? place : await localModel(flags.against, flags, signal)
  const text = flags.file === undefined ? undefined : await textOf(flags.file)
  const status = new StatusLine()
  const { threads, contextLength, stepTokens, backend, force } = loadOptions(flags)
  const load = { threads, contextLength, stepTokens, backend, force }
  let form = ''
  try {
    const results = await fidelityOfForms(place, FORMS, {
      text,
      against,
      load,
      signal,
      window: flags.window,
      onForm: ({ name }) => (form = name),
      onProgress: (done, total) => status.show(`${form}: ${done} of ${total} tokens`),
    })
    status.clear()
    if (flags.json)
      return printJson({
        ...{ model, against: flags.against },
        results: results.map((one) => ('refused' in one ? { form: one.form, refused: messageOf(one.refused) } : one)),
      })
    const head = [
      'form',
      'KL (nats)',
      'largest',
      'same top token',
      'perplexity',
      'of the reference',
      'greedy agreement',
    ]
    const measured = results.filter((result) => 'found' in result)
    const rows = measured.map(({ form: name, found }) => [
      name,
      `${found.divergence.toFixed(5)} ± ${found.standardError.toFixed(5)}`,
      found.largest.toFixed(3),
      percent(found.topAgreement),
      found.perplexity.toFixed(3),
      found.referencePerplexity.toFixed(3),
      percent(found.greedyAgreement),
    ])
    process.stdout.write(
      `${model} against ${flags.against}, ${measured[0]?.found.tokens ?? 0} tokens\n${table([head, ...rows])}`,
    )
    for (const result of results) {
      if ('sameAs' in result)
        process.stdout.write(`${result.form}: as ${result.sameAs}, since the weights are stored in few bits already\n`)
      if ('refused' in result) process.stdout.write(`${result.form}: ${messageOf(result.refused)}\n`)
    }
  } finally {
    status.clear()
  }
}
