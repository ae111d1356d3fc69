import { familyOf } from '../../store/family.js'
import { openStore } from '../../store/open.js'
import type { StoredModel } from '../../store/store.js'
import { inBytes } from '../../store/wording.js'
import { printJson } from '../model.js'
import { ago, table } from './table.js'

export interface ListFlags {
  readonly json?: boolean
}

/** Every model of this machine, with those of other programs and those that are not complete. */
export async function list(flags: ListFlags): Promise<void> {
  const store = openStore()
  const models = await store.list()
  const rows = await Promise.all(models.map(async (model) => ({ model, family: await familyOf(model) })))
  if (flags.json) {
    for (const { model, family } of rows) printJson({ ...model, family })
    return
  }
  if (rows.length === 0) {
    process.stdout.write(
      `no models in ${store.folder}\nkaiyuan models lists what fits this machine; kaiyuan pull NAME fetches one\n`,
    )
    return
  }
  const cells = rows.map(({ model, family }) => [
    model.name,
    `${inBytes(model.bytes)}${model.complete ? '' : ' so far'}`,
    family ?? '',
    ago(model.lastUsed),
    whereOf(model),
  ])
  process.stdout.write(table(['NAME', 'SIZE', 'FAMILY', 'LAST USED', 'WHERE'], cells, [1]))
  const total = models.reduce((sum, { bytes }) => sum + bytes, 0)
  process.stdout.write(`${inBytes(total)} in all\n`)
}

function whereOf({ origin, folder, complete }: StoredModel): string {
  const where = origin === 'cache' || origin === 'package' ? folder : `${folder} (of ${origin}, read only)`
  return complete ? where : `${where} (not complete: kaiyuan pull resumes it)`
}
