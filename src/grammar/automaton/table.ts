/** Triples of numbers that are kept once each and known by a number: the first is 0. */
export class Table {
  size = 0
  a = new Int32Array(64)
  b = new Int32Array(64)
  c = new Int32Array(64)
  private slots = new Int32Array(256).fill(-1)

  /** The number of this triple, which it gets when it is first asked for. */
  idOf(a: number, b: number, c: number): number {
    const wrap = this.slots.length - 1
    let slot = hash(a, b, c) & wrap
    for (let id = this.slots[slot]!; id >= 0; id = this.slots[slot]!) {
      if (this.a[id] === a && this.b[id] === b && this.c[id] === c) return id
      slot = (slot + 1) & wrap
    }
    const id = this.size++
    if (id === this.a.length) this.grow()
    this.a[id] = a
    this.b[id] = b
    this.c[id] = c
    this.slots[slot] = id
    if (this.size * 2 > this.slots.length) this.rehash()
    return id
  }

  get bytes(): number {
    return this.a.length * 12 + this.slots.length * 4
  }

  private grow(): void {
    this.a = grown(this.a)
    this.b = grown(this.b)
    this.c = grown(this.c)
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1)
    const wrap = slots.length - 1
    for (let id = 0; id < this.size; id++) {
      let slot = hash(this.a[id]!, this.b[id]!, this.c[id]!) & wrap
      while (slots[slot]! >= 0) slot = (slot + 1) & wrap
      slots[slot] = id
    }
    this.slots = slots
  }
}

/** The same numbers with room for as many again, which are `rest`. */
export function grown(numbers: Int32Array<ArrayBuffer>, least = 0, rest = 0): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(numbers.length * 2, least))
  larger.set(numbers)
  if (rest !== 0) larger.fill(rest, numbers.length)
  return larger
}

function hash(a: number, b: number, c: number): number {
  const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35)
  return mixed ^ (mixed >>> 15)
}
