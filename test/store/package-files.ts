/** Wheels and tarballs of npm, made as their tools make them: zip entries stored or deflated with a RECORD, ustar in gzip. */
import { createHash } from 'node:crypto'
import { deflateRawSync, gzipSync } from 'node:zlib'

export interface PackedFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly stored?: boolean
}

/** crc32 is of no use to the reader; a wheel's hashes are in its RECORD. */
export function zipOf(files: readonly PackedFile[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { path, bytes, stored } of files) {
    const name = Buffer.from(path)
    const data = stored ? Buffer.from(bytes) : deflateRawSync(bytes)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(stored ? 0 : 8, 8)
    local.writeUInt32LE(data.length, 18)
    local.writeUInt32LE(bytes.length, 22)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(stored ? 0 : 8, 10)
    entry.writeUInt32LE(data.length, 20)
    entry.writeUInt32LE(bytes.length, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(offset, 42)
    locals.push(local, name, data)
    directory.push(entry, name)
    offset += 30 + name.length + data.length
  }
  const entries = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(entries.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, entries, end])
}

export function wheelOf(name: string, files: readonly PackedFile[]): Buffer {
  const lines = files.map(({ path, bytes }) => {
    const hash = createHash('sha256').update(bytes).digest('base64url')
    return `${path.includes(',') ? `"${path}"` : path},sha256=${hash},${bytes.length}\r\n`
  })
  const info = `${name}-1.0.dist-info`
  return zipOf([...files, { path: `${info}/RECORD`, bytes: Buffer.from(lines.join('') + `${info}/RECORD,,\r\n`) }])
}

/** `size`: what a record before each file says of it. */
export function tarballOf(files: readonly PackedFile[], size?: string): Buffer {
  const blocks: Buffer[] = []
  const add = (path: string, type: string, bytes: Uint8Array): void => {
    const header = Buffer.alloc(512)
    header.write(path.slice(0, 100), 0)
    header.write('0000644\0', 100)
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(type, 156)
    header.write('ustar\0' + '00', 257)
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    blocks.push(header, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512))
  }
  for (const { path, bytes } of files) {
    // Long names stand in a record of their own.
    if (path.length > 100) add('PaxHeader', 'x', Buffer.from(paxRecord('path', path)))
    if (size !== undefined) add('PaxHeader', 'x', Buffer.from(paxRecord('size', size)))
    add(path, '0', bytes)
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length
  return `${length}${rest}`
}

/** Bytes that begin as a GGUF file does. */
export function ggufLike(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    // Half of it compresses.
    bytes[i] = i % 2 ? state >>> 24 : 0
  }
  bytes.write('GGUF', 0)
  return bytes
}
