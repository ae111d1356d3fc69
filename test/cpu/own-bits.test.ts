// Codes in their own bits versus the same codes in bytes (int7): the same products, whatever reads them; to the bit where they are of
// floats, and otherwise but for the order in which sums are added.
import { describe, expect, it } from 'vitest'
import type { BlockFormat } from '../../src/backends/formats/stored-formats.js'
import { blocksLayout } from '../../src/backends/formats/weights.js'
import { headerAddress, writeDescriptor, writeRecord, type PlacedCall } from '../../src/backends/cpu/records.js'
import { STAGED_BLOCK, X_BLOCK_BYTES, X_OUTLIER_BYTES } from '../../src/backends/contract.generated.js'
import { BUILDS, BYTES_SIGNED, FIND_OUT, NIBBLES, instantiate, type Kernels } from './kernel-bench.js'

interface Pair {
  readonly format: BlockFormat
  readonly per: number
  readonly mins: boolean
  /** Codes, and by how much those of int7 are larger. */
  readonly codes: number
  readonly offset: number
  /** Columns that share a scale. */
  readonly shared: 16 | 32
}

/** What products take, and whether tiles have four rows of x. */
type Way = readonly [products: number, fused: 0 | 1]
const PAIRS: readonly Pair[] = [
  { format: 'int6', per: 8, mins: false, codes: 64, offset: 32, shared: 16 },
  { format: 'int6', per: 1, mins: false, codes: 64, offset: 32, shared: 16 },
  { format: 'int5_min', per: 8, mins: true, codes: 32, offset: 64, shared: 32 },
  { format: 'int5_min', per: 1, mins: true, codes: 32, offset: 64, shared: 32 },
]

// Two pairs of groups of eight rows, one group alone, five rows; a last run of three blocks.
const [ROWS, BLOCKS, EXPERTS] = [45, 19, 3]
const COLS = BLOCKS * 32
const TOKENS = 70
const EXPERT_ROWS = 40
const X_BYTES = BLOCKS * X_BLOCK_BYTES + X_OUTLIER_BYTES

/** Free memory, from which places are taken in turn. */
class Places {
  private next = 1 << 16
  take(bytes: number): number {
    const at = this.next
    this.next = Math.ceil((at + bytes) / 64) * 64
    return at
  }
}

/** The same random matrix in a format and in int7, `seed` apart from others; addresses of the descriptors. */
function matrices(kernels: Kernels, places: Places, pair: Pair, seed: number): readonly [own: number, bytes: number] {
  const { buffer } = kernels.memory
  const source = places.take(ROWS * BLOCKS * STAGED_BLOCK.bytes)
  const packed = (format: BlockFormat, more: number): number => {
    stage(new DataView(buffer, source, ROWS * BLOCKS * STAGED_BLOCK.bytes), pair, more, seed)
    const descriptor = places.take(128)
    const { bytes, inScales } = blocksLayout(format, ROWS, COLS, pair)
    const data = places.take(bytes)
    writeDescriptor(buffer, descriptor, {
      ...{ format, data, rows: ROWS, cols: COLS, paddedCols: COLS },
      ...{ per: pair.per, mins: pair.mins ? 1 : 0, narrow: 1, inScales: Number(inScales), multiplier: 2 ** 112 },
    })
    expect(kernels.kernel['packBlocks']!(descriptor, source, 0, ROWS)).toBe(0)
    return descriptor
  }
  return [packed(pair.format, 0), packed('int7', pair.offset)]
}

function stage(view: DataView, { per, mins, codes, shared }: Pair, more: number, seed: number): void {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let row = 0; row < ROWS; row++)
    for (let b = 0; b < BLOCKS; b++) {
      const at = (row * BLOCKS + b) * STAGED_BLOCK.bytes
      for (let c = 0; c < 32; c++) view.setUint8(at + c, random(codes) + more)
      for (const h of [0, 1]) {
        const again = h === 1 && shared === 32
        view.setUint8(
          at + STAGED_BLOCK.scales + h,
          again ? view.getUint8(at + STAGED_BLOCK.scales) : mins ? random(64) : random(256) - 128,
        )
        view.setUint8(at + STAGED_BLOCK.mins + h, again ? view.getUint8(at + STAGED_BLOCK.mins) : mins ? random(64) : 0)
      }
      if (b % per > 0) continue
      view.setFloat32(at + STAGED_BLOCK.scale, (random(2048) - 1024) / 1024, true)
      view.setFloat32(at + STAGED_BLOCK.minScale, mins ? random(1024) / 1024 : 0, true)
    }
}

async function setUp(wasm: string, pair: Pair) {
  const kernels = await instantiate(wasm)
  const { memory, kernel } = kernels
  memory.grow(64)
  const places = new Places()
  const experts = Array.from({ length: EXPERTS }, (_, e) => matrices(kernels, places, pair, e + 1))
  const record = places.take(256)
  const scratch = places.take(1 << 18)
  const x = places.take(TOKENS * COLS * 4)
  const codes = places.take(TOKENS * X_BYTES)
  const out = places.take(ROWS * COLS * 4 + 64)
  const values = new Float32Array(memory.buffer, x, TOKENS * COLS)
  values.forEach((_, i) => (values[i] = Math.sin(i * 0.37) * (1 + (i % 7))))
  // Two of three rows have one that is much larger than the others.
  for (let t = 0; t < TOKENS; t++) if (t % 3 > 0) values[t * COLS + ((t * 53) % COLS)] = t - 200

  const run = (
    name: PlacedCall['kernel'],
    tokens: number,
    fields: PlacedCall['fields'],
    way: Way = [FIND_OUT, 0],
  ): void => {
    const [products, fused] = way
    kernel['init']!(0, 1, scratch, products, 0, fused)
    new Int32Array(memory.buffer, headerAddress('stepTokens'), 1)[0] = tokens
    writeRecord(memory.buffer, record, { kernel: name, rows: 'T', multiple: 1, fields }, false)
    kernel['run']!(record, 1)
  }
  /**
   * Fails unless `call` writes the same `count` floats with the matrix, or matrices, in their own bits and in bytes: to the bit, or
   * `nearly`, where sums are added in another order. Gives the bits of the first.
   */
  const expectSame = (
    count: number,
    call: (of: (expert: number) => number) => void,
    what: string,
    nearly = false,
  ): Int32Array => {
    const [own, bytes] = ([0, 1] as const).map((which) => {
      const written = new Int32Array(memory.buffer, out, count + 16).fill(-1)
      call((expert) => experts[expert]![which])
      expect(written.subarray(count).every((v) => v === -1)).toBe(true)
      return written.slice(0, count)
    })
    expect(bytes!.includes(-1)).toBe(false)
    const [values, wanted] = [own!, bytes!].map((bits) => new Float32Array(bits.buffer))
    const most = wanted!.reduce((max, v) => Math.max(max, Math.abs(v)), 0)
    const differs = nearly
      ? values!.findIndex((v, i) => !(Math.abs(v - wanted![i]!) <= 1e-6 * most))
      : own!.findIndex((v, i) => v !== bytes![i])
    expect(differs, what).toBe(-1)
    return own!
  }
  run('quantize', TOKENS, {
    x: { address: x, rowBytes: COLS * 4 },
    out: { address: codes, rowBytes: X_BYTES },
    columns: COLS,
    outlier: 1,
  })
  const rows = (integer: number) =>
    integer ? { address: codes, rowBytes: X_BYTES } : { address: x, rowBytes: COLS * 4 }
  return { memory, places, run, expectSame, rows, out }
}

describe.each(BUILDS)('%s kernels', (build, wasm) => {
  const products = build === 'relaxed' ? [FIND_OUT, NIBBLES, BYTES_SIGNED] : [FIND_OUT, NIBBLES]
  const ways = products.flatMap((one): Way[] => [
    [one, 0],
    [one, 1],
  ])

  describe.each(PAIRS)('$format, runs of $per', (pair) => {
    it('products of 1 to 11 rows of x, and of more than a strip', async () => {
      const { run, expectSame, rows, out } = await setUp(wasm, pair)
      let most: Int32Array | undefined
      for (const way of ways)
        for (const tokens of [TOKENS, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
          const what = `${tokens} rows, products ${way[0]}, fused ${way[1]}`
          const own = expectSame(
            tokens * ROWS,
            (of) => {
              const to = { address: out, rowBytes: ROWS * 4 }
              run('linear', tokens, { x: rows(1), out: to, matrix: of(0), bias: undefined, integer: 1 }, way)
            },
            what,
            true,
          )
          // However many rows there are, and whatever products: a row's bits are the same.
          most ??= own
          expect(own, what).toEqual(most.subarray(0, own.length))
        }
    })

    it('products of floats, and rows of an embedding', async () => {
      const { memory, run, expectSame, rows, out, places } = await setUp(wasm, pair)
      for (const tokens of [1, 2, 5])
        expectSame(
          tokens * ROWS,
          (of) => {
            const to = { address: out, rowBytes: ROWS * 4 }
            run('linear', tokens, { x: rows(0), out: to, matrix: of(0), bias: undefined, integer: 0 })
          },
          `${tokens} rows`,
        )
      const ids = places.take(ROWS * 4)
      new Int32Array(memory.buffer, ids, ROWS).forEach((_, i, all) => (all[i] = (i * 7) % ROWS))
      new Int32Array(memory.buffer, headerAddress('tokens'), 1)[0] = ids
      const to = { address: out, rowBytes: COLS * 4 }
      expectSame(ROWS * COLS, (of) => run('embed', ROWS, { out: to, matrix: of(0) }), 'embedding')
    })

    it('experts over gathered rows, and matrices of heads', async () => {
      const { memory, run, expectSame, rows, out, places } = await setUp(wasm, pair)
      const tokens = 13
      const [routing, plan, table] = [places.take(tokens * 8), places.take(1024), places.take(EXPERTS * 4)]
      // the second expert has most of the rows, the third few
      new Int32Array(memory.buffer, routing, tokens * 2).forEach(
        (_, i, all) => (all[i] = i % 11 === 0 ? 2 : ((i % 5) & 1) ^ 1),
      )
      run('planExperts', tokens, {
        ...{ routing: { address: routing, rowBytes: 8 }, plan },
        ...{ topK: 1, experts: EXPERTS, first: 0 },
      })
      for (const integer of [1, 0])
        for (const way of integer ? ways : ways.slice(0, 1))
          expectSame(
            tokens * EXPERT_ROWS,
            (of) => {
              new Int32Array(memory.buffer, table, EXPERTS).set(Array.from({ length: EXPERTS }, (_, e) => of(e)))
              const to = { address: out, rowBytes: EXPERT_ROWS * 4 }
              const counts = { experts: EXPERTS, pairsPerRow: 1, groups: EXPERT_ROWS / 8 }
              run(
                'linear_experts',
                tokens,
                { x: rows(integer), plan, out: to, matrices: table, biases: 0, integer, ...counts },
                way,
              )
            },
            `experts, integer ${integer}, products ${way[0]}, fused ${way[1]}`,
            integer === 1,
          )
      const heads = { heads: 2, xHeadBytes: 0, outHeadBytes: 64, firstRow: 8, rowStride: 16, rows: 16, transposed: 0 }
      for (const integer of [1, 0])
        for (const count of [1, 3, 12])
          expectSame(
            count * 32,
            (of) =>
              run('headLinear', count, {
                x: rows(integer),
                out: { address: out, rowBytes: 128 },
                matrix: of(0),
                integer,
                ...heads,
              }),
            `heads, integer ${integer}, ${count} rows`,
            integer === 1,
          )
    })
  })
})
