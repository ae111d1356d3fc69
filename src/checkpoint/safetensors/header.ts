import { UserError } from '../../errors.js'
import { isJsonObject, parseJsonText, shortText, type JsonObject } from '../../json.js'
import { refuseLookAlikeIn } from '../files/look-alikes.js'
import type { ByteSource } from '../files/source.js'
import { product, shapeText } from '../shape.js'

/** One line of a safetensors header; the bytes lie in [start, end) of the file. */
export interface SafetensorsEntry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

/** The limit of the reference implementation; the largest published headers have a few MB. */
const LARGEST_HEADER = 100_000_000
const LARGEST_RANK = 8

/** Bits of one value, for every dtype of the safetensors format. */
const DTYPE_BITS = new Map<string, number>(
  Object.entries({
    ...{ F64: 64, F32: 32, F16: 16, BF16: 16, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F6_E3M2: 6, F6_E2M3: 6, F4: 4 },
    ...{ I64: 64, I32: 32, I16: 16, I8: 8, U64: 64, U32: 32, U16: 16, U8: 8, BOOL: 8, C64: 64 },
    ...{ F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 },
  }),
)

/**
 * Reads and checks a header: u64 length, JSON {name: {dtype, shape, data_offsets}}, data.
 * @throws UserError when the file is truncated or when the header contradicts itself or the file.
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<Map<string, SafetensorsEntry>> {
  const length = await headerLength(source)
  const bytes = await source.read(8, length)
  const where = `${source.name}: header`
  const { value: header, text } = parseJsonText(bytes, where)
  checkDuplicates(bytes, text, header, where)
  const dataStart = 8 + length
  const entries = new Map<string, SafetensorsEntry>()
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue
    entries.set(name, checkEntry(source, name, value, dataStart))
  }
  checkPlaces(source, [...entries.values()], dataStart)
  return entries
}

async function headerLength(source: ByteSource): Promise<number> {
  if (source.size < 8) {
    throw damaged(source.name, `expected at least 8 bytes, found ${source.size}`)
  }
  const first = await source.read(0, 8)
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(source.size - 8)) {
    await refuseLookAlikeIn(source)
    throw damaged(source.name, `the header claims ${length} bytes, but the file has ${source.size}`)
  }
  if (length > LARGEST_HEADER) {
    throw damaged(source.name, `the header claims ${length} bytes, the limit is ${LARGEST_HEADER}`)
  }
  return Number(length)
}

function checkEntry(source: ByteSource, name: string, value: unknown, dataStart: number): SafetensorsEntry {
  const bad = (problem: string): UserError => damaged(source.name, `tensor ${name}: ${problem}`)
  if (!isJsonObject(value)) throw bad('expected an object with dtype, shape and data_offsets')
  const { dtype, shape, data_offsets: offsets } = value
  const bits = typeof dtype === 'string' ? DTYPE_BITS.get(dtype) : undefined
  if (typeof dtype !== 'string' || bits === undefined) {
    throw bad(`unknown dtype ${shortText(dtype)}, expected one of ${[...DTYPE_BITS.keys()].join(', ')}`)
  }
  if (!isSizeList(shape) || shape.length > LARGEST_RANK) {
    throw bad(`shape ${shortText(shape)}, expected at most ${LARGEST_RANK} whole numbers`)
  }
  if (!isSizeList(offsets) || offsets.length !== 2) {
    throw bad(`data_offsets ${shortText(offsets)}, expected [begin, end]`)
  }
  const [begin = 0, end = 0] = offsets
  const dataSize = source.size - dataStart
  if (begin > end || end > dataSize) {
    throw bad(`data_offsets [${begin}, ${end}] are outside of the ${dataSize} bytes of data: the file is truncated`)
  }
  // A product beyond 2^53 is inexact, but then far above any file's size, so the comparison still fails.
  const size = (product(shape) * bits) / 8
  if (size !== end - begin) {
    throw bad(`${dtype} ${shapeText(shape)} takes ${size} bytes, but data_offsets span ${end - begin}`)
  }
  return { name, dtype, shape, start: dataStart + begin, end: dataStart + end }
}

function isSizeList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && Number(item) >= 0)
}

/** Every byte of the data belongs to one tensor, as the reference implementation asks. */
function checkPlaces(source: ByteSource, entries: SafetensorsEntry[], dataStart: number): void {
  entries.sort((a, b) => a.start - b.start || a.end - b.end)
  let end = dataStart
  let last = ''
  const after = (): string => (last ? `tensor ${last}` : 'the header')
  for (const entry of entries) {
    if (entry.start < end) throw damaged(source.name, `tensors ${last} and ${entry.name} overlap`)
    if (entry.start > end)
      throw damaged(source.name, `${entry.start - end} bytes between ${after()} and tensor ${entry.name} are nobody's`)
    ;[end, last] = [entry.end, entry.name]
  }
  if (end < source.size) throw damaged(source.name, `${source.size - end} bytes after ${after()} are nobody's`)
}

/** JSON.parse keeps the last of two equal keys in silence; here two tensors of one name are an error. */
function checkDuplicates(bytes: Uint8Array, text: string, header: JsonObject, where: string): void {
  // As the reference implementation writes it, spaces at its end, and whole: nothing is missing.
  if (text.trimEnd() === JSON.stringify(header)) return
  const keys = topLevelStrings(bytes)
  if (keys.length === Object.keys(header).length) return
  const seen = new Set<string>()
  for (const [start, end] of keys) {
    const key = String(JSON.parse(new TextDecoder().decode(bytes.subarray(start, end))))
    if (seen.has(key)) throw damaged(where, `the name ${key} appears twice`)
    seen.add(key)
  }
  throw damaged(where, 'expected an object for every tensor')
}

/** [start, end) of every string directly inside of the outermost object of valid JSON: its keys. */
function topLevelStrings(bytes: Uint8Array): [number, number][] {
  const found: [number, number][] = []
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) depth--
    else if (byte === 0x22) {
      const start = i++
      while (i < bytes.length && bytes[i] !== 0x22) i += bytes[i] === 0x5c ? 2 : 1
      if (depth === 1) found.push([start, i + 1])
    }
  }
  return found
}

function damaged(where: string, problem: string): UserError {
  return new UserError(`${where}: ${problem}. The file is damaged: download it again.`, 'invalid_file')
}
