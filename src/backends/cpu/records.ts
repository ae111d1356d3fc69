/** What the host and kernels/cpu agree on, word by word: addresses, opcodes, weight descriptors. */

/** Bytes of an op record. */
export const RECORD_BYTES = 160
/** The step's header (see kernels/cpu/control.ts). */
export const STEP_ADDRESS = 2048
/** Two i32 words in the first bank: the number of the run, and what to do in it (threads.ts). */
export const CONTROL_ADDRESS = 3072
/** Everything below belongs to the control block. */
export const FIRST_FREE_ADDRESS = 8192
/** Columns widened at a time; scratch of a thread holds 4 rows of it. */
export const CHUNK_COLUMNS = 1024

export const OPCODES = {
  embed: 0,
  rmsNorm: 1,
  quantize: 2,
  linear: 3,
  headLinear: 4,
  rope: 5,
  cacheAppend: 6,
  attention: 7,
  route: 8,
  planExperts: 9,
  linear_experts: 10,
  gatedMul: 11,
  add: 12,
  selectRows: 13,
  combineExperts: 14,
  readMemory: 15,
  // Recurrent layers
  shortConv: 32,
  decay: 33,
  deltaRule: 34,
  gatedNorm: 35,
  sigmoidGate: 36,
  copyHeads: 37,
  mixBlocks: 38,
  // Chosen positions and hyper-connections
  layerNorm: 50,
  indexScores: 51,
  indexSelect: 52,
  sparseAttention: 53,
  compress: 54,
  repeat: 55,
  streamWeights: 56,
  collapseStreams: 57,
  updateStreams: 58,
  scale: 16,
  scaleExperts: 17,
  touchPages: 18,
} as const
export type KernelName = keyof typeof OPCODES

/** Kernels that handle each row by itself, and share rows out as kernels/cpu/control.ts says (firstOwn). */
export const ROW_KERNELS: ReadonlySet<KernelName> = new Set([
  ...(['embed', 'rmsNorm', 'layerNorm', 'quantize', 'rope', 'cacheAppend', 'gatedMul', 'add', 'scale'] as const),
  ...(['selectRows', 'route', 'scaleExperts', 'combineExperts'] as const),
  ...(['decay', 'gatedNorm', 'sigmoidGate', 'copyHeads'] as const),
])

/** Writes a record for a kernel that goes over `bytes` bytes of memory from `address` on. */
export function writeSpan(
  { buffer }: WebAssembly.Memory,
  record: number,
  kernel: 'readMemory' | 'touchPages',
  address: number,
  bytes: number,
): void {
  new Uint32Array(buffer, record, 7).set([OPCODES[kernel], 0, 0, 0, 1, address, bytes])
}

/** Rows of int4 and int8 matrices that lie interleaved (kernels/cpu/dequantize.ts). */
export const GROUP_ROWS = 8

/** Bytes of 32 quantised activations (kernels/cpu/quantize.ts). */
export const X_BLOCK_BYTES = 52

/** Bit 0 of a record's flags: all threads meet before this op. */
export const BARRIER_BEFORE = 1

/** Formats that kernels read; the order is kernels/cpu/dequantize.ts's. */
export const KERNEL_FORMATS = [
  ...(['f32', 'f16', 'bf16', 'fp8', 'int8', 'int4'] as const),
  ...(['int4_min', 'int7', 'mxfp4', 'iq4', 'nvfp4'] as const),
] as const
export type KernelFormat = (typeof KERNEL_FORMATS)[number]

/** Formats that the integer kernels multiply, with the bytes of a block of sixteen rows that they unpack into scratch. */
export const PANEL_BLOCK_BYTES: Readonly<Partial<Record<KernelFormat, number>>> = {
  ...{ int4: 576, int8: 1088, int4_min: 640, int7: 768, mxfp4: 576, iq4: 1088, nvfp4: 768 },
}

export const DESCRIPTOR_BYTES = 48

/** A matrix in a bank's memory. */
export interface Descriptor {
  readonly format: KernelFormat
  readonly data: number
  readonly scales: number
  readonly rows: number
  readonly cols: number
  /** Bytes from row to row (row-major formats). */
  readonly stride: number
  /** f16 scales are moved bits: times 2^112, and times the tensor's own power of two. */
  readonly multiplier: number
  readonly gridCols: number
  readonly blockRows: number
  readonly blockCols: number
  readonly paddedCols: number
  /**
   * Of blocks with two levels of scales: the address of the upper ones; gridCols and blockRows are reused (dequantize-blocks.ts).
   * Of bf16 and fp8: 1 where rows lie interleaved by four (dequantize.ts).
   */
  readonly supers?: number
}

export function writeDescriptor(buffer: ArrayBufferLike, address: number, d: Descriptor): void {
  const words = new Uint32Array(buffer, address, DESCRIPTOR_BYTES / 4)
  words.set([KERNEL_FORMATS.indexOf(d.format), d.data, d.scales, d.rows, d.cols, d.stride])
  new Float32Array(buffer, address, DESCRIPTOR_BYTES / 4)[6] = d.multiplier
  words.set([d.gridCols, d.blockRows, d.blockCols, d.paddedCols, d.supers ?? 0], 7)
}
