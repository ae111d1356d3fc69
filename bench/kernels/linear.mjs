// Matrices times rows of activations: every kernel format, for decoding (one row), small batches and prompts.
// Usage: node bench/kernels/linear.mjs [FORMAT] [ROWS_OF_X]
import { X_BLOCK_BYTES } from '../../dist/backends/contract.generated.js'
import { writeDescriptor } from '../../dist/backends/cpu/records.js'
import { KernelBench, check, random } from './bench.mjs'

// For one row of x beyond all caches.
const [COLS, DEEP, SHALLOW] = [1024, 49152, 3072]
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

/** A matrix [rows, COLS] in `format`, the same 64 rows over and over; returns their values and the matrix's bytes. */
function matrix(bench, format, rows, descriptor) {
  const next = random(3)
  const block = Float32Array.from({ length: 64 * COLS }, () => next() * 0.05)
  const plain = { rows: 64, cols: COLS, stride: COLS * 4, multiplier: 1 }
  const grid = { gridCols: COLS / 128, blockRows: 128, blockCols: 128, paddedCols: COLS }
  const { buffer } = bench
  if (BYTES[format] === undefined) {
    const blocks = COLS / 32
    const groupBytes = blocks * (format === 'int4' ? 128 : 256)
    const data = bench.take((rows / 8) * groupBytes)
    const scales = bench.take(rows * blocks * 2)
    const source = bench.take(64)
    const values = bench.floats(64 * COLS, (i) => block[i])
    writeDescriptor(bench.buffer, source, { ...plain, ...grid, format: 'f32', data: values, scales: 0 })
    const packed = { ...plain, ...grid, format, stride: 0, multiplier: 2 ** 112 / 256 }
    for (let group = 0; group < rows / 8; group += 8) {
      const place = { data: data + group * groupBytes, scales: scales + group * blocks * 16 }
      writeDescriptor(bench.buffer, descriptor, { ...packed, ...place })
      bench.kernels.packFloats(descriptor, source, 256, 0, 64)
    }
    writeDescriptor(bench.buffer, descriptor, { ...packed, data, scales, rows })
    return { values: block, bytes: (rows / 8) * groupBytes + rows * blocks * 2 }
  }
  const stride = COLS * BYTES[format]
  const data = bench.take(rows * stride)
  const scales = bench.take((rows * COLS) / 128 / 32)
  new Float32Array(buffer, scales, (rows * COLS) / 128 / 128).fill(0.5)
  const piece = new DataView(new ArrayBuffer(64 * stride))
  const values = block.map((v, i) => STORE[format](piece, i, v))
  const bytes = new Uint8Array(piece.buffer)
  for (let row = 0; row < rows; row += 64) new Uint8Array(buffer, data + row * stride, bytes.length).set(bytes)
  if (format === 'fp8') bench.kernels.weave(data, rows * stride)
  const interleaved = format === 'bf16' || format === 'fp8'
  if (interleaved) bench.kernels.interleave(data, rows, stride, bench.take(4 * stride))
  writeDescriptor(buffer, descriptor, {
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

function linear(format, tokens) {
  const rows = tokens === 1 ? DEEP : SHALLOW
  const integer = format === 'int4' || format === 'int8'
  const bench = new KernelBench(rows * COLS * 4 + (8 << 20))
  const descriptor = bench.take(64)
  const { values, bytes } = matrix(bench, format, rows, descriptor)
  const next = random(5)
  const x = bench.floats(tokens * COLS, () => next())
  const out = bench.take(tokens * rows * 4)
  bench.step({ stepTokens: tokens })
  let [from, stride] = [x, COLS * 4]
  if (integer) {
    stride = (COLS / 32) * X_BLOCK_BYTES
    from = bench.take(tokens * stride)
    const operands = { x: { address: x, rowBytes: COLS * 4 }, out: { address: from, rowBytes: stride } }
    bench.set('quantize', { ...operands, columns: COLS })
    bench.run()
  }
  bench.set('linear', {
    ...{ x: { address: from, rowBytes: stride }, out: { address: out, rowBytes: rows * 4 } },
    ...{ matrix: descriptor, bias: undefined, integer: integer ? 1 : 0 },
  })
  bench.run()
  const xs = new Float32Array(bench.buffer, x, tokens * COLS)
  const [got, expected] = [[], []]
  for (const t of new Set([0, tokens - 1]))
    for (const row of [0, 1, 7, 8, 63, rows - 1]) {
      let sum = 0
      for (let c = 0; c < COLS; c++) sum += values[(row % 64) * COLS + c] * xs[t * COLS + c]
      expected.push(sum)
      got.push(new Float32Array(bench.buffer, out + (t * rows + row) * 4, 1)[0])
    }
  check(`${format}, ${tokens} rows of x`, got, expected, format === 'int4' ? 0.2 : integer ? 0.03 : 1e-5)
  return { seconds: bench.time(), bytes, macs: tokens * rows * COLS }
}

const [only, onlyT] = process.argv.slice(2)
for (const format of ['int4', 'int8', 'bf16', 'fp8', 'f16', 'f32'])
  for (const tokens of [1, 2, 3, 4, 8, 16, 64]) {
    if ((only ?? format) !== format || (onlyT ?? String(tokens)) !== String(tokens)) continue
    const { seconds, bytes, macs } = linear(format, tokens)
    console.log(
      `linear ${format.padEnd(5)} T ${String(tokens).padStart(3)} ${(macs / seconds / 1e9).toFixed(1).padStart(7)} GMAC/s ` +
        `${(bytes / seconds / 1e9).toFixed(1).padStart(6)} GB/s`,
    )
  }
