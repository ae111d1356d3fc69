/** Python's `random.Random`: the Mersenne Twister of Matsumoto and Nishimura (MT19937), and what CPython 3 draws with it. */

const N = 624
const M = 397
const UPPER = 0x80000000
const LOWER = 0x7fffffff

/**
 * The numbers that Python's `random.Random(seed)` gives, in the same order: few-shot examples are drawn with it.
 * @example
 * import { PythonRandom } from 'kaiyuan/eval'
 *
 * console.log(new PythonRandom(1234).sample([...Array(7473).keys()], 5)) // [ 6374, 3610, 957, 61, 742 ]
 */
export class PythonRandom {
  private readonly state = new Uint32Array(N)
  private at = N

  /** @param seed a whole number of at least 0 */
  constructor(seed: number) {
    this.seedByKey(keyOf(seed))
  }

  /** 0 to 1, 1 left out; 53 bits. */
  random(): number {
    const high = this.next() >>> 5
    const low = this.next() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** A whole number from 0 to `limit`, `limit` left out. */
  below(limit: number): number {
    const bits = limit.toString(2).length
    for (;;) {
      const drawn = this.bits(bits)
      if (drawn < limit) return drawn
    }
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  choice<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  /** With replacement. */
  choices<T>(items: readonly T[], count: number): T[] {
    return Array.from({ length: count }, () => items[Math.floor(this.random() * items.length)]!)
  }

  /** In place. */
  shuffle(items: unknown[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[items[i], items[j]] = [items[j], items[i]]
    }
  }

  /** Without replacement, in the order drawn. CPython takes from a pool or remembers what was drawn, by which is smaller. */
  sample<T>(items: readonly T[], count: number): T[] {
    let set = 21
    if (count > 5) set += 4 ** Math.ceil(Math.log(count * 3) / Math.log(4))
    return items.length <= set ? this.fromPool(items, count) : this.withMemory(items, count)
  }

  /** As `uuid.UUID(int=random.getrandbits(128), version=4)`: the words drawn first are the lowest. */
  uuid(): string {
    const words = Array.from({ length: 4 }, () => this.next().toString(16).padStart(8, '0')).reverse()
    const digits = words.join('')
    const variant = ((Number.parseInt(digits[16]!, 16) & 3) | 8).toString(16)
    const [a, b, c, d, e] = [
      digits.slice(0, 8),
      digits.slice(8, 12),
      digits.slice(13, 16),
      digits.slice(17, 20),
      digits.slice(20),
    ]
    return `${a}-${b}-4${c}-${variant}${d}-${e}`
  }

  private fromPool<T>(items: readonly T[], count: number): T[] {
    const pool = [...items]
    return Array.from({ length: count }, (_, i) => {
      const j = this.below(items.length - i)
      const drawn = pool[j]!
      pool[j] = pool[items.length - i - 1]!
      return drawn
    })
  }

  private withMemory<T>(items: readonly T[], count: number): T[] {
    const drawn = new Set<number>()
    while (drawn.size < count) drawn.add(this.below(items.length))
    return [...drawn].map((i) => items[i]!)
  }

  private bits(count: number): number {
    if (count <= 32) return this.next() >>> (32 - count)
    const low = this.next()
    return (this.next() >>> (64 - count)) * 2 ** 32 + low
  }

  protected next(): number {
    if (this.at === N) this.twist()
    let y = this.state[this.at++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    y ^= y >>> 18
    return y >>> 0
  }

  private twist(): void {
    const { state } = this
    for (let i = 0; i < N; i++) {
      const y = (state[i]! & UPPER) | (state[(i + 1) % N]! & LOWER)
      state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.at = 0
  }

  protected seedByNumber(seed: number): void {
    this.at = N
    this.state[0] = seed
    for (let i = 1; i < N; i++) {
      const before = this.state[i - 1]!
      this.state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i
    }
  }

  private seedByKey(key: readonly number[]): void {
    const { state } = this
    this.seedByNumber(19650218)
    let [i, j] = [1, 0]
    const advance = (): void => {
      if (++i < N) return
      state[0] = state[N - 1]!
      i = 1
    }
    for (let k = Math.max(N, key.length); k > 0; k--) {
      const before = state[i - 1]!
      state[i] = (state[i]! ^ Math.imul(before ^ (before >>> 30), 1664525)) + key[j]! + j
      advance()
      j = (j + 1) % key.length
    }
    for (let k = N - 1; k > 0; k--) {
      const before = state[i - 1]!
      state[i] = (state[i]! ^ Math.imul(before ^ (before >>> 30), 1566083941)) - i
      advance()
    }
    state[0] = UPPER
  }
}

/** The seed in words of 32 bits, the lowest first. */
function keyOf(seed: number): number[] {
  const high = Math.floor(seed / 2 ** 32)
  return high > 0 ? [seed >>> 0, high] : [seed >>> 0]
}

/** The numbers of NumPy's `numpy.random.seed(seed)`: the same twister, seeded and drawn from in another way. */
export class NumpyRandom extends PythonRandom {
  constructor(seed: number) {
    super(0)
    this.seedByNumber(seed)
  }

  /** A whole number from `low` to `high`, `high` left out: as many low bits as it may take, until they fit. */
  range(low: number, high: number): number {
    const mask = 2 ** (high - low - 1).toString(2).length - 1
    for (;;) {
      const drawn = (this.next() & mask) >>> 0
      if (drawn < high - low) return low + drawn
    }
  }
}
