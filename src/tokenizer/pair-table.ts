/** Ids are below 2^24, so that a rank and an id are one whole number. */
export const IDS = 2 ** 24

/**
 * Pairs of ids, with a rank and the id that they become. Flat: a Map boxes what is no small whole number, and takes 80 bytes a pair
 * where this takes 25 to 40.
 */
export class PairTable {
  private readonly mask: number
  /** Of a place: left + 1 (0: free), right, rank, joint. */
  private readonly slots: Int32Array

  /** @param most pairs that are put in, at most */
  constructor(most: number) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, most) * 1.5))
    this.mask = places - 1
    this.slots = new Int32Array(4 * places)
  }

  /** A pair that is there already has the new numbers from now on. */
  set(left: number, right: number, rank: number, joint: number): void {
    const place = this.placeOf(left, right)
    this.slots[place] = left + 1
    this.slots[place + 1] = right
    this.slots[place + 2] = rank
    this.slots[place + 3] = joint
  }

  /** rank * {@link IDS} + joint; undefined without the pair. */
  get(left: number, right: number): number | undefined {
    const place = this.placeOf(left, right)
    return this.slots[place] === 0 ? undefined : this.slots[place + 2]! * IDS + this.slots[place + 3]!
  }

  /** The pair's place, or the free one that it would take. */
  private placeOf(left: number, right: number): number {
    const { slots, mask } = this
    const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b)
    for (let i = mixed ^ (mixed >>> 15); ; i++) {
      const place = 4 * (i & mask)
      if (slots[place] === 0 || (slots[place] === left + 1 && slots[place + 1] === right)) return place
    }
  }
}
