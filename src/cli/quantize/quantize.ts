import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import cliProgress from 'cli-progress'
import prettyBytes from 'pretty-bytes'
import { filesOf } from '../../checkpoint/files/files.js'
import { quantizeModel } from '../../remote/in-process.js'
import type { QuantizeTarget } from '../../checkpoint/gguf/mixes.js'
import { UserError } from '../../errors.js'
import { cancelOnInterrupt, printJson } from '../model.js'
import { localModel } from '../store/local-model.js'
import { cannotWrite, openOutput, type Output } from '../whole-file.js'
import { refuseOwnSource } from './own-source.js'

export interface QuantizeFlags {
  readonly to: QuantizeTarget
  readonly out: string
  readonly force?: boolean
  readonly json?: boolean
}

/** Writes the model as a GGUF in fewer bits, under its name when it is whole. */
export async function quantize(model: string, flags: QuantizeFlags): Promise<void> {
  const { to, out } = flags
  if (existsSync(out) && !flags.force)
    throw new UserError(
      `--out: ${out} is there already. Give another name, or --force to write it anew.`,
      'invalid_argument',
    )
  const signal = cancelOnInterrupt()
  const files = await filesOf(await localModel(model, {}, signal))
  await refuseOwnSource(out, files)
  const started = performance.now()
  const file = await openOutput(out).catch((cause: unknown) => cannotWrite(out, cause))
  const bar = progressBar()
  let result
  try {
    result = await quantizeModel(files, to, (bytes) => writeAll(file, bytes), {
      signal,
      onProgress: bar.update,
    })
  } catch (error) {
    await file.discard()
    throw error
  } finally {
    bar.stop()
  }
  await file.commit().catch((cause: unknown) => cannotWrite(out, cause))
  const seconds = (performance.now() - started) / 1000
  if (flags.json) return printJson({ out, to, seconds, ...result })
  const formats = Object.entries(result.formats).map(([format, count]) => `${count} in ${format.toUpperCase()}`)
  process.stdout.write(
    `${basename(out)}: ${prettyBytes(result.bytes)} of ${prettyBytes(result.sourceBytes)}, ${result.tensors} tensors ` +
      `(${formats.join(', ')}), ${seconds.toFixed(1)} s\n`,
  )
}

/** On a terminal only. */
function progressBar(): {
  update: (progress: { doneBytes: number; totalBytes: number; tensor: string }) => void
  stop: () => void
} {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined }
  const bar = new cliProgress.SingleBar(
    { format: '{bar} {percentage}% | {eta_formatted} left | {tensor}', stream: process.stderr, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  )
  let shown = false
  return {
    update: ({ doneBytes, totalBytes, tensor }) => {
      if (shown) bar.update(doneBytes, { tensor })
      else bar.start(totalBytes, doneBytes, { tensor })
      shown = true
    },
    stop: () => bar.stop(),
  }
}

/** A system may take less at a time than it is given. */
async function writeAll({ handle }: Output, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten
}
