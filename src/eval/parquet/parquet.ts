/**
 * Rows of a Parquet file, as data sets are published in it: texts, numbers and lists of them, packed with Snappy or not at all. What
 * else the format has (nested records, other packings, other encodings) is refused by its name.
 */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import { unsnap } from './snappy.js'
import { ThriftReader, type ThriftStruct, type ThriftValue } from './thrift.js'
import { packedNumbers, plainValues, TYPES, type ParquetValue } from './values.js'

const MAGIC = 0x31524150
const CODECS = ['none', 'Snappy', 'gzip', 'LZO', 'Brotli', 'LZ4', 'Zstandard', 'LZ4 (raw)']
const ENCODINGS = { plain: 0, plainDictionary: 2, dictionary: 8 } as const
const PAGES = { data: 0, dictionary: 2 } as const
/** More than any page of a benchmark has; a damaged one may claim anything. */
const MOST_VALUES = 1 << 22

/** A column, and how deep its values lie. */
interface Column {
  readonly name: string
  readonly type: number
  /** Level at which a value is there. */
  readonly there: number
  /** Of a list: the level at which it has an element; undefined of a column without lists. */
  readonly listed: number | undefined
}

/** @throws UserError for a damaged file, and for what is not read here, by its name */
export function parquetRows(bytes: Uint8Array, name: string): JsonObject[] {
  try {
    return rowsOf(bytes, name)
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`${name}: expected a Parquet file, found a damaged one (${reason})`, 'invalid_file', { cause })
  }
}

function rowsOf(bytes: Uint8Array, name: string): JsonObject[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length - 8
  if (end < 4 || view.getUint32(0, true) !== MAGIC || view.getUint32(end + 4, true) !== MAGIC)
    throw new UserError(`${name}: expected a Parquet file, found another one`, 'invalid_file')
  const file = new ThriftReader(bytes, end - view.getUint32(end, true)).struct()
  const columns = columnsOf(structs(file, 2), name)
  return structs(file, 4).flatMap((group) => {
    const chunks = structs(group, 1).map((chunk) => struct(chunk, 3))
    const cells = columns.map((column, i) => cellsOf(bytes, chunks[i]!, column, name))
    return Array.from({ length: cells[0]?.length ?? 0 }, (_, row) =>
      Object.fromEntries(columns.map((column, i) => [column.name, cells[i]![row] ?? null])),
    )
  })
}

/** The leaves of the schema, which lists its nodes in depth-first order. */
function columnsOf(schema: readonly ThriftStruct[], name: string): Column[] {
  const columns: Column[] = []
  let at = 1
  const walk = (path: readonly string[], there: number, listed: number | undefined): void => {
    const node = schema[at++]
    if (!node) throw new RangeError('a schema without its end')
    const [kind, children] = [number(node, 3), number(node, 5)]
    const own = [...path, new TextDecoder().decode(node.fields.get(4) as Uint8Array)]
    const level = there + (kind === 0 ? 0 : 1)
    const inList = kind === 2 ? level : listed
    const isNested = (kind === 2 && listed !== undefined) || (listed === undefined && children > 1)
    if (isNested || own.length > 3)
      throw new UserError(`${name}: the column ${own[0]} has records in it, which are not read here`, 'invalid_file')
    for (let i = 0; i < children; i++) walk(own, level, inList)
    if (children === 0) columns.push({ name: own[0]!, type: number(node, 1), there: level, listed: inList })
  }
  for (let i = number(schema[0]!, 5); i > 0; i--) walk([], 0, undefined)
  const known = Object.values<number>(TYPES)
  const strange = columns.find(({ type }) => !known.includes(type))
  if (strange)
    throw new UserError(
      `${name}: the column ${strange.name} has values of the type ${strange.type}, not read here`,
      'invalid_file',
    )
  return columns
}

type Cell = ParquetValue | ParquetValue[]

/** One cell a row. */
function cellsOf(bytes: Uint8Array, chunk: ThriftStruct, column: Column, name: string): Cell[] {
  const codec = number(chunk, 4)
  if (codec > 1)
    throw new UserError(
      `${name}: expected pages packed with Snappy, found ${CODECS[codec] ?? `the packing ${codec}`}, which is not read here`,
      'invalid_file',
    )
  const total = number(chunk, 5)
  const cells: Cell[] = []
  let dictionary: ParquetValue[] = []
  let at = number(chunk, 11) || number(chunk, 9)
  for (let seen = 0; seen < total;) {
    const reader = new ThriftReader(bytes, at)
    const head = reader.struct()
    at = reader.at + number(head, 3)
    const packed = bytes.subarray(reader.at, at)
    const page = codec === 1 ? unsnap(packed) : packed
    const kind = number(head, 1)
    if (kind === PAGES.dictionary) {
      dictionary = plainValues(page, column.type, countOf(struct(head, 7)))
      continue
    }
    if (kind !== PAGES.data) throw new UserError(`${name}: pages of the kind ${kind} are not read here`, 'invalid_file')
    const about = struct(head, 5)
    seen += countOf(about)
    addCells(cells, page, about, column, dictionary, name)
  }
  return cells
}

function addCells(
  cells: Cell[],
  page: Uint8Array,
  about: ThriftStruct,
  { type, there, listed }: Column,
  dictionary: readonly ParquetValue[],
  name: string,
): void {
  const count = countOf(about)
  let at = 0
  const levels = (most: number): number[] => {
    if (most === 0) return Array.from({ length: count }, () => 0)
    const size = new DataView(page.buffer, page.byteOffset + at).getUint32(0, true)
    const found = packedNumbers(page.subarray(at + 4, at + 4 + size), 32 - Math.clz32(most), count)
    at += 4 + size
    return found
  }
  const continued = levels(listed === undefined ? 0 : 1)
  const defined = levels(there)
  const present = defined.filter((level) => level === there).length
  const values = valuesOf(page.subarray(at), number(about, 2), type, present, dictionary, name)
  let next = 0
  for (let i = 0; i < count; i++) {
    const level = defined[i]!
    const value = level === there ? (values[next++] ?? null) : null
    if (listed === undefined) cells.push(value)
    else if (continued[i] === 1) (cells.at(-1) as ParquetValue[]).push(value)
    else if (level >= listed) cells.push([value])
    // An empty list lies one level above its elements; what lies higher is no list at all.
    else cells.push(level === listed - 1 ? [] : null)
  }
}

function valuesOf(
  bytes: Uint8Array,
  encoding: number,
  type: number,
  count: number,
  dictionary: readonly ParquetValue[],
  name: string,
): ParquetValue[] {
  if (encoding === ENCODINGS.plain) return plainValues(bytes, type, count)
  if (encoding !== ENCODINGS.dictionary && encoding !== ENCODINGS.plainDictionary)
    throw new UserError(`${name}: values in the encoding ${encoding} are not read here`, 'invalid_file')
  if (count === 0) return []
  return packedNumbers(bytes.subarray(1), bytes[0] ?? 0, count).map((id) => {
    const value = dictionary[id]
    if (value === undefined) throw new RangeError('a value that is not in the dictionary')
    return value
  })
}

function countOf(header: ThriftStruct): number {
  const count = number(header, 1)
  if (count < 0 || count > MOST_VALUES) throw new RangeError(`a page of ${count} values`)
  return count
}

/** Absent fields are 0. */
function number({ fields }: ThriftStruct, id: number): number {
  const value = fields.get(id) ?? 0
  if (typeof value === 'number') return value
  throw new RangeError(`field ${id} is no number`)
}

function struct({ fields }: ThriftStruct, id: number): ThriftStruct {
  const value = fields.get(id)
  if (isStruct(value)) return value
  throw new RangeError(`field ${id} is no structure`)
}

function structs({ fields }: ThriftStruct, id: number): ThriftStruct[] {
  const value = fields.get(id)
  if (Array.isArray(value)) return (value as ThriftValue[]).filter(isStruct)
  throw new RangeError(`field ${id} is no list`)
}

function isStruct(value: ThriftValue | undefined): value is ThriftStruct {
  return typeof value === 'object' && 'fields' in value
}
