import { open, rename, rm } from 'node:fs/promises'
import { UserError } from '../errors.js'
import { parseIds, type LoadFlags } from './flags.js'
import { cancelOnInterrupt, openModel, printJson } from './model.js'

export interface LogitsFlags extends LoadFlags {
  readonly ids?: string
  readonly prompt?: string
  readonly out: string
}

/** Writes raw little-endian f32 [T, V]; the file gets its name when it is whole. */
export async function logits(model: string, flags: LogitsFlags): Promise<void> {
  if ((flags.ids === undefined) === (flags.prompt === undefined))
    throw new UserError('expected either --ids 1,2,3 or --prompt TEXT', 'invalid_argument')
  const signal = cancelOnInterrupt()
  const ownIds = flags.ids === undefined ? undefined : parseIds(flags.ids)
  const engine = await openModel(model, flags, signal)
  const part = `${flags.out}.part`
  try {
    const ids = ownIds ?? engine.encode(flags.prompt!)
    const { vocabSize } = engine.info
    const argmax: number[] = []
    const file = await open(part, 'w').catch((cause: unknown) => {
      throw new UserError(`${flags.out}: cannot be written: ${(cause as Error).message}`, 'invalid_argument', { cause })
    })
    try {
      for await (const { logits: rows } of engine.logitRows(ids, { signal })) {
        await file.write(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))
        for (let at = 0; at < rows.length; at += vocabSize)
          argmax.push(rows.subarray(at, at + vocabSize).reduce((best, l, i, row) => (l > row[best]! ? i : best), 0))
      }
    } finally {
      await file.close()
    }
    await rename(part, flags.out)
    printJson({ tokens: ids.length, vocab: vocabSize, argmax })
  } finally {
    await rm(part, { force: true })
    await engine.close()
  }
}
