// Attention: one query token (decoding) and chunks of a prompt, over contexts of several lengths.
import { CACHE, PAGE_SIZE as PAGE } from '../../dist/backends/contract.generated.js'
import { KernelBench, check, random } from './bench.mjs'

/** Microseconds, and gigabytes of cache a second. */
export function attention({ name, tokens, context, heads, keyHeads, E, Ev, latent = false, q8 = false }) {
  const pages = Math.ceil(context / PAGE)
  const bytesOf = (columns) => PAGE * keyHeads * (q8 ? Math.ceil(columns / 32) * 34 : columns * 2)
  const keyBytes = bytesOf(E)
  const pageBytes = keyBytes + (latent ? 0 : bytesOf(Ev))
  const bench = new KernelBench(pages * pageBytes + (4 << 20))
  const next = random(7)
  const table = bench.take(pages * 4)
  const tablePointers = bench.take(4)
  const positions = bench.take(tokens * 4)
  const sequences = bench.take(tokens * 4)
  const q = bench.floats(tokens * heads * E, () => next() * 0.3)
  const out = bench.take(tokens * heads * Ev * 4)
  const source = bench.floats(PAGE * keyHeads * Math.max(E, Ev), () => 0)
  const pool = bench.take(pages * pageBytes)
  const { buffer } = bench
  // pages out of order, as they are after a while
  const order = Array.from({ length: pages }, (_, i) => (i * 7) % pages)
  const shuffled = new Set(order).size === pages ? order : order.map((_, i) => i)
  new Uint32Array(buffer, table, pages).set(shuffled)
  new Uint32Array(buffer, tablePointers, 1)[0] = table
  const keys = []
  const values = []
  const states = latent
    ? [[E, 0, keys]]
    : [
        [E, 0, keys],
        [Ev, keyBytes, values],
      ]
  for (const [columns, offset, kept] of states)
    for (let page = 0; page < pages; page++) {
      // Keys have something in common, as biases make them.
      const rows = Float32Array.from({ length: PAGE * keyHeads * columns }, (_, i) =>
        Math.fround(Math.round(next() * 256) / 256 + (offset ? 0 : ((i % columns) % 5) - 2)),
      )
      kept.push(rows)
      new Float32Array(buffer, source, rows.length).set(rows)
      const at = Int32Array.from({ length: PAGE }, (_, i) => page * PAGE + i)
      const append = bench.take(PAGE * 8)
      new Int32Array(buffer, append, PAGE).set(at)
      new Int32Array(buffer, append + PAGE * 4, PAGE).fill(0)
      const header = { positions: append, sequences: append + PAGE * 4, pageTables: tablePointers, pool, pageBytes }
      bench.step({ stepTokens: PAGE, ...header })
      const appended = {
        x: { address: source, rowBytes: keyHeads * columns * 4 },
        heads: keyHeads,
        columns,
        pages: offset,
      }
      if (q8 && !offset) bench.set('appendKeysQ8', appended)
      else bench.set('cacheAppend', { ...appended, cache: q8 ? CACHE.q8 : CACHE.f16, every: 1 })
      bench.run()
    }
  new Int32Array(buffer, positions, tokens).set(Array.from({ length: tokens }, (_, i) => context - tokens + i))
  new Int32Array(buffer, sequences, tokens).fill(0)
  bench.step({ stepTokens: tokens, positions, sequences, pageTables: tablePointers, pool, pageBytes })
  const scale = 1 / Math.sqrt(E)
  bench.set('attention', {
    ...{ q: { address: q, rowBytes: heads * E * 4 }, out: { address: out, rowBytes: heads * Ev * 4 } },
    ...{ group: heads / keyHeads, kvHeads: keyHeads, keyDim: E, valueDim: Ev, scale },
    ...{ keys: 0, values: latent ? 0 : keyBytes, cache: q8 ? CACHE.q8 : CACHE.f16, latent: latent ? 1 : 0 },
    ...{ span: 0, chunked: 0, sinks: undefined, softcap: 0 },
  })
  bench.run()
  const queries = new Float32Array(buffer, q, tokens * heads * E)
  const got = []
  const expected = []
  for (const [t, h] of [
    [tokens - 1, 0],
    [0, heads - 1],
  ]) {
    const kv = Math.floor((h * keyHeads) / heads)
    const row = (kept, p, columns) =>
      kept[Math.floor(p / PAGE)].subarray(
        ((p % PAGE) * keyHeads + kv) * columns,
        ((p % PAGE) * keyHeads + kv) * columns + columns,
      )
    const n = context - tokens + t + 1
    const scores = Array.from({ length: n }, (_, p) => {
      const key = row(keys, p, E)
      let sum = 0
      for (let i = 0; i < E; i++) sum += key[i] * queries[(t * heads + h) * E + i]
      return sum * scale
    })
    const most = scores.reduce((a, b) => Math.max(a, b))
    const weights = scores.map((s) => Math.exp(s - most))
    const total = weights.reduce((a, b) => a + b)
    for (let c = 0; c < Ev; c++)
      expected.push(
        weights.reduce((sum, w, p) => sum + w * (latent ? row(keys, p, E) : row(values, p, Ev))[c], 0) / total,
      )
    got.push(...new Float32Array(buffer, out + (t * heads + h) * Ev * 4, Ev))
  }
  check(name, got, expected, q8 ? 1e-2 : 2e-3)
  const seconds = bench.time()
  return { name, us: seconds * 1e6, gbPerSecond: (pages * pageBytes) / seconds / 1e9 }
}

const qwen = { heads: 16, keyHeads: 8, E: 128, Ev: 128 }
const wide = { heads: 32, keyHeads: 8, E: 128, Ev: 128 }
const small = { heads: 9, keyHeads: 3, E: 64, Ev: 64 }
const single = { heads: 4, keyHeads: 1, E: 256, Ev: 256 }
const mla = { heads: 16, keyHeads: 1, E: 576, Ev: 512, latent: true }
// Usage: node bench/kernels/attention.mjs [SHAPE] [T] [S] [q8]
const [only = '', onlyT, onlyS, cache] = process.argv.slice(2)
for (const [shape, sizes] of [
  ['0.6B, 16 heads on 8', qwen],
  ['32 heads on 8', wide],
  ['9 heads on 3', small],
  ['4 heads on 1', single],
  ['2 heads on 1', { ...single, heads: 2 }],
  ['1 head on 1', { ...single, heads: 1 }],
  ['12 heads on 2', { ...wide, heads: 12, keyHeads: 2 }],
  ['MLA, 16 heads', mla],
])
  for (const [tokens, context] of [
    [1, 256],
    [1, 4096],
    [1, 16384],
    [64, 256],
    [64, 4096],
  ]) {
    if (!shape.startsWith(only) || (onlyT ?? tokens) != tokens || (onlyS ?? context) != context) continue
    if (cache === 'q8' && sizes.latent) continue
    const { us, gbPerSecond } = attention({ name: shape, tokens, context, q8: cache === 'q8', ...sizes })
    const macs = tokens * context * sizes.heads * (sizes.E + sizes.Ev)
    console.log(
      `${shape.padEnd(20)} T ${String(tokens).padStart(3)} S ${String(context).padStart(6)} ${us.toFixed(1).padStart(10)} us ` +
        `${gbPerSecond.toFixed(1).padStart(6)} GB/s ${(macs / us / 1e3).toFixed(1).padStart(6)} GMAC/s`,
    )
  }
