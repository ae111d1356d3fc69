/** A file on its way: its pieces, its address and its hash. */
import { UserError } from '../../errors.js'
import { refuseLookAlike } from '../../checkpoint/files/look-alikes.js'
import type { FileAddress, ListedFile } from '../listing.js'
import type { Network } from '../network/ask.js'
import { throwIfAborted } from '../network/patience.js'
import type { Disk, PartFile, Trail } from './disk.js'
import type { Meter } from './meter.js'
import { PIECE, Pieces, wordOf } from './pieces.js'

/** What all files of a pull share. */
export interface Transfer {
  readonly disk: Disk
  readonly network: Network
  readonly meter: Meter
}

/** A version that this many answers in a row name is the one that the server has now. */
const SAME_VERSION = 3

export class OpenFile {
  readonly pieces: Pieces
  private readonly trail: Trail | undefined
  private trailed = 0
  private known: FileAddress | undefined
  private asking: Promise<FileAddress> | undefined
  private version: string | undefined
  private other: { etag: string; times: number } | undefined
  /** Answers in a row that were the whole file where a range was asked for. */
  wholeAnswers = 0

  constructor(
    readonly file: ListedFile,
    readonly part: PartFile,
    private readonly transfer: Transfer,
  ) {
    this.pieces = new Pieces(file.size)
    this.version = file.etag
    this.trail = file.hash && 'sha256' in file.hash ? part.trail() : undefined
  }

  /** Takes over what an earlier run left: pieces whose bytes have the crc32 that the journal says. */
  async resume(): Promise<void> {
    const { journal } = this.part
    const { disk, meter, network } = this.transfer
    const bytes = new Uint8Array(PIECE)
    if (journal.some((word) => word !== 0)) meter.say('checking')
    for (let piece = 0; piece < this.pieces.total; piece++) {
      if (journal[piece] === 0) continue
      throwIfAborted(network.signal)
      const found = bytes.subarray(0, this.pieces.lengthOf(piece))
      await this.part.read(piece * PIECE, found)
      if (wordOf(disk.crc32(found)) === journal[piece]) this.pieces.put(piece)
      else await this.part.clear(piece)
    }
    meter.begin(this.file.path, this.file.size, this.pieces.bytes)
    meter.say('transfer')
    this.follow()
  }

  /** The address of all ranges; another one once this one has ended or brings nothing. */
  async address(old?: FileAddress, isBroken = false): Promise<FileAddress> {
    if (this.known && this.known !== old) return this.known
    this.known = undefined
    this.asking ??= this.file.address(this.transfer.network.signal, isBroken ? old : undefined).finally(() => {
      this.asking = undefined
    })
    const found = await this.asking
    this.known ??= found
    return this.known
  }

  /**
   * Whether an answer is of the version that the others are of. The sha256 decides in the end; where there is none,
   * bytes of two versions must not meet.
   * @throws UserError when the file changed
   */
  isSameVersion(etag: string | undefined): boolean {
    const found = etag?.replace(/^W\//, '').replace(/^"|"$/g, '')
    const own = this.version?.replace(/^W\//, '').replace(/^"|"$/g, '')
    if (found === undefined || own === undefined || found === own) {
      this.version ??= found
      if (found !== undefined) this.other = undefined
      return true
    }
    this.other = { etag: found, times: this.other?.etag === found ? this.other.times + 1 : 1 }
    if (this.other.times < SAME_VERSION) return false
    if (!this.file.hash) throw this.changed()
    this.version = found
    return true
  }

  changed(): UserError {
    return new UserError(
      `${this.file.path}: the file on the server has changed while it was fetched. Nothing of the old one is used: run it again to fetch the new one.`,
      'file_changed',
    )
  }

  async put(piece: number, bytes: Uint8Array): Promise<void> {
    await this.part.write(piece, piece * PIECE, bytes)
    this.pieces.put(piece)
    this.transfer.meter.add(this.file.path, bytes.length)
    this.follow()
  }

  private follow(): void {
    const { prefix } = this.pieces
    if (prefix === this.trailed) return
    this.trailed = prefix
    this.trail?.advance(prefix)
  }

  /**
   * With all pieces there: compares the hash, and gives the file its name. False when the bytes are not those that the hub
   * names; they are missing again then, those that the disk has spoilt or, where it has not, all.
   */
  async finish(): Promise<boolean> {
    const { hash } = this.file
    await this.refuseOthers()
    const right = hash === undefined || (await this.digest()) === Object.values(hash)[0]
    if (right) await this.part.finish()
    else await this.dropWrong()
    return right
  }

  private async digest(): Promise<string> {
    if (this.trail) return this.trail.digest()
    const parts = [new TextEncoder().encode(`blob ${this.file.size}\0`)]
    for (let piece = 0; piece < this.pieces.total; piece++) {
      const bytes = new Uint8Array(this.pieces.lengthOf(piece))
      await this.part.read(piece * PIECE, bytes)
      parts.push(bytes)
    }
    return this.transfer.disk.hash('sha1', parts)
  }

  /** A pointer of Git LFS or a web page under the name of weights. */
  private async refuseOthers(): Promise<void> {
    if (!isWeights(this.file.path)) return
    const start = new Uint8Array(Math.min(64, this.file.size))
    await this.part.read(0, start)
    try {
      refuseLookAlike(this.file.path, start)
    } catch (error) {
      await this.part.discard()
      throw error
    }
  }

  private async dropWrong(): Promise<void> {
    const { disk } = this.transfer
    const bytes = new Uint8Array(PIECE)
    const spoilt: number[] = []
    for (let piece = 0; piece < this.pieces.total; piece++) {
      const found = bytes.subarray(0, this.pieces.lengthOf(piece))
      await this.part.read(piece * PIECE, found)
      if (wordOf(disk.crc32(found)) !== this.part.journal[piece]) spoilt.push(piece)
    }
    const dropped = spoilt.length > 0 ? spoilt : Array.from({ length: this.pieces.total }, (_, piece) => piece)
    for (const piece of dropped) {
      await this.part.clear(piece)
      this.pieces.drop(piece)
      this.transfer.meter.add(this.file.path, -this.pieces.lengthOf(piece))
    }
  }

  async close(): Promise<void> {
    await this.part.close()
  }
}

export function isWeights(path: string): boolean {
  return /\.(safetensors|gguf)$/i.test(path)
}
