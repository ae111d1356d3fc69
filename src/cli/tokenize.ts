import { openTokenCoder } from '../remote/in-process.js'
import { localModel } from './store/local-model.js'
import { printJson } from './model.js'

export interface TokenizeFlags {
  readonly plain?: boolean
  readonly json?: boolean
}

/** Ids of a text, with the special tokens that the model wants; no weights are loaded. */
export async function tokenize(model: string, text: string, flags: TokenizeFlags): Promise<void> {
  const coder = await openTokenCoder(await localModel(model, {}))
  const ids = await coder.encode(text, { addSpecial: !flags.plain, parseSpecial: !flags.plain })
  if (flags.json) printJson({ ids, pieces: await coder.tokenTexts(ids) })
  else process.stdout.write(`${ids.join(' ')}\n`)
}
