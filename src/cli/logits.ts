import type { FileHandle } from 'node:fs/promises'
import type { Engine } from '../engine/engine.js'
import { loadEngine } from '../engine/load.js'
import { argmax } from '../engine/sample/sampler.js'
import { UserError } from '../errors.js'
import { loadOptions, parseIds, type LoadFlags } from './flags.js'
import { cancelOnInterrupt, printJson, withProgressBar } from './model.js'
import { localModel } from './store/local-model.js'
import { cannotWrite, openOutput } from './whole-file.js'

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
  const given = flags.ids === undefined ? undefined : parseIds(flags.ids)
  const place = await localModel(model, flags, signal)
  const engine = await withProgressBar((progress) => loadEngine(place, { ...loadOptions(flags), ...progress, signal }))
  try {
    const ids = given ?? engine.encode(flags.prompt!)
    const file = await openOutput(flags.out).catch((cause: unknown) => cannotWrite(flags.out, cause))
    let best: number[]
    try {
      best = await write(engine, ids, file.handle, signal, flags.out)
    } catch (error) {
      await file.discard()
      throw error
    }
    await file.commit().catch((cause: unknown) => cannotWrite(flags.out, cause))
    printJson({ tokens: ids.length, vocab: engine.info.vocabSize, argmax: best })
  } finally {
    await engine.close()
  }
}

/** Returns the best id of each row. */
async function write(
  engine: Engine,
  ids: readonly number[],
  file: FileHandle,
  signal: AbortSignal,
  name: string,
): Promise<number[]> {
  const { vocabSize } = engine.info
  const best: number[] = []
  for await (const { logits: rows } of engine.logitRows(ids, { signal })) {
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)
    await file.writeFile(bytes).catch((cause: unknown) => cannotWrite(name, cause))
    for (let at = 0; at < rows.length; at += vocabSize) best.push(argmax(rows.subarray(at, at + vocabSize)))
  }
  return best
}
