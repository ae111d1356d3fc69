/** Tarballs of npm: gzip around ustar (POSIX.1-2001, pax). They have no directory, so that one pass lists and another streams. */
import { UserError } from '../../errors.js'
import { nodeFilesSync, nodeZlib } from '../platform.js'
import type { ArchiveEntry } from './archive.js'

const BLOCK = 512
/** Of a long name. */
const LARGEST_NAME = 1 << 20

/**
 * The regular files of a tarball.
 * @throws UserError invalid_file for what is none, or a damaged one
 */
export async function openTarball(file: string): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = []
  for await (const part of partsOf(file)) {
    if (part.bytes !== undefined) continue
    const { path, size, index } = part
    entries.push({ path, size, stream: (signal) => streamOf(file, index, signal) })
  }
  return entries
}

async function* streamOf(file: string, wanted: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const part of partsOf(file, wanted)) {
    signal?.throwIfAborted()
    if (part.index > wanted) return
    if (part.index === wanted && part.bytes !== undefined) yield part.bytes
  }
}

interface Part {
  readonly index: number
  readonly path: string
  readonly size: number
  /** Absent: the file begins. */
  readonly bytes?: Uint8Array
}

/** Every file's beginning, and the bytes of one of them. */
async function* partsOf(file: string, wanted?: number): AsyncGenerator<Part> {
  const reader = new BlockReader(file)
  let index = 0
  let given: { path?: string; size?: number } = {}
  try {
    for (;;) {
      const header = await reader.take(BLOCK)
      if (header === undefined || header.every((byte) => byte === 0)) return
      const { type, name, size: stated } = headerOf(file, header)
      const padded = Math.ceil(stated / BLOCK) * BLOCK
      if (type === 'x' || type === 'L') {
        if (stated > LARGEST_NAME) throw damaged(file, `a name of ${stated} bytes`)
        const text = ((await reader.take(padded)) ?? Buffer.alloc(0)).subarray(0, stated).toString('utf8')
        given = type === 'L' ? { ...given, path: text.replace(/\0.*$/s, '') } : { ...given, ...paxOf(text) }
        continue
      }
      const [path, size] = [given.path ?? name, given.size ?? stated]
      given = {}
      if (!Number.isSafeInteger(size) || size < 0) throw damaged(file, `the size of ${path} is none`)
      const isFile = type === '0' || type === '\0'
      if (isFile) yield { index, path, size }
      let left = size
      for await (const bytes of reader.chunks(Math.ceil(size / BLOCK) * BLOCK)) {
        if (isFile && index === wanted && left > 0)
          yield { index, path, size, bytes: bytes.subarray(0, Math.min(left, bytes.length)) }
        left -= bytes.length
      }
      if (left > 0) throw damaged(file, `${path} is cut off`)
      if (isFile) index++
    }
  } finally {
    reader.close()
  }
}

function headerOf(file: string, header: Buffer): { type: string; name: string; size: number } {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!
  const text = (from: number, to: number): string => header.toString('utf8', from, to).replace(/\0.*$/s, '')
  if (parseInt(text(148, 156).trim(), 8) !== sum) throw damaged(file, 'the sum of a header is wrong')
  const prefix = text(257, 262) === 'ustar' ? text(345, 500) : ''
  // Sizes of 8 GiB and more are binary, marked by the highest bit.
  const size =
    (header[124]! & 0x80) !== 0 ? Number(header.readBigUInt64BE(128)) : parseInt(text(124, 136).trim() || '0', 8)
  if (!Number.isSafeInteger(size) || size < 0) throw damaged(file, 'the size of a file is none')
  return {
    type: String.fromCharCode(header[156]!),
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    size,
  }
}

/** `LENGTH key=value\n` records. */
function paxOf(text: string): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {}
  for (const [, key, value = ''] of text.matchAll(/^\d+ ([^=\n]+)=(.*)$/gm)) {
    if (key === 'path') found.path = value
    if (key === 'size') found.size = Number(value)
  }
  return found
}

/** Bytes of the unpacked stream, as many as are asked for. */
class BlockReader {
  private readonly source
  private readonly unpacked
  private readonly iterator: AsyncIterator<Buffer>
  private rest: Buffer = Buffer.alloc(0)

  constructor(private readonly file: string) {
    this.source = nodeFilesSync().createReadStream(file, { highWaterMark: 1 << 20 })
    this.unpacked = nodeZlib().createGunzip({ chunkSize: 1 << 20 })
    this.source.on('error', (error) => this.unpacked.destroy(error)).pipe(this.unpacked)
    this.iterator = (this.unpacked as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  }

  /** Undefined at the end. */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    for await (const part of this.chunks(length)) parts.push(part)
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    if (bytes.length === 0 && length > 0) return undefined
    if (bytes.length < length) throw damaged(this.file, 'it is cut off')
    return bytes
  }

  /** `length` bytes as they come, fewer where the stream ends. */
  async *chunks(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.rest.length === 0) {
        const next = await this.iterator.next().catch((cause: unknown) => {
          throw damaged(this.file, 'it cannot be unpacked', cause)
        })
        if (next.done === true) return
        this.rest = next.value
      }
      const part = this.rest.subarray(0, left)
      this.rest = this.rest.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  close(): void {
    this.source.destroy()
    this.unpacked.destroy()
  }
}

function damaged(file: string, what: string, cause?: unknown): UserError {
  return new UserError(
    `${file}: expected a whole tarball of npm, found otherwise: ${what}. Delete it and pull again.`,
    'invalid_file',
    {
      cause,
    },
  )
}
