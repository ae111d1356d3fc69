/** A GGUF file as it is: its metadata, its names, its order. */
import type { FileSet } from '../../checkpoint/files/source.js'
import { decodeRows } from '../../checkpoint/formats/decode.js'
import { openGgufFile } from '../../checkpoint/gguf/file.js'
import type { GgufTensor } from '../../checkpoint/gguf/header.js'
import { storedTensor } from '../../checkpoint/tensor.js'
import { UserError } from '../../errors.js'
import type { QuantizeSource, SourceTensor } from './source.js'

export async function ggufSource(files: FileSet, main: string): Promise<QuantizeSource> {
  const file = await openGgufFile(files, main)
  try {
    const { metadata } = file
    const layers = Number(metadata.get(`${String(metadata.get('general.architecture'))}.block_count`) ?? 0)
    const keys = new Map([...(await file.keys())].filter(([key]) => !key.startsWith('split.')))
    const alignment = Number(metadata.get('general.alignment') ?? 32)
    return { keys, tensors: file.tensors.map(sourceTensor), layers, alignment, close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

function sourceTensor({ name, shape, source: bytes, start: offset, type, typeId }: GgufTensor): SourceTensor {
  const kind = type?.name ?? `type ${typeId}`
  const format = type?.format
  if (!format)
    throw new UserError(`${bytes.name}: tensor ${name} is in ${kind}, which cannot be read`, 'unsupported_format')
  const stored = storedTensor({ name, format, shape, source: bytes, offset })
  const { rows, cols, byteLength, file } = stored
  return {
    ...{ name, shape, rows, cols, file, byteLength, stored: kind, together: 1 },
    whole: ['f32', 'f16', 'bf16'].includes(format),
    values: (row, count) => decodeRows(stored, row, count),
    kept: { format, bytes: (row, count) => stored.readRows(row, count) },
  }
}
