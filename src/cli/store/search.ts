import { machineMemory, runsFamily } from '../../remote/in-process.js'
import { openStore } from '../../store/open.js'
import type { FoundModel } from '../../store/listing.js'
import { cancelOnInterrupt, printJson } from '../model.js'
import { billions, table } from './table.js'

export interface SearchFlags {
  readonly limit?: number
  readonly source?: 'hf' | 'modelscope'
  readonly all?: boolean
  readonly token?: string
  readonly json?: boolean
}

/** Bytes of a parameter at four bits, with its scales: the smallest form in which most models are loaded. */
const LEAST_BYTES = 0.56

/** Models of a hub that run here: of a family that is supported, and not larger than the memory at four bits. */
export async function search(text: string, flags: SearchFlags): Promise<void> {
  const { limit = 20, token } = flags
  const source = flags.source === 'modelscope' ? 'modelscope' : 'hugging-face'
  // Some are left out below.
  const asked = { limit: flags.all ? limit : 3 * limit, source, token, signal: cancelOnInterrupt() } as const
  const found = await openStore().search(text, asked)
  const memory = machineMemory()?.availableBytes ?? Infinity
  const isHere = ({ family, parameters = 0 }: FoundModel): boolean =>
    runsFamily(family) && parameters * LEAST_BYTES < memory
  const shown = found.filter((model) => flags.all || isHere(model)).slice(0, limit)
  if (flags.json) {
    for (const model of shown) printJson({ ...model, runsHere: isHere(model) })
    return
  }
  const left = flags.all ? 0 : found.length - found.filter(isHere).length
  if (shown.length > 0) {
    const rows = shown.map((model) => [
      model.name,
      model.parameters === undefined ? '' : billions(model.parameters),
      model.format,
      model.family ?? '',
      model.downloads === undefined ? '' : model.downloads.toLocaleString('en'),
      [model.gated ? 'asks for consent' : '', isHere(model) ? '' : 'does not run here'].filter(Boolean).join(', '),
    ])
    process.stdout.write(table(['NAME', 'PARAMETERS', 'FORMAT', 'FAMILY', 'DOWNLOADS', ''], rows, [1, 4]))
  } else process.stdout.write(`nothing that runs here was found for ${JSON.stringify(text)}\n`)
  if (left > 0) process.stdout.write(`${left} more do not run here (family or size); --all shows them\n`)
}
