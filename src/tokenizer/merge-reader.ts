import { unitsOf, type StoredTexts } from '../checkpoint/gguf/stored-texts.js'
import type { PairTable } from './pair-table.js'
import type { TokenTable } from './token-table.js'

const SPACE = 0x20

/** Merges of a file, in its order, into a table of ranks. Of two merges of a pair the later one counts, as in the reference. */
export class MergeReader {
  private units = new Uint16Array(64)
  private rank = 0
  /** Of the last merge, whether its joint is a token. */
  hasJoint = false

  /**
   * @param ranks gets, of each merge that is read, the ids of the two tokens, and of what they become
   * @param prefix what a token begins with inside of a word; the joint of two goes without that of the second
   */
  constructor(
    private readonly vocab: TokenTable,
    private readonly ranks: PairTable,
    private readonly prefix = '',
  ) {}

  /** False where one of the two is no token, or their joint. */
  pair(left: string, right: string): boolean {
    this.makeRoom(left.length + right.length)
    unitsOf(left, this.units, 0)
    unitsOf(right, this.units, left.length)
    return this.find(left.length, left.length, left.length + right.length)
  }

  /** The same of a text in which the only space parts two tokens. */
  text(merge: string): boolean {
    const space = merge.indexOf(' ')
    if (space < 0 || merge.includes(' ', space + 1)) return false
    this.makeRoom(merge.length)
    return this.find(space, space + 1, unitsOf(merge, this.units, 0))
  }

  /** The same at a place of a list; the first space that is not at the start parts the two. */
  stored(texts: StoredTexts, place: number): boolean {
    this.makeRoom(texts.bytesOf(place))
    const end = texts.write(place, this.units, 0)
    let space = 1
    while (space < end && this.units[space] !== SPACE) space++
    this.hasJoint = false
    return space < end && this.find(space, space + 1, end)
  }

  private find(leftEnd: number, second: number, end: number): boolean {
    const { vocab, units } = this
    const joint = vocab.find(units, 0, leftEnd, second + this.prefixAt(second, end), end)
    this.hasJoint = joint !== undefined
    const left = joint === undefined ? undefined : vocab.find(units, 0, leftEnd, 0, 0)
    const right = left === undefined ? undefined : vocab.find(units, second, end, 0, 0)
    if (right === undefined) return false
    this.ranks.set(left!, right, this.rank++, joint!)
    return true
  }

  /** The length of the prefix, where the token that begins there has it. */
  private prefixAt(start: number, end: number): number {
    const { units, prefix } = this
    if (start + prefix.length > end) return 0
    for (let i = 0; i < prefix.length; i++) if (units[start + i] !== prefix.charCodeAt(i)) return 0
    return prefix.length
  }

  private makeRoom(length: number): void {
    if (length > this.units.length) this.units = new Uint16Array(2 * length)
  }
}
