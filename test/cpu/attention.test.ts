// Attention by itself, over pages of all kinds of numbers: right against plain loops, and the same bits for any number of
// tokens at once, though few rows widen keys in registers and many share a panel.
import { describe, expect, it } from 'vitest'
import { CACHE, PAGE_SIZE, STEP_HEADER } from '../../src/backends/contract.generated.js'
import { writeHeader, writeRecord, type PlacedCall } from '../../src/backends/cpu/records.js'
import { BUILDS, instantiate, NIBBLES, relativeError, type Kernels } from './kernel-bench.js'

/** The last position is in the middle of the third page. */
const CONTEXT = 2 * PAGE_SIZE + 37
/** Two units of rows and a rest. */
const TOKENS = 13
const [RECORD, SCRATCH, FIRST_FREE] = [4096, 8192, 262144]

interface Shape {
  readonly heads: number
  readonly keyHeads: number
  readonly keyDim: number
  readonly valueDim: number
}

class AttentionBench {
  private next = FIRST_FREE
  private readonly positions: number
  private readonly sequences: number
  private readonly pointers: number
  private readonly rows: { readonly q: number; readonly k: number; readonly v: number; readonly out: number }
  private readonly pool: number
  private readonly keyBytes: number
  private readonly pageBytes: number

  constructor(
    private readonly kernels: Kernels,
    private readonly shape: Shape,
    private readonly cache: 'f32' | 'f16' | 'q8',
    /** Of two thirds of the columns, what all keys have in common. */
    common = 0,
  ) {
    const { heads, keyHeads, keyDim, valueDim } = shape
    const table = this.take(16)
    this.positions = this.take(CONTEXT * 4)
    this.sequences = this.take(CONTEXT * 4)
    this.pointers = this.take(4)
    this.rows = {
      q: this.floats(CONTEXT * heads * keyDim, 0.31, 2),
      k: this.floats(CONTEXT * keyHeads * keyDim, 0.17, 1, (i) => common * ((i % keyDim) % 3)),
      v: this.floats(CONTEXT * keyHeads * valueDim, 0.23, 1),
      out: this.take(CONTEXT * heads * valueDim * 4),
    }
    const padded = (n: number): number =>
      cache === 'q8' ? Math.ceil(n / 32) * 34 : Math.ceil(n / 4) * (cache === 'f32' ? 16 : 8)
    this.keyBytes = PAGE_SIZE * keyHeads * padded(keyDim)
    this.pageBytes = this.keyBytes + PAGE_SIZE * keyHeads * padded(valueDim)
    this.pool = this.take(4 * this.pageBytes)
    new Uint32Array(this.buffer, table, 3).set([2, 0, 3])
    new Uint32Array(this.buffer, this.pointers, 1)[0] = table
    new Int32Array(this.buffer, this.sequences, CONTEXT).fill(0)
    this.append(0, CONTEXT)
  }

  /** Keys and values of tokens [first, first + count); `from`: those that belong to tokens so many later. */
  append(first: number, count: number, from = 0): void {
    const { keyHeads, keyDim, valueDim } = this.shape
    const rowsOf = (of: 'k' | 'v', columns: number, pages: number): PlacedCall['fields'] => {
      const rowBytes = keyHeads * columns * 4
      const x = { address: this.rows[of] + (first + from) * rowBytes, rowBytes }
      return { x, heads: keyHeads, columns, pages }
    }
    const [keys, values] = [rowsOf('k', keyDim, 0), rowsOf('v', valueDim, this.keyBytes)]
    const kind = { cache: CACHE[this.cache], every: 1 }
    if (this.cache === 'q8') this.run('appendKeysQ8', first, count, keys)
    else this.run('cacheAppend', first, count, { ...keys, ...kind })
    this.run('cacheAppend', first, count, { ...values, ...kind })
  }

  /** All pages, in hex, which is quickly compared. */
  pages(): string {
    return Buffer.from(this.buffer, this.pool, 4 * this.pageBytes).toString('hex')
  }

  private get buffer(): ArrayBufferLike {
    return this.kernels.memory.buffer
  }

  private take(bytes: number): number {
    const address = this.next
    this.next = Math.ceil((address + bytes) / 64) * 64
    const missing = this.next - this.buffer.byteLength
    if (missing > 0) this.kernels.memory.grow(Math.ceil(missing / 65536))
    return address
  }

  /** Numbers that f16 has too. */
  private floats(count: number, step: number, size: number, more: (i: number) => number = () => 0): number {
    const address = this.take(count * 4)
    const values = new Float32Array(this.buffer, address, count)
    values.forEach((_, i) => (values[i] = Math.round(size * 256 * Math.sin(i * step + (i % 5))) / 256 + more(i)))
    return address
  }

  private run(kernel: PlacedCall['kernel'], first: number, count: number, fields: PlacedCall['fields']): void {
    const at = new Int32Array(this.buffer, this.positions, count)
    at.forEach((_, i) => (at[i] = first + i))
    const none = Object.fromEntries(Object.keys(STEP_HEADER).map((name) => [name, 0])) as Parameters<
      typeof writeHeader
    >[1]
    const { positions, sequences, pointers: pageTables, pool, pageBytes } = this
    writeHeader(this.buffer, { ...none, stepTokens: count, positions, sequences, pageTables, pool, pageBytes })
    writeRecord(this.buffer, RECORD, { kernel, rows: 'T', multiple: 1, fields }, false)
    this.kernels.kernel['run']!(RECORD, 1)
  }

  private scale(): number {
    return 1 / Math.sqrt(this.shape.keyDim)
  }

  /** Tokens [first, first + count) of the context: [count, heads, valueDim]. */
  attend(first: number, count: number, fused: 0 | 1): number[] {
    const { heads, keyHeads, keyDim, valueDim } = this.shape
    this.kernels.kernel['init']!(0, 1, SCRATCH, NIBBLES, 0, fused)
    const out = new Float32Array(this.buffer, this.rows.out, (count + 1) * heads * valueDim).fill(-1)
    this.run('attention', first, count, {
      ...{ q: { address: this.rows.q + first * heads * keyDim * 4, rowBytes: heads * keyDim * 4 } },
      ...{ out: { address: this.rows.out, rowBytes: heads * valueDim * 4 } },
      ...{ group: heads / keyHeads, kvHeads: keyHeads, keyDim, valueDim, scale: this.scale() },
      ...{ keys: 0, values: this.keyBytes, cache: CACHE[this.cache], latent: 0 },
      ...{ span: 0, chunked: 0, sinks: undefined, softcap: 0 },
    })
    expect(out.subarray(count * heads * valueDim).every((v) => v === -1)).toBe(true)
    return [...out.subarray(0, count * heads * valueDim)]
  }

  /** The same in double, by plain loops. */
  expected(first: number, count: number): number[] {
    const { heads, keyHeads, keyDim, valueDim } = this.shape
    const view = (address: number): Float32Array => new Float32Array(this.buffer, address)
    const [q, k, v] = [view(this.rows.q), view(this.rows.k), view(this.rows.v)]
    const values: number[] = []
    for (let t = first; t < first + count; t++)
      for (let h = 0; h < heads; h++) {
        const kv = Math.floor((h * keyHeads) / heads)
        const weights = Array.from({ length: t + 1 }, (_, p) => {
          let sum = 0
          for (let i = 0; i < keyDim; i++)
            sum += q[(t * heads + h) * keyDim + i]! * k[(p * keyHeads + kv) * keyDim + i]!
          return sum * this.scale()
        })
        const most = Math.max(...weights)
        const exps = weights.map((w) => Math.exp(w - most))
        const total = exps.reduce((a, b) => a + b)
        for (let c = 0; c < valueDim; c++)
          values.push(exps.reduce((sum, e, p) => sum + e * v[(p * keyHeads + kv) * valueDim + c]!, 0) / total)
      }
    return values
  }
}

/** Groups of one to eight; widths in whole vectors of eight, of four, and in none. */
const SHAPES: readonly Shape[] = [
  { heads: 2, keyHeads: 2, keyDim: 32, valueDim: 32 },
  { heads: 3, keyHeads: 1, keyDim: 72, valueDim: 40 },
  { heads: 10, keyHeads: 2, keyDim: 64, valueDim: 96 },
  { heads: 8, keyHeads: 1, keyDim: 20, valueDim: 52 },
  { heads: 6, keyHeads: 1, keyDim: 30, valueDim: 18 },
]

describe.each(BUILDS)('attention, %s SIMD', (_, wasm) => {
  describe.each(SHAPES)('$heads heads on $keyHeads, $keyDim and $valueDim columns', (shape) => {
    it.each([
      ['f32', 0],
      ['f32', 1],
      ['f16', 0],
      ['f16', 1],
    ] as const)('%s, vectors fused %d', async (cache, fused) => {
      const bench = new AttentionBench(await instantiate(wasm), shape, cache)
      const first = CONTEXT - TOKENS
      const all = bench.attend(first, TOKENS, fused)
      expect(relativeError(all, bench.expected(first, TOKENS))).toBeLessThan(2e-6)
      const width = shape.heads * shape.valueDim
      for (const [from, count] of [
        [0, 1],
        [1, 2],
        [3, 3],
        [6, 7],
      ] as const)
        expect(bench.attend(first + from, count, fused)).toEqual(all.slice(from * width, (from + count) * width))
      // a beginning, whose only page is not full
      expect(relativeError(bench.attend(0, 5, fused), bench.expected(0, 5))).toBeLessThan(2e-6)
    })

    describe.each([0, 8])('q8, keys with %d in common', (common) => {
      it('is near, and the same bits for any number of tokens at once', async () => {
        const bench = new AttentionBench(await instantiate(wasm), shape, 'q8', common)
        const first = CONTEXT - TOKENS
        const all = bench.attend(first, TOKENS, 0)
        // With keys stored as they are 0.6 to 1.8 for the second.
        expect(relativeError(all, bench.expected(first, TOKENS))).toBeLessThan(common === 0 ? 0.1 : 0.25)
        const width = shape.heads * shape.valueDim
        for (const [from, count] of [
          [0, 1],
          [1, 3],
          [4, 9],
        ] as const)
          expect(bench.attend(first + from, count, 0)).toEqual(all.slice(from * width, (from + count) * width))
      })

      it('has the same codes however keys came, and after others that were taken back', async () => {
        const bench = new AttentionBench(await instantiate(wasm), shape, 'q8', common)
        const pages = bench.pages()
        bench.append(PAGE_SIZE - 9, 30, 3)
        expect(bench.pages() === pages).toBe(false)
        for (let t = PAGE_SIZE - 9; t < PAGE_SIZE + 21; t++) bench.append(t, 1)
        expect(bench.pages() === pages).toBe(true)
        bench.append(PAGE_SIZE - 2, 7)
        expect(bench.pages() === pages).toBe(true)
      })
    })
  })
})
