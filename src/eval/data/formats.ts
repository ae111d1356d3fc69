/** The formats in which documents are published. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'

const text = new TextDecoder('utf-8', { fatal: true })

const LINE_END = 10

/** One object a line. Lines are decoded one by one: a file may be larger than the longest text. @throws UserError naming the line */
export function jsonLines(bytes: Uint8Array, name: string): JsonObject[] {
  const objects: JsonObject[] = []
  for (let at = 0, number = 1; at < bytes.length; number++) {
    const found = bytes.indexOf(LINE_END, at)
    const end = found < 0 ? bytes.length : found
    const line = text.decode(bytes.subarray(at, end)).trim()
    if (line !== '') objects.push(jsonObject(line, `${name}, line ${number}`))
    at = end + 1
  }
  return objects
}

export function jsonObject(line: string, place: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new UserError(`${place}: expected JSON, found ${line.slice(0, 40)}`, 'invalid_file', { cause })
  }
  if (isJsonObject(value)) return value
  throw new UserError(`${place}: expected a JSON object, found ${line.slice(0, 40)}`, 'invalid_file')
}

/** Rows of a file with commas, as RFC 4180 has them: fields in quotes may hold commas, line ends and doubled quotes. */
export function csvRows(bytes: Uint8Array): string[][] {
  const source = text.decode(bytes)
  const rows: string[][] = []
  let row: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|((?!")[^,\r\n]*))(,|\r?\n|$)/gy
  while (field.lastIndex < source.length) {
    const [, quoted, plain = '', end] = field.exec(source) ?? []
    if (end === undefined) throw new UserError(`row ${rows.length + 1}: a quote is not closed`, 'invalid_file')
    row.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  if (row.length > 0) rows.push([...row, ''])
  return rows
}

/** The files of a tape archive (ustar) by their paths; links and folders are left out. */
export function tarFiles(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const string = (at: number, length: number): string =>
    new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= bytes.length;) {
    const name = string(at, 100)
    if (name === '') break
    const size = Number.parseInt(string(at + 124, 12).trim() || '0', 8)
    if (!Number.isSafeInteger(size) || size < 0 || at + 512 + size > bytes.length)
      throw new UserError(`${name}: the archive says ${size} bytes and has fewer`, 'invalid_file')
    const prefix = string(at + 257, 5) === 'ustar' ? string(at + 345, 155) : ''
    const type = string(at + 156, 1)
    if (type === '0' || type === '')
      files.set(prefix === '' ? name : `${prefix}/${name}`, bytes.subarray(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

/** What gzip packed. */
export async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Response(bytes.slice()).body
  if (!packed) return new Uint8Array()
  return new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
}
