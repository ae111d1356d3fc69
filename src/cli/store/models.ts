import { machineMemory } from '../../remote/in-process.js'
import { catalogue, type CatalogueModel } from '../../store/names/catalogue.js'
import { findModel } from '../../store/resolve.js'
import { openStore } from '../../store/open.js'
import { inBytes } from '../../store/wording.js'
import { printJson } from '../model.js'
import { readSpeed, USUAL_SHARE } from './read-speed.js'
import { billions, table } from './table.js'
import { storeName } from './local-model.js'

export interface ModelsFlags {
  readonly all?: boolean
  readonly json?: boolean
}

/** Lines that fit a screen. */
const SHORT_LIST = 10

interface Row {
  readonly model: CatalogueModel
  readonly fits: boolean
  readonly here: boolean
  readonly tokensPerSecond: number | undefined
}

/** The catalogue: what fits this machine, how fast it would be, and under which licence. */
export async function models(flags: ModelsFlags): Promise<void> {
  const store = openStore()
  const memory = machineMemory()?.availableBytes
  const speed = await readSpeed(store.folder)
  const rows = await Promise.all(
    catalogue().map(async (model): Promise<Row> => {
      const named = storeName(model.name)
      const here = (await findModel(store, named)) !== undefined
      const fits = memory === undefined || model.memoryBytes <= memory
      return { model, fits, here, tokensPerSecond: speed && (speed * USUAL_SHARE) / model.bytesPerToken }
    }),
  )
  if (flags.json) {
    for (const { model, ...row } of flags.all ? rows : rows.filter(({ fits }) => fits)) printJson({ ...model, ...row })
    return
  }
  const shown = flags.all ? rows : shortList(rows)
  process.stdout.write(
    table(
      ['NAME', 'PARAMETERS', 'DOWNLOAD', 'MEMORY', 'FITS HERE', 'ABOUT', 'LICENCE', ''],
      shown.map(cellsOf),
      [1, 2, 3, 5],
    ),
  )
  const has = memory === undefined ? '' : `${inBytes(memory)} of memory are available; `
  const rest = flags.all ? '' : `; --all lists all ${rows.length}`
  process.stdout.write(
    `${has}memory is with 8,192 tokens of context${rest}\nkaiyuan run NAME "..." fetches a model and asks it\n`,
  )
}

/** What is here, what to begin with, and the largest that fit. */
function shortList(rows: readonly Row[]): Row[] {
  const fitting = rows.filter(({ fits, here }) => fits || here)
  const begun = fitting.filter(({ model, here }) => here || model.tier === 'first')
  const chosen = new Set(begun.length >= SHORT_LIST ? begun.slice(-SHORT_LIST) : begun)
  for (const row of [fitting[0], ...[...fitting].reverse()]) if (row && chosen.size < SHORT_LIST) chosen.add(row)
  return fitting.filter((row) => chosen.has(row))
}

function cellsOf({ model, fits, here, tokensPerSecond }: Row): string[] {
  const { name, parameters, activeParameters, bytes, memoryBytes, licence, gated, gguf } = model
  const active = activeParameters < parameters * 0.8 ? ` (${billions(activeParameters)} a token)` : ''
  const notes = [here ? 'here' : '', gated && !gguf ? 'asks for consent' : '']
  return [
    name,
    `${billions(parameters)}${active}`,
    inBytes(bytes),
    inBytes(memoryBytes),
    fits ? 'yes' : 'no',
    tokensPerSecond === undefined || !fits ? '' : `${tokensPerSecond.toFixed(tokensPerSecond < 10 ? 1 : 0)} tok/s`,
    licence,
    notes.filter(Boolean).join(', '),
  ]
}
