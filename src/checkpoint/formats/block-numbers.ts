/**
 * One block: column c is scale * subScales[c >> 4] * codes[c] - minScale * mins[c >> 4]. All products are exact in f32 for
 * every format but Q8_K, so that only the subtraction rounds.
 */
export class BlockNumbers {
  readonly codes = new Int8Array(256)
  scale = 0
  minScale = 0
  /** Of 16 columns each. */
  readonly subScales = new Int8Array(16)
  readonly mins = new Int8Array(16)
}

/** Takes apart the block at `at`. Readers of formats without sub-scales or minima leave these as they are: 1 and 0. */
export type BlockReader = (bytes: Uint8Array, at: number, block: BlockNumbers) => void
