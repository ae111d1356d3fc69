import { bytesOfHex } from '../../hex.js'
import { SAMPLE_WASM } from './sample-wasm.generated.js'

/** Tokens of a block: those of one word of a set of bits (token-set.ts). */
export const BLOCK = 32

/** Rows of fewer logits are computed in double precision: there is no time to win. */
const LARGE = 4096

/** What a row of logits is asked before anything is drawn from it. Its arrays are good until the next row is scanned. */
export interface RowScan {
  /** Largest logit of each block, NaN where one is NaN [V / 32]. */
  readonly maxima: Float32Array
  /**
   * exp((logit - largest) / temperature) of all [V], and the sums of blocks [V / 32].
   * @param largest weights of logits above it mean nothing
   */
  weigh(largest: number, temperature: number): RowWeights
}

export interface RowWeights {
  readonly weights: Float32Array | Float64Array
  readonly sums: Float32Array | Float64Array
}

/** Scans a row of logits [V], in f32 and with vectors (kernels/sample) where it is long. */
export function scanRow(logits: Float32Array): RowScan {
  return logits.length < LARGE ? scanShort(logits) : (scanner ??= new Scanner()).scan(logits)
}

/** As {@link scanRow}, in double precision. */
export function scanShort(logits: Float32Array): RowScan {
  const maxima = new Float32Array(Math.ceil(logits.length / BLOCK)).fill(-Infinity)
  logits.forEach((logit, id) => (maxima[id >> 5] = Math.max(maxima[id >> 5]!, logit)))
  return {
    maxima,
    weigh(largest, temperature) {
      const weights = new Float64Array(logits.length)
      const sums = new Float64Array(maxima.length)
      logits.forEach((logit, id) => (sums[id >> 5]! += weights[id] = Math.exp((logit - largest) / temperature)))
      return { weights, sums }
    },
  }
}

/** What kernels/sample exports. Addresses and sizes in bytes, but for blocks. */
interface SampleKernels {
  readonly memory: WebAssembly.Memory
  /** Before all else; returns where rows may lie. */
  init(): number
  maxima(logits: number, blocks: number, to: number): void
  weigh(logits: number, blocks: number, largest: number, scale: number, weights: number, sums: number): void
}

const PAGE = 65536
/** Of 1 / temperature: a product with it is still finite. */
const LARGEST_SCALE = 1e30

let scanner: Scanner | undefined

/** The kernels of kernels/sample and their memory: a row's logits, its weights, and a block's maximum and sum each. */
class Scanner {
  private readonly kernels: SampleKernels
  private readonly row: number

  constructor() {
    const module = new WebAssembly.Module(bytesOfHex(SAMPLE_WASM))
    const env = { abort: () => undefined }
    this.kernels = new WebAssembly.Instance(module, { env }).exports as unknown as SampleKernels
    this.row = this.kernels.init()
  }

  scan(logits: Float32Array): RowScan {
    const { kernels, row } = this
    const blocks = Math.ceil(logits.length / BLOCK)
    const weights = row + blocks * BLOCK * 4
    const maxima = weights + blocks * BLOCK * 4
    const sums = maxima + blocks * 4
    const end = sums + blocks * 4
    const missing = end - kernels.memory.buffer.byteLength
    if (missing > 0) kernels.memory.grow(Math.ceil(missing / PAGE))
    const { buffer } = kernels.memory
    const own = new Float32Array(buffer, row, blocks * BLOCK)
    own.set(logits)
    own.fill(-Infinity, logits.length)
    kernels.maxima(row, blocks, maxima)
    return {
      maxima: new Float32Array(buffer, maxima, blocks),
      weigh(largest, temperature) {
        kernels.weigh(row, blocks, largest, Math.min(1 / temperature, LARGEST_SCALE), weights, sums)
        return {
          weights: new Float32Array(buffer, weights, logits.length),
          sums: new Float32Array(buffer, sums, blocks),
        }
      },
    }
  }
}
