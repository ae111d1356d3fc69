import { UserError } from '../../errors.js'
import { findModel } from '../../store/resolve.js'
import { openStore } from '../../store/open.js'
import { inBytes } from '../../store/wording.js'
import { cancelOnInterrupt, printJson } from '../model.js'
import { countOf } from './download-view.js'
import { storeName } from './local-model.js'

export interface VerifyFlags {
  readonly repair?: boolean
  readonly json?: boolean
}

/** Reads every byte of a model, or of all, and compares it with what its hub said. */
export async function verify(name: string | undefined, flags: VerifyFlags): Promise<void> {
  const store = openStore()
  const model = name === undefined ? undefined : storeName(name)
  const reference = model && ((await findModel(store, model))?.reference ?? model.references[0])
  const files = await store.verify(reference, {
    signal: cancelOnInterrupt(),
    ...(flags.repair && { repair: true }),
    onFile: (file) => {
      if (flags.json) printJson(file)
      else if (file.state !== 'right') process.stdout.write(`${file.state.padEnd(8)}${file.model}  ${file.path}\n`)
    },
  })
  const bad = files.filter(({ state }) => state === 'wrong' || state === 'missing')
  const right = files.filter(({ state }) => state === 'right')
  const unknown = files.filter(({ state }) => state === 'unknown').length
  // Of the others nothing was compared.
  const bytes = right.reduce((sum, file) => sum + file.bytes, 0)
  if (!flags.json)
    process.stdout.write(
      `${countOf(right.length, 'file')} of ${files.length} right${unknown > 0 ? `, ${unknown} unknown (their hub named no hash)` : ''}, ${inBytes(bytes)} read\n`,
    )
  if (bad.length === 0) return
  const names = [...new Set(bad.map((file) => file.model))]
  const again = names.map((each) => `kaiyuan pull ${each}`).join('; ')
  const remedy = flags.repair
    ? `They are out of the cache now: ${again}`
    : `kaiyuan verify --repair takes them out of the cache; then ${again}`
  throw new UserError(
    `${countOf(bad.length, 'file')} of ${names.join(', ')} ${bad.length === 1 ? 'is' : 'are'} not what the hub has. ${remedy}`,
    'invalid_file',
  )
}
