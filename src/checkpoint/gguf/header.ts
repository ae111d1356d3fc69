import { UserError } from '../../errors.js'
import { shortText } from '../../json.js'
import { refuseLookAlikeIn } from '../files/look-alikes.js'
import type { ByteSource } from '../files/source.js'
import { GGML_TYPES, type GgmlType } from '../formats/ggml-types.js'
import { product, shapeText } from '../shape.js'
import { GgufReader } from './reader.js'

/** One tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string
  readonly source: ByteSource
  /** Logical shape: the stored dimensions reversed, so that the last one is contiguous. */
  readonly shape: readonly number[]
  readonly typeId: number
  /** Undefined for a type that this version does not know. */
  readonly type?: GgmlType
  /** First byte in the file. */
  readonly start: number
}

export interface GgufHeader {
  readonly metadata: Map<string, unknown>
  /** Where each key lies in the file, with its type and value. */
  readonly places: ReadonlyMap<string, BytePlace>
  readonly tensors: readonly GgufTensor[]
}

/** Bytes [start, end) of a file. */
export interface BytePlace {
  readonly start: number
  readonly end: number
}

const MAGIC = 0x46554747 // 'GGUF'
const LARGEST_RANK = 4
const LONGEST_NAME = 1024
const LARGEST_ALIGNMENT = 2 ** 20

/**
 * Reads metadata and tensor places of one GGUF file, version 2 or 3.
 * @throws UserError when the file is not GGUF, truncated, or contradicts itself.
 */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  await refuseLookAlikeIn(source)
  const reader = new GgufReader(source)
  const { tensorCount, keyCount } = await reader.item(() => readPreamble(reader, source))
  const metadata = new Map<string, unknown>()
  const places = new Map<string, BytePlace>()
  for (let i = 0; i < keyCount; i++) {
    const start = reader.position
    const [key, type] = await reader.item(() => [reader.string('a metadata key'), reader.u32()] as const)
    const value = await reader.value(type, key)
    if (metadata.has(key)) throw reader.damaged(`the metadata key ${key} appears twice`)
    metadata.set(key, value)
    places.set(key, { start, end: reader.position })
  }
  const alignment = alignmentOf(reader, metadata)
  const infos = new Map<string, GgufTensor>()
  for (let i = 0; i < tensorCount; i++) {
    const info = await reader.item(() => readTensorInfo(reader, source, alignment))
    if (infos.has(info.name)) throw reader.damaged(`the tensor ${info.name} appears twice`)
    infos.set(info.name, info)
  }
  const dataStart = Math.ceil(reader.position / alignment) * alignment
  const tensors = [...infos.values()].map((info) => ({ ...info, start: dataStart + info.start }))
  checkPlaces(reader, source, tensors, { start: dataStart, alignment })
  return { metadata, places, tensors }
}

function readPreamble(reader: GgufReader, source: ByteSource): { tensorCount: number; keyCount: number } {
  if (source.size < 24) throw reader.damaged(`expected a GGUF file of at least 24 bytes, found ${source.size}`)
  const magic = reader.u32()
  if (magic !== MAGIC) {
    throw reader.damaged(`expected a GGUF file, found 0x${magic.toString(16).padStart(8, '0')} as its first bytes`)
  }
  const version = reader.u32()
  if (version >= 0x10000 && version % 0x10000 === 0) {
    throw new UserError(
      `${source.name}: this GGUF is big-endian, which cannot be read. Use the little-endian file of the same model.`,
      'unsupported_format',
    )
  }
  if (version !== 2 && version !== 3) {
    throw new UserError(
      `${source.name}: expected GGUF version 2 or 3, found ${version}. Convert the model again with a current converter.`,
      'unsupported_format',
    )
  }
  // The smallest tensor info: empty name, no dimension, type, offset. The smallest key: empty name, type, one byte.
  return { tensorCount: reader.count('the number of tensors', 24), keyCount: reader.count('the number of keys', 13) }
}

function alignmentOf(reader: GgufReader, metadata: ReadonlyMap<string, unknown>): number {
  const value = metadata.get('general.alignment') ?? 32
  if (typeof value === 'number' && value >= 1 && value <= LARGEST_ALIGNMENT && Number.isInteger(Math.log2(value)))
    return value
  throw reader.damaged(`general.alignment is ${shortText(value)}, expected a power of two up to ${LARGEST_ALIGNMENT}`)
}

/** `start` of the result is still relative to the data section. */
function readTensorInfo(reader: GgufReader, source: ByteSource, alignment: number): GgufTensor {
  const name = reader.string('a tensor name')
  if (name.length > LONGEST_NAME)
    throw reader.damaged(`a tensor name has ${name.length} characters, expected at most ${LONGEST_NAME}`)
  const rank = reader.u32()
  if (rank > LARGEST_RANK)
    throw reader.damaged(`tensor ${name} has ${rank} dimensions, expected at most ${LARGEST_RANK}`)
  const shape: number[] = []
  for (let i = 0; i < rank; i++) shape.unshift(reader.size(`a dimension of ${name}`))
  if (shape.includes(0) || !Number.isSafeInteger(8 * product(shape))) {
    throw reader.damaged(`tensor ${name} has the impossible shape ${shapeText(shape)}`)
  }
  const typeId = reader.u32()
  const type = GGML_TYPES.get(typeId)
  const cols = shape.at(-1) ?? 1
  if (type && cols % type.blockCols !== 0) {
    throw reader.damaged(
      `tensor ${name}: ${cols} columns are no multiple of the ${type.blockCols} of a ${type.name} block`,
    )
  }
  const start = reader.size(`the offset of ${name}`)
  if (start % alignment !== 0) throw reader.damaged(`tensor ${name}: offset ${start} is no multiple of ${alignment}`)
  return { name, source, shape, typeId, ...(type && { type }), start }
}

/**
 * Tensors follow each other without gaps but for the alignment: a type or a shape that takes less than what lies there would
 * give the next tensor's bytes, or leave some unread.
 */
function checkPlaces(
  reader: GgufReader,
  source: ByteSource,
  tensors: readonly GgufTensor[],
  data: { start: number; alignment: number },
): void {
  let end: number | undefined = data.start
  let last = ''
  const refuseGap = (next: number, what: string): void => {
    if (end === undefined || next - end < data.alignment) return
    throw reader.damaged(
      `${last ? `tensor ${last}` : 'the header'} ends at byte ${end}, but ${what} at byte ${next}: what lies between is nobody's`,
    )
  }
  for (const { name, type, shape, start } of [...tensors].sort((a, b) => a.start - b.start)) {
    // A type of unknown size takes at least one byte.
    const bytes = type ? (product(shape) / type.blockCols) * type.blockBytes : 1
    if (!(start + bytes <= source.size)) {
      throw reader.damaged(
        `tensor ${name} takes ${bytes} bytes from offset ${start}, but the file has ${source.size}: it is truncated`,
      )
    }
    if (end !== undefined && start < end) throw reader.damaged(`tensors ${last} and ${name} overlap`)
    refuseGap(start, `tensor ${name} begins`)
    ;[end, last] = [type && start + bytes, name]
  }
  refuseGap(source.size, 'the file ends')
}
