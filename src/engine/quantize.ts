/** A model's file in fewer bits. */
import { BlockEncoder } from '../backends/cpu/quantize/encoder.js'
import type { StoredTensor } from '../checkpoint/checkpoint.js'
import type { FileSet } from '../checkpoint/files/source.js'
import { decodeRows } from '../checkpoint/formats/decode.js'
import { type FormatName } from '../checkpoint/formats/formats.js'
import { type WrittenFormat } from '../checkpoint/formats/ggml-writers.js'
import { openGgufFile, type GgufFile } from '../checkpoint/gguf/file.js'
import type { GgufTensor } from '../checkpoint/gguf/header.js'
import { ggufHead, keyU32, padding, tensorBytes, type OutTensor } from '../checkpoint/gguf/writer.js'
import { storedTensor } from '../checkpoint/tensor.js'
import { UserError } from '../errors.js'
import { fileTypeOf, formatOf, type QuantizeTarget } from '../checkpoint/gguf/mixes.js'

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
  readonly source: StoredTensor
  readonly out: OutTensor
  /** Undefined: as it is. */
  readonly to: WrittenFormat | undefined
}

/** Values that are rounded at a time. */
const PIECE_VALUES = 1 << 20
const FLOATS: readonly FormatName[] = ['f32', 'f16', 'bf16']

/**
 * Reads a GGUF file and gives it to `write` with its matrices in fewer bits, from front to back, holding a piece of one tensor at a
 * time. Metadata stays as it is, but for what says how the file is quantised.
 * @throws UserError for a model that is quantised already, or a damaged file
 */
export async function quantizeGguf(
  files: FileSet,
  target: QuantizeTarget,
  write: (bytes: Uint8Array) => Promise<void>,
  { onProgress, signal }: QuantizeOptions = {},
): Promise<Quantized> {
  const file = await openGgufFile(files, files.main ?? '')
  try {
    const alignment = Number(file.metadata.get('general.alignment') ?? 32)
    const planned = plan(file, target)
    const head = ggufHead(
      await keysOf(file, target),
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
        await write(to ? await rounded(encoder, source, to, row, count) : await source.readRows(row, count))
        doneBytes += (source.byteLength / source.rows) * count
        onProgress?.({ doneBytes, totalBytes, tensor: source.name })
      }
      const gap = padding(tensorBytes(out), alignment)
      if (gap > 0) await write(new Uint8Array(gap))
      bytes += tensorBytes(out) + gap
    }
    return { bytes, sourceBytes: totalBytes, tensors: planned.length, formats: countFormats(planned) }
  } finally {
    await file.close()
  }
}

function plan(file: GgufFile, target: QuantizeTarget): Planned[] {
  const architecture = file.metadata.get('general.architecture')
  const layers = Number(file.metadata.get(`${String(architecture)}.block_count`) ?? 0)
  return file.tensors.map((tensor) => planTensor(tensor, target, layers))
}

function planTensor(tensor: GgufTensor, target: QuantizeTarget, layers: number): Planned {
  const { name, shape, source: bytes, start: offset } = tensor
  const format = tensor.type?.format
  if (!format)
    throw new UserError(
      `${bytes.name}: tensor ${name} is in ${kindOf(tensor)}, which cannot be read`,
      'unsupported_format',
    )
  const source = storedTensor({ name, format, shape, source: bytes, offset })
  const to = shape.length > 1 ? formatOf(target, { name, cols: source.cols, layers }) : undefined
  if (to && !FLOATS.includes(format))
    throw new UserError(
      `${bytes.name}: expected a model in F32, F16 or BF16, found the tensor ${name} in ${kindOf(tensor)}. Rounding twice loses ` +
        'more than rounding once: quantise the file that the lab published.',
      'unsupported_format',
    )
  return { source, out: { name, shape, format: to ?? format }, to }
}

function kindOf({ type, typeId }: GgufTensor): string {
  return type?.name ?? `type ${typeId}`
}

/** The metadata of the file, not split, with what it is in. */
async function keysOf(file: GgufFile, target: QuantizeTarget): Promise<Uint8Array[]> {
  const own = ['general.file_type', 'general.quantization_version']
  const kept = [...(await file.keys())].filter(([key]) => !own.includes(key) && !key.startsWith('split.'))
  return [
    ...kept.map(([, bytes]) => bytes),
    keyU32('general.quantization_version', 2),
    keyU32('general.file_type', fileTypeOf(target)),
  ]
}

function rowsAtATime({ cols, rows }: StoredTensor): number {
  return Math.max(1, Math.min(rows, Math.floor(PIECE_VALUES / cols)))
}

async function rounded(
  encoder: BlockEncoder,
  source: StoredTensor,
  to: WrittenFormat,
  row: number,
  count: number,
): Promise<Uint8Array> {
  const values = await decodeRows(source, row, count)
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
