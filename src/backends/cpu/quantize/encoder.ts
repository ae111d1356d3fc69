/** Floats into ggml's blocks, by the kernels of kernels/cpu/weights/encode.ts. */
import { BlockNumbers } from '../../../checkpoint/formats/block-numbers.js'
import { FORMATS, rowBytes } from '../../../checkpoint/formats/formats.js'
import { BLOCK_WRITERS, type WrittenFormat } from '../../../checkpoint/formats/ggml-writers.js'
import { STAGED_BLOCK } from '../../contract.generated.js'
import { kernels } from '../machine.js'
import { sharesMemory } from '../platform.js'

/** The kernels: a row of blocks of 32 columns at x, records at out. */
interface EncodeKernels {
  init(thread: number, nThreads: number, scratch: number, products: number, spins: number): void
  encodeMins(x: number, blocks: number, per: number, top: number, factor: number, out: number): void
  encodeScales(x: number, blocks: number, top: number, factor: number, out: number): void
  encodeRuns(x: number, blocks: number, top: number, factor: number, offset: number, out: number): void
  encodePoints(x: number, blocks: number, factor: number, out: number): void
}

type Encode = (kernels: EncodeKernels, x: number, blocks: number, out: number) => void

const mins =
  (per: number, top: number): Encode =>
  (k, x, blocks, out) =>
    k.encodeMins(x, blocks, per, top, 1, out)
const scales =
  (top: number): Encode =>
  (k, x, blocks, out) =>
    k.encodeScales(x, blocks, top, 1, out)

const ENCODERS: Readonly<Record<WrittenFormat, Encode>> = {
  q4_0: scales(8),
  q5_0: scales(16),
  q8_0: scales(128),
  q4_1: mins(1, 15),
  q5_1: mins(1, 31),
  q4_k: mins(8, 15),
  q5_k: mins(8, 31),
  q6_k: (k, x, blocks, out) => k.encodeRuns(x, blocks, 32, 1, 0, out),
  iq4_nl: (k, x, blocks, out) => k.encodePoints(x, blocks, 1, out),
}

const SCRATCH_BYTES = 8192
/** After the control block. */
const SCRATCH_AT = 16384
const ROW_AT = SCRATCH_AT + SCRATCH_BYTES

/** Rounds rows of floats to blocks; scales and codes are those with the smallest weighted error that a search finds. */
export class BlockEncoder {
  private readonly numbers = new BlockNumbers()

  private constructor(
    private readonly kernels: EncodeKernels,
    private readonly memory: WebAssembly.Memory,
  ) {}

  /** @throws UserError where the engine has no SIMD */
  static async create(): Promise<BlockEncoder> {
    const { module } = await kernels()
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: sharesMemory() })
    const env = { memory, abort: () => undefined, clock: () => 0 }
    const instance = new WebAssembly.Instance(module, { env }).exports as unknown as EncodeKernels
    instance.init(0, 1, SCRATCH_AT, 0, 0)
    return new BlockEncoder(instance, memory)
  }

  /** Rows of `cols` columns, a multiple of the format's blocks, as ggml stores them. */
  encode(format: WrittenFormat, values: Float32Array, cols: number): Uint8Array {
    const rows = values.length / cols
    const blocks = cols / 32
    const recordsAt = ROW_AT + cols * 4
    this.room(recordsAt + blocks * STAGED_BLOCK.bytes)
    const bytes = new Uint8Array(rows * rowBytes(format, cols))
    for (let row = 0; row < rows; row++) {
      new Float32Array(this.memory.buffer, ROW_AT, cols).set(values.subarray(row * cols, (row + 1) * cols))
      ENCODERS[format](this.kernels, ROW_AT, blocks, recordsAt)
      this.write(format, recordsAt, blocks, bytes, row * rowBytes(format, cols))
    }
    return bytes
  }

  private room(bytes: number): void {
    const pages = Math.ceil((bytes - this.memory.buffer.byteLength) / 65536)
    if (pages > 0) this.memory.grow(pages)
  }

  /** A row's records as stored blocks. */
  private write(format: WrittenFormat, recordsAt: number, blocks: number, bytes: Uint8Array, at: number): void {
    const { blockCols, blockBytes } = FORMATS[format]
    const each = blockCols / 32
    for (let b = 0, from = recordsAt; b < blocks; b += each, at += blockBytes, from += each * STAGED_BLOCK.bytes) {
      this.read(from, each)
      BLOCK_WRITERS[format](this.numbers, bytes, at)
    }
  }

  private read(from: number, count: number): void {
    const { numbers, memory } = this
    const records = new Int8Array(memory.buffer, from, count * STAGED_BLOCK.bytes)
    const floats = new DataView(memory.buffer, from)
    numbers.scale = floats.getFloat32(STAGED_BLOCK.scale, true)
    numbers.minScale = floats.getFloat32(STAGED_BLOCK.minScale, true)
    for (let i = 0; i < count; i++) {
      const record = records.subarray(i * STAGED_BLOCK.bytes, (i + 1) * STAGED_BLOCK.bytes)
      numbers.codes.set(record.subarray(0, 32), 32 * i)
      numbers.subScales.set(record.subarray(STAGED_BLOCK.scales, STAGED_BLOCK.scales + 2), 2 * i)
      numbers.mins.set(record.subarray(STAGED_BLOCK.mins, STAGED_BLOCK.mins + 2), 2 * i)
    }
  }
}
