import { unitsOf, type StoredTexts } from '../checkpoint/gguf/stored-texts.js'
import type { TokenTable } from './token-table.js'

const SPACE = 0x20

/** Merges of a file as three ids each: of the left token, of the right one, and of what they become. */
export class MergeReader {
  private units = new Uint16Array(64)
  /** Of the last merge, whether its joint is a token. */
  hasJoint = false

  /** @param prefix what a token begins with inside of a word; the joint of two goes without that of the second */
  constructor(
    private readonly vocab: TokenTable,
    private readonly prefix = '',
  ) {}

  /** Writes the ids to `into`, from `at` on; false where one of the two is no token, or their joint. */
  pair(left: string, right: string, into: Int32Array, at: number): boolean {
    this.makeRoom(left.length + right.length)
    unitsOf(left, this.units, 0)
    unitsOf(right, this.units, left.length)
    return this.find(left.length, left.length, left.length + right.length, into, at)
  }

  /** The same of a text in which the only space parts two tokens. */
  text(merge: string, into: Int32Array, at: number): boolean {
    const space = merge.indexOf(' ')
    if (space < 0 || merge.includes(' ', space + 1)) return false
    this.makeRoom(merge.length)
    return this.find(space, space + 1, unitsOf(merge, this.units, 0), into, at)
  }

  /** The same at a place of a list; the first space that is not at the start parts the two. */
  stored(texts: StoredTexts, place: number, into: Int32Array, at: number): boolean {
    this.makeRoom(texts.bytesOf(place))
    const end = texts.write(place, this.units, 0)
    let space = 1
    while (space < end && this.units[space] !== SPACE) space++
    this.hasJoint = false
    return space < end && this.find(space, space + 1, end, into, at)
  }

  private find(leftEnd: number, second: number, end: number, into: Int32Array, at: number): boolean {
    const { vocab, units } = this
    const joint = vocab.find(units, 0, leftEnd, second + this.prefixAt(second, end), end)
    this.hasJoint = joint !== undefined
    const left = joint === undefined ? undefined : vocab.find(units, 0, leftEnd, 0, 0)
    const right = left === undefined ? undefined : vocab.find(units, second, end, 0, 0)
    if (right === undefined) return false
    into[at] = left!
    into[at + 1] = right
    into[at + 2] = joint!
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
