/** A model's file in fewer bits. */
import { BlockEncoder } from '../../backends/cpu/quantize/encoder.js'
import type { FileSet } from '../../checkpoint/files/source.js'
import type { FormatName } from '../../checkpoint/formats/formats.js'
import type { WrittenFormat } from '../../checkpoint/formats/ggml-writers.js'
import { fileTypeOf, formatOf, type QuantizeTarget } from '../../checkpoint/gguf/mixes.js'
import { ggufHead, keyU32, padding, tensorBytes, type OutTensor } from '../../checkpoint/gguf/writer.js'
import { UserError } from '../../errors.js'
import { folderSource } from './folder-source.js'
import { ggufSource } from './gguf-source.js'
import type { QuantizeSource, SourceTensor } from './source.js'

/** How a quantisation goes on. */
export interface QuantizeOptions {
  readonly onProgress?: (progress: QuantizeProgress) => void
  readonly signal?: AbortSignal
}

/** After each piece of a tensor. */
export interface QuantizeProgress {
  /** Bytes of the source that are done. */
  readonly doneBytes: number
  readonly totalBytes: number
  readonly tensor: string
}

/** What was written. */
export interface Quantized {
  readonly bytes: number
  readonly sourceBytes: number
  readonly tensors: number
  /** How many tensors are in each format. */
  readonly formats: Readonly<Partial<Record<FormatName, number>>>
}

interface Planned {
  readonly source: SourceTensor
  readonly out: OutTensor
  /** Undefined: as it is. */
  readonly to: WrittenFormat | undefined
}

/** Values that are rounded at a time. */
const PIECE_VALUES = 1 << 20

/**
 * Reads a GGUF file or a folder of safetensors and gives it to `write` as GGUF with its matrices in fewer bits, from front to back,
 * holding a piece of one tensor at a time. Metadata of a file stays as it is, but for what says how the file is quantised.
 * @throws UserError for a model that is quantised already, one that has no form in GGUF here, or a damaged file
 */
export async function quantizeModel(
  files: FileSet,
  target: QuantizeTarget,
  write: (bytes: Uint8Array) => Promise<void>,
  { onProgress, signal }: QuantizeOptions = {},
): Promise<Quantized> {
  const model = isFolder(files) ? await folderSource(files) : await ggufSource(files, files.main ?? '')
  try {
    const { alignment, layers } = model
    const planned = model.tensors.map((tensor) => plan(tensor, target, layers))
    const head = ggufHead(
      keysOf(model, target),
      planned.map(({ out }) => out),
      alignment,
    )
    await write(head)
    const encoder = await BlockEncoder.create()
    const totalBytes = planned.reduce((sum, { source }) => sum + source.byteLength, 0)
    let bytes = head.length
    let doneBytes = 0
    for (const { source, out, to } of planned) {
      for (let row = 0, step = rowsAtATime(source); row < source.rows; row += step) {
        if (signal?.aborted) throw new UserError('quantising was cancelled', 'aborted')
        const count = Math.min(step, source.rows - row)
        await write(to ? await rounded(encoder, source, to, row, count) : await source.kept.bytes(row, count))
        doneBytes += (source.byteLength / source.rows) * count
        onProgress?.({ doneBytes, totalBytes, tensor: source.name })
      }
      const gap = padding(tensorBytes(out), alignment)
      if (gap > 0) await write(new Uint8Array(gap))
      bytes += tensorBytes(out) + gap
    }
    return { bytes, sourceBytes: totalBytes, tensors: planned.length, formats: countFormats(planned) }
  } finally {
    await model.close()
  }
}

function isFolder({ main }: FileSet): boolean {
  return main === undefined || /\.safetensors$/i.test(main)
}

function plan(source: SourceTensor, target: QuantizeTarget, layers: number): Planned {
  const { name, shape, cols, kept, whole, file, stored } = source
  const to = shape.length > 1 ? formatOf(target, { name, cols, layers }) : undefined
  if (to && !whole)
    throw new UserError(
      `${file}: expected a model in F32, F16 or BF16, found the tensor ${name} in ${stored}. Rounding twice loses ` +
        'more than rounding once: quantise the file that the lab published.',
      'unsupported_format',
    )
  return { source, out: { name, shape, format: to ?? kept.format }, to }
}

/** The metadata of the model with what the file is in. */
function keysOf({ keys }: QuantizeSource, target: QuantizeTarget): Uint8Array[] {
  const own = ['general.file_type', 'general.quantization_version']
  return [
    ...[...keys].filter(([key]) => !own.includes(key)).map(([, bytes]) => bytes),
    keyU32('general.quantization_version', 2),
    keyU32('general.file_type', fileTypeOf(target)),
  ]
}

function rowsAtATime({ cols, rows, together }: SourceTensor): number {
  const groups = Math.max(1, Math.floor(PIECE_VALUES / (cols * together)))
  return Math.min(rows, groups * together)
}

async function rounded(
  encoder: BlockEncoder,
  source: SourceTensor,
  to: WrittenFormat,
  row: number,
  count: number,
): Promise<Uint8Array> {
  const values = await source.values(row, count)
  const wrong = values.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0)
    throw new UserError(
      `${source.file}: tensor ${source.name} holds NaN or infinity in row ${row + Math.floor(wrong / source.cols)}; expected ` +
        'finite weights. The file is damaged: fetch it again.',
      'invalid_file',
    )
  return encoder.encode(to, values, source.cols)
}

function countFormats(planned: readonly Planned[]): Partial<Record<FormatName, number>> {
  const counts: Partial<Record<FormatName, number>> = {}
  for (const { out } of planned) counts[out.format] = (counts[out.format] ?? 0) + 1
  return counts
}
