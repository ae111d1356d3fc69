/** What is there of a file, piece by piece. Pure. */

/** A piece is what a broken connection or a killed process loses at most. */
export const PIECE = 1 << 20
/** One request asks for so much. */
const LARGEST_RUN = 16

/** Missing pieces next to each other: from `from` up to, without, `to`. */
export interface Run {
  readonly from: number
  readonly to: number
}

export function piecesOf(size: number): number {
  return Math.ceil(size / PIECE)
}

/** The journal's word of a piece that is there: its crc32, and 1 for a crc32 of 0, which says that it is missing. */
export function wordOf(crc32: number): number {
  return crc32 >>> 0 || 1
}

/** The pieces of a file: missing, on their way, or there. */
export class Pieces {
  private readonly state: Uint8Array
  /** Pieces that are there. */
  count = 0
  /** All before it are there. */
  private lowest = 0
  private search = 0

  constructor(readonly size: number) {
    this.state = new Uint8Array(piecesOf(size))
  }

  get total(): number {
    return this.state.length
  }

  get isWhole(): boolean {
    return this.count === this.total
  }

  has(piece: number): boolean {
    return this.state[piece] === THERE
  }

  lengthOf(piece: number): number {
    return Math.min(PIECE, this.size - piece * PIECE)
  }

  /** Bytes that are there. */
  get bytes(): number {
    const hasLast = this.total > 0 && this.has(this.total - 1)
    return this.count * PIECE - (hasLast ? PIECE - this.lengthOf(this.total - 1) : 0)
  }

  /** Bytes from the beginning without a gap. */
  get prefix(): number {
    while (this.lowest < this.total && this.has(this.lowest)) this.lowest++
    return Math.min(this.size, this.lowest * PIECE)
  }

  /** The next run that nobody fetches, which is the caller's from now on: of a small file, a part for each of `lanes`. */
  take(lanes: number): Run | undefined {
    const limit = Math.min(LARGEST_RUN, Math.ceil(this.total / (2 * lanes)))
    while (this.search < this.total && this.state[this.search] !== MISSING) this.search++
    const from = this.search
    let to = from
    while (to < this.total && to - from < limit && this.state[to] === MISSING) this.state[to++] = TAKEN
    return to > from ? { from, to } : undefined
  }

  /** Whether {@link take} would find something. */
  get hasMissing(): boolean {
    while (this.search < this.total && this.state[this.search] !== MISSING) this.search++
    return this.search < this.total
  }

  put(piece: number): void {
    if (this.state[piece] !== THERE) this.count++
    this.state[piece] = THERE
  }

  /** It has to be fetched again. */
  drop(piece: number): void {
    if (this.state[piece] === THERE) this.count--
    this.state[piece] = MISSING
    this.search = Math.min(this.search, piece)
    this.lowest = Math.min(this.lowest, piece)
  }
}

const MISSING = 0
const TAKEN = 1
const THERE = 2
