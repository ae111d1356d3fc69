// Matrices times rows of activations: every kernel format, for decoding (one row), small batches and prompts.
// Usage: node bench/kernels/linear.mjs [FORMAT] [ROWS_OF_X] [COLUMNS] [OUTLIER]; with OUTLIER each row of x has one activation so large.
// MEMORY=1: matrices of several hundred MB, larger than the caches of servers, which kernels may read ahead.
import { X_BLOCK_BYTES, X_OUTLIER_BYTES } from '../../dist/backends/contract.generated.js'
import { DESCRIPTOR_BYTES, writeDescriptor } from '../../dist/backends/cpu/records.js'
import { KernelBench, check, random } from './bench.mjs'

const [only, onlyT, columns = '1024', outlier] = process.argv.slice(2)
const COLS = Number(columns)
const FROM_MEMORY = process.env.MEMORY === '1'
// For one row of x beyond the caches of most machines.
const [DEEP, SHALLOW] = (FROM_MEMORY ? [786432, 393216] : [49152, 3072]).map(
  (rows) => Math.ceil((rows * 16) / COLS) * 64,
)
const f32 = new Float32Array(1)
const bits = new Uint32Array(f32.buffer)

/** Stores v as number `at` of a view, cut off, and returns what the format keeps; fp8 has the scale 0.5. */
const STORE = {
  f32: (view, at, v) => (view.setFloat32(at * 4, v, true), Math.fround(v)),
  bf16(view, at, v) {
    f32[0] = v
    view.setUint16(at * 2, bits[0] >>> 16, true)
    bits[0] &= 0xffff0000
    return f32[0]
  },
  f16(view, at, v) {
    f32[0] = Math.abs(v) < 2 ** -14 ? 0 : v
    const magnitude = f32[0] === 0 ? 0 : (((bits[0] >>> 23) & 255) - 112) * 1024 + ((bits[0] >>> 13) & 1023)
    view.setUint16(at * 2, ((bits[0] >>> 16) & 0x8000) | magnitude, true)
    bits[0] &= 0xffffe000
    return f32[0]
  },
  fp8(view, at, v) {
    f32[0] = Math.abs(v) < 2 ** -6 ? 0 : v
    const magnitude = f32[0] === 0 ? 0 : (((bits[0] >>> 23) & 255) - 120) * 8 + ((bits[0] >>> 20) & 7)
    view.setUint8(at, ((bits[0] >>> 24) & 0x80) | magnitude)
    bits[0] &= 0xfff00000
    return f32[0] * 0.5
  },
}
const BYTES = { f32: 4, bf16: 2, f16: 2, fp8: 1 }

/** Bytes of codes and of scales of a block of eight rows; and of what a run of eight blocks begins with, f16 or their scales. */
const BLOCKS = {
  int4_min: { codes: 128, scales: 0, run: 128, mins: 1, inScales: 1 },
  int5_min: { codes: 160, scales: 0, run: 128, mins: 1, inScales: 1 },
  int6: { codes: 192, scales: 16, run: 16, mins: 0 },
  int7: { codes: 256, scales: 16, run: 16, mins: 0 },
  iq4: { codes: 128, scales: 8, run: 16, mins: 0 },
  mxfp4: { codes: 128, scales: 8, run: 0, mins: 0 },
  nvfp4: { codes: 128, scales: 16, run: 0, mins: 0 },
}

/** Random blocks; what they mean is tested in test/cpu/linear-blocks.test.ts. */
function blocks(bench, format, rows, descriptor) {
  const { codes, scales, run, mins, inScales } = BLOCKS[format]
  const count = (rows / 8) * (COLS / 32)
  const next = random(7)
  // Runs of eight blocks, which lie as kernels/cpu/weights/descriptor.ts says; 97 of them, over and over.
  const runBytes = run + 8 * (codes + scales)
  const part = new Uint8Array(97 * runBytes)
  for (let at = 0; at < part.length; at += runBytes) {
    // 0x2000 each, as it is, or in the upper bits of scales.
    for (let i = 0; i < run; i++)
      part[at + i] = inScales ? 40 + Math.floor(next() * 7) + (i >> 4 === 6 ? 0x80 : 0) : i & 1 ? 0x20 : 0
    for (let i = 0; i < 8 * (codes + scales); i++)
      part[at + run + i] =
        i % (codes + scales) >= codes
          ? (format === 'mxfp4' ? 120 : 40) + Math.floor(next() * 7)
          : format === 'int7'
            ? 64 + Math.floor(next() * 31)
            : Math.floor(next() * 128) & 255
  }
  const bytes = (count / 8) * runBytes
  const data = bench.take(bytes)
  const all = new Uint8Array(bench.buffer, data, bytes)
  for (let i = 0; i < bytes; i += part.length) all.set(part.subarray(0, Math.min(part.length, bytes - i)), i)
  const multiplier = format === 'nvfp4' ? 2 ** 119 * 0.1 : 2 ** 112
  const parts = { data, per: 8, mins, inScales, narrow: 1, multiplier }
  writeDescriptor(bench.buffer, descriptor, { format, rows, cols: COLS, paddedCols: COLS, ...parts })
  return { values: undefined, bytes }
}

/** A matrix [rows, COLS] in `format`, the same 64 rows over and over; returns their values and the matrix's bytes. */
function matrix(bench, format, rows, descriptor) {
  if (format in BLOCKS) return blocks(bench, format, rows, descriptor)
  const next = random(3)
  const block = Float32Array.from({ length: 64 * COLS }, () => next() * 0.05)
  const plain = { rows: 64, cols: COLS, stride: COLS * 4, multiplier: 1 }
  const grid = { gridCols: COLS / 128, blockRows: 128, blockCols: 128, paddedCols: COLS }
  if (BYTES[format] === undefined) {
    const blocks = COLS / 32
    const groupBytes = blocks * (format === 'int4' ? 144 : 272)
    const data = bench.take((rows / 8) * groupBytes)
    const source = bench.take(DESCRIPTOR_BYTES)
    const values = bench.floats(64 * COLS, (i) => block[i])
    writeDescriptor(bench.buffer, source, { ...plain, ...grid, format: 'f32', data: values, scales: 0 })
    const packed = { ...plain, ...grid, format, stride: 0, multiplier: 2 ** 112 / 256 }
    for (let group = 0; group < rows / 8; group += 8) {
      writeDescriptor(bench.buffer, descriptor, { ...packed, data: data + group * groupBytes })
      bench.kernels.packFloats(descriptor, source, 256, 0, 64)
    }
    writeDescriptor(bench.buffer, descriptor, { ...packed, data, rows })
    return { values: block, bytes: (rows / 8) * groupBytes }
  }
  const stride = COLS * BYTES[format]
  const data = bench.take(rows * stride)
  const scales = bench.take((rows * COLS) / 128 / 32)
  new Float32Array(bench.buffer, scales, (rows * COLS) / 128 / 128).fill(0.5)
  const piece = new DataView(new ArrayBuffer(64 * stride))
  const values = block.map((v, i) => STORE[format](piece, i, v))
  const bytes = new Uint8Array(piece.buffer)
  for (let row = 0; row < rows; row += 64) new Uint8Array(bench.buffer, data + row * stride, bytes.length).set(bytes)
  if (format === 'fp8') bench.kernels.weave(data, rows * stride)
  const interleaved = format !== 'f32'
  if (interleaved) bench.kernels.interleave(data, rows, stride, bench.take(4 * stride), format === 'fp8' ? 0 : 1)
  writeDescriptor(bench.buffer, descriptor, {
    ...plain,
    ...grid,
    format,
    data,
    scales,
    rows,
    stride,
    interleaved: interleaved ? 1 : 0,
  })
  return { values, bytes: rows * stride }
}

/** With plain loops. */
function compare({ bench, format, tokens, rows, values, x, out, limit }) {
  const xs = new Float32Array(bench.buffer, x, tokens * COLS)
  const [got, expected] = [[], []]
  for (const t of new Set([0, tokens - 1]))
    for (const row of [0, 1, 7, 8, 63, rows - 1]) {
      let sum = 0
      for (let c = 0; c < COLS; c++) sum += values[(row % 64) * COLS + c] * xs[t * COLS + c]
      expected.push(sum)
      got.push(new Float32Array(bench.buffer, out + (t * rows + row) * 4, 1)[0])
    }
  check(`${format}, ${tokens} rows of x`, got, expected, limit)
}

/** Each row of x by itself gives the bits that all of them gave together. */
function checkRows({ bench, tokens, rows, from, stride, out, operands }) {
  const all = new Float32Array(bench.buffer.slice(out, out + tokens * rows * 4))
  bench.step({ stepTokens: 1 })
  for (let t = 0; t < tokens; t++) {
    const x = { address: from + t * stride, rowBytes: stride }
    bench.set('linear', { x, out: { address: out, rowBytes: rows * 4 }, ...operands })
    bench.run()
    const one = new Float32Array(bench.buffer, out, rows)
    if (one.some((v, i) => v !== all[t * rows + i]))
      throw new Error(`row ${t} of ${tokens}: not the bits that it has alone`)
  }
  bench.step({ stepTokens: tokens })
  bench.set('linear', {
    x: { address: from, rowBytes: stride },
    out: { address: out, rowBytes: rows * 4 },
    ...operands,
  })
}

function linear(format, tokens) {
  const rows = tokens === 1 ? DEEP : SHALLOW
  const integer = format === 'int4' || format === 'int8' || format in BLOCKS
  const bench = new KernelBench(FROM_MEMORY ? 1 << 26 : rows * COLS * 4 + (8 << 20), FROM_MEMORY)
  const descriptor = bench.take(DESCRIPTOR_BYTES)
  const { values, bytes } = matrix(bench, format, rows, descriptor)
  const next = random(5)
  const x = bench.floats(tokens * COLS, (i) => (outlier && i % COLS === COLS / 2 ? Number(outlier) : next()))
  const out = bench.take(tokens * rows * 4)
  bench.step({ stepTokens: tokens })
  let [from, stride] = [x, COLS * 4]
  if (integer) {
    stride = (COLS / 32) * X_BLOCK_BYTES + X_OUTLIER_BYTES
    from = bench.take(tokens * stride)
    const operands = { x: { address: x, rowBytes: COLS * 4 }, out: { address: from, rowBytes: stride } }
    bench.set('quantize', { ...operands, columns: COLS, outlier: 1 })
    bench.run()
  }
  bench.set('linear', {
    ...{ x: { address: from, rowBytes: stride }, out: { address: out, rowBytes: rows * 4 } },
    ...{ matrix: descriptor, bias: undefined, integer: integer ? 1 : 0 },
  })
  bench.run()
  // what comes out is checked without; of so many rows it would take minutes
  if (FROM_MEMORY) return { seconds: bench.time(2), bytes, macs: tokens * rows * COLS }
  if (values)
    compare({ bench, format, tokens, rows, values, x, out, limit: format === 'int4' ? 0.2 : integer ? 0.03 : 1e-5 })
  else
    checkRows({ bench, tokens, rows, from, stride, out, operands: { matrix: descriptor, bias: undefined, integer: 1 } })
  return { seconds: bench.time(), bytes, macs: tokens * rows * COLS }
}

for (const format of ['int4', 'int8', ...Object.keys(BLOCKS), 'bf16', 'fp8', 'f16', 'f32'])
  for (const tokens of [1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 32, 64, 256]) {
    if ((only ?? format) !== format || (onlyT ?? String(tokens)) !== String(tokens)) continue
    const { seconds, bytes, macs } = linear(format, tokens)
    console.log(
      `linear ${format.padEnd(8)} T ${String(tokens).padStart(3)} ${(macs / seconds / 1e9).toFixed(1).padStart(7)} GMAC/s ` +
        `${(bytes / seconds / 1e9).toFixed(1).padStart(6)} GB/s`,
    )
  }
