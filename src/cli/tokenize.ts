import { filesOf } from '../checkpoint/files/files.js'
import { openCheckpoint } from '../models/open.js'
import { UserError } from '../errors.js'
import { loadTokenizer } from '../tokenizer/load.js'
import { printJson } from './model.js'

export interface TokenizeFlags {
  readonly plain?: boolean
  readonly json?: boolean
}

/** Ids of a text, with the special tokens that the model wants; no weights are loaded. */
export async function tokenize(model: string, text: string, flags: TokenizeFlags): Promise<void> {
  const checkpoint = await openCheckpoint(await filesOf(model))
  try {
    const tokenizer = await loadTokenizer(checkpoint)
    if (!tokenizer)
      throw new UserError(
        `${checkpoint.name}: no tokenizer; expected tokenizer.json, tiktoken.model or GGUF metadata`,
        'invalid_tokenizer',
      )
    const ids = tokenizer.encode(text, { addSpecial: !flags.plain, parseSpecial: !flags.plain })
    if (flags.json) printJson({ ids, pieces: ids.map((id) => tokenizer.decode([id])) })
    else process.stdout.write(`${ids.join(' ')}\n`)
  } finally {
    await checkpoint.close()
  }
}
