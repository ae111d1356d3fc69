import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import type { Engine } from '../engine/engine.js'
import { loadEngine } from '../engine/load.js'
import { argmax } from '../engine/sample/sampler.js'
import { UserError } from '../errors.js'
import { loadOptions, parseIds, type LoadFlags } from './flags.js'
import { cancelOnInterrupt, printJson, withProgressBar } from './model.js'

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
  const found = await stat(flags.out).catch(() => undefined)
  // A device or a pipe (/dev/stdout) must not be replaced by a file.
  const part = found && !found.isFile() ? flags.out : `${flags.out}.part`
  const engine = await withProgressBar((progress) => loadEngine(model, { ...loadOptions(flags), ...progress, signal }))
  try {
    const ids = given ?? engine.encode(flags.prompt!)
    const file = await open(part, 'w').catch((cause: unknown) => cannotWrite(flags.out, cause))
    const best = await write(engine, ids, file, signal, flags.out).finally(() => file.close())
    if (part !== flags.out) await rename(part, flags.out).catch((cause: unknown) => cannotWrite(flags.out, cause))
    printJson({ tokens: ids.length, vocab: engine.info.vocabSize, argmax: best })
  } finally {
    if (part !== flags.out) await rm(part, { force: true })
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

function cannotWrite(file: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new UserError(`${file}: cannot be written: ${reason}`, 'invalid_argument', { cause })
}
