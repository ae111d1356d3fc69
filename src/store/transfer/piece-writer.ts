import type { OpenFile } from './open-file.js'
import { PIECE } from './pieces.js'

/** Cuts what comes in one run into pieces and writes them. Those that are there already are passed over. */
export class PieceWriter {
  private readonly buffer = new Uint8Array(PIECE)
  private filled = 0

  /** @param to the piece after the last one that may come */
  constructor(
    private readonly open: OpenFile,
    private piece: number,
    private readonly to: number,
  ) {}

  /** Whether all pieces came. */
  get isWhole(): boolean {
    return this.piece === this.to
  }

  /** @returns false where more bytes come than there are places for */
  async write(chunk: Uint8Array): Promise<boolean> {
    const { pieces } = this.open
    for (let offset = 0; offset < chunk.length;) {
      if (this.isWhole) return false
      const length = pieces.lengthOf(this.piece)
      const part = chunk.subarray(offset, offset + length - this.filled)
      this.buffer.set(part, this.filled)
      this.filled += part.length
      offset += part.length
      if (this.filled < length) continue
      if (!pieces.has(this.piece)) await this.open.put(this.piece, this.buffer.subarray(0, length))
      this.piece++
      this.filled = 0
    }
    return true
  }
}
