/**
 * What the host and the kernels agree on, once: the fields of every kernel's record, opcodes, formats, addresses.
 * `tools/build-kernels.mjs` makes from it the classes and constants that the kernels read
 * (kernels/cpu/contract.generated.ts), the list of kernels by opcode (dispatch.generated.ts), and the copy of this file
 * that the host imports (src/backends/contract.generated.ts). Another backend's structs can be made from it in the same
 * way.
 */

/** Positions in one cache page. */
export const PAGE_SIZE = 64
/**
 * Rows of a matrix of blocks that lie interleaved: two vectors of int4 or int8, which engines with 256-bit registers
 * fuse.
 */
export const GROUP_ROWS = 8
/** Columns that are widened to f32 at a time; 4 rows of it stay in the first-level cache. */
export const CHUNK_COLUMNS = 1024
/** Bytes of 32 quantised activations (kernels/cpu/linear/quantize.ts). */
export const X_BLOCK_BYTES = 52
/** After a row's blocks: the column that its codes leave out, i32, or -1; and its activation, f32. */
export const X_OUTLIER_BYTES = 8
/** Tokens of a chunk of the delta rule. */
export const DELTA_CHUNK = 16
/**
 * f16 scales times this power of two are never subnormal, for which Intel's cores need long: those above 64 cannot be stored so,
 * and no model has been seen that has them.
 */
export const RAISE = 10
/** Up to so many rows two matrices that are gated are read one after the other (kernels/cpu/linear/gated-linear.ts). */
export const GATED_FEW_ROWS = 16
/** Bit 0 of a record's flags: all threads meet before it. */
export const BARRIER_BEFORE = 1
/** Bytes of a record. */
export const RECORD_BYTES = 160
/** The word after the end of each thread's scratch: where it is another, a kernel has too little scratch. */
export const CANARY = 0x5c7a7c4

// ---- memory

/** Addresses in the control block, which begins every memory of a backend on threads. */
export const CONTROL_BLOCK = {
  /** The barrier's words lie in cache lines of their own. */
  barrierCount: 1024,
  barrierGeneration: 1088,
  barrierWaiters: 1152,
  /** Constants that kernels load (kernels/cpu/held.ts). */
  held: 1280,
  /** The step's header. */
  step: 2048,
  /** Two i32 words in the first memory: the number of the run, and what to do in it (src/backends/cpu/threads.ts). */
  control: 3072,
  /** Not 0 where the host wants no more of the step; and the barrier's generation at which the threads have left it for that. */
  cancelAsked: 3136,
  cancelSeen: 1216,
  /** What is taken of each thread's part of an op: i64, a cache line for each of at most 64 threads. */
  parts: 4096,
  /** The first address that is free for all else. */
  end: 8192,
} as const

/** The step's header, a word for each: numbers, or addresses of arrays that the host writes before each step. */
export const STEP_HEADER = {
  stepTokens: 'int',
  stepLogitRows: 'int',
  tokens: 'address',
  positions: 'address',
  sequences: 'address',
  logitRows: 'address',
  /** [sequences] addresses of page tables. */
  pageTables: 'address',
  /** Where cache page 0 begins. */
  pool: 'address',
  /** Of a page, all states of the memory. */
  pageBytes: 'bytes',
  /** [sequences] addresses of slots of recurrent states. */
  slots: 'address',
  /** [T] where the text that each token is a part of ends. */
  ends: 'address',
  /** [T] 1 where an indexer chose among equal scores. */
  ties: 'address',
} as const

// ---- matrices

/** What a matrix's descriptor holds, a word for each. */
export const DESCRIPTOR = {
  format: 'int',
  data: 'address',
  /** The grid of scales of fp8; blocks have theirs with them (kernels/cpu/weights/descriptor.ts). */
  scales: 'address',
  rows: 'int',
  cols: 'int',
  /** From row to row, of formats that lie by rows. */
  stride: 'bytes',
  /** f16 scales are moved bits: times 2^112, and times the tensor's own power of two. */
  multiplier: 'float',
  /** The grid of scales of fp8: columns of it, and rows and columns of the matrix for each scale. */
  gridCols: 'int',
  blockRows: 'int',
  blockCols: 'int',
  /** cols with the last block of 32 filled up. */
  paddedCols: 'int',
  /** Of blocks with two levels of scales: blocks that share the upper one, and 1 where there are minima. */
  per: 'int',
  mins: 'int',
  /** Of int7 and int6: 1 where all codes, without their offset, lie within -32..31, so that sixteen products of pairs fit in
   * i16. */
  narrow: 'int',
  /** Of blocks with two levels of scales: 1 where the upper one is stored times 2^RAISE. */
  raised: 'int',
  /** Of int4_min and int5_min: 1 where d and dmin lie in the scales and minima (kernels/cpu/weights/run-scales.ts). */
  inScales: 'int',
  /** Of bf16 and fp8: 1 where rows lie interleaved by four (kernels/cpu/weights/dequantize.ts). */
  interleaved: 'int',
} as const

/** A format that lies by rows, as it was published. */
interface RowFormat {
  readonly code: number
  readonly elementBytes: number
  /** Bits of an element that are all set in infinities and NaN, and only there. */
  readonly notFinite: number
}

/** Blocks of 32 columns, eight rows interleaved. Bytes are those of a block of eight rows. */
interface BlockFormat {
  readonly code: number
  readonly codeBytes: number
  readonly scaleBytes: number
  /** 2: a block's scales are small numbers, and an f16 for each row is shared by a run of blocks. */
  readonly levels: 1 | 2
  /** Of a block of sixteen rows that the integer kernels unpacked into scratch. */
  readonly panelBytes: number
}

/**
 * Formats that kernels read. int8 and int4 have kernels of their own; codes above theirs belong to
 * dequantize-blocks.ts.
 */
export const KERNEL_FORMATS = {
  f32: { code: 0, elementBytes: 4, notFinite: 0x7f800000 },
  f16: { code: 1, elementBytes: 2, notFinite: 0x7c00 },
  bf16: { code: 2, elementBytes: 2, notFinite: 0x7f80 },
  fp8: { code: 3, elementBytes: 1, notFinite: 0x7f },
  int8: { code: 4, codeBytes: 256, scaleBytes: 16, levels: 1, panelBytes: 1088 },
  int4: { code: 5, codeBytes: 128, scaleBytes: 16, levels: 1, panelBytes: 576 },
  int4_min: { code: 6, codeBytes: 128, scaleBytes: 16, levels: 2, panelBytes: 640 },
  // with minima the scales take twice the bytes
  int7: { code: 7, codeBytes: 256, scaleBytes: 16, levels: 2, panelBytes: 768 },
  mxfp4: { code: 8, codeBytes: 128, scaleBytes: 8, levels: 1, panelBytes: 576 },
  iq4: { code: 9, codeBytes: 128, scaleBytes: 8, levels: 2, panelBytes: 1088 },
  nvfp4: { code: 10, codeBytes: 128, scaleBytes: 16, levels: 1, panelBytes: 768 },
  int6: { code: 11, codeBytes: 192, scaleBytes: 16, levels: 2, panelBytes: 768 },
  int5_min: { code: 12, codeBytes: 160, scaleBytes: 16, levels: 2, panelBytes: 640 },
} as const satisfies Readonly<Record<string, RowFormat | BlockFormat>>
export type KernelFormat = keyof typeof KERNEL_FORMATS
export type KernelBlocks = {
  [N in KernelFormat]: (typeof KERNEL_FORMATS)[N] extends BlockFormat ? N : never
}[KernelFormat]
export type KernelRows = Exclude<KernelFormat, KernelBlocks>

/** Bytes of a record of 32 columns on its way into blocks (kernels/cpu/weights/pack-blocks.ts), and where its parts lie. */
export const STAGED_BLOCK = {
  codes: 0,
  /** Two of them, u8. */
  scales: 32,
  mins: 34,
  /** f32. */
  scale: 36,
  minScale: 40,
  bytes: 48,
} as const

// ---- codes of ints

export const SCORING = { softmax: 0, sigmoid: 1, chosenSoftmax: 2, chosenSigmoid: 3, sqrtsoftplus: 4 } as const
export const ACTIVATION = { silu: 0, geluTanh: 1, clampedSwiglu: 2, situ: 3 } as const
/** What the cache is. */
export const CACHE = { f32: 0, f16: 1, q8: 2 } as const

// ---- kernels

/**
 * Where a kernel's operand lies. rows: rows of a buffer, its address and bytes from row to row. table: a buffer's
 * address. list: any number of `rows`. pages: a state's keys or values, by their offset in a cache page. slot: a
 * recurrent state, by its offset in a slot; who writes it reads it too. angles: cos and sin of the step's positions. A
 * question mark: may be absent.
 */
export type OperandKind = 'rows' | 'rows?' | 'table' | 'list' | 'pages' | 'slot' | 'angles'
/** A matrix of any format, f32 vectors, or one of them for each expert. */
export type WeightKind = 'matrix' | 'vector' | 'vector?' | 'matrices' | 'vectors?'

export interface KernelContract {
  readonly opcode: number
  /**
   * Each row by itself, and rows shared out once for all (firstOwn in kernels/cpu/control.ts): between such kernels
   * threads need not meet.
   */
  readonly ownRows?: true
  /** Each element of `out` is made of those at its place in the operands, so that it may be written over one of them. */
  readonly inPlace?: true
  /** Its record begins as the other kernel's, so that code for that one reads it. */
  readonly begins?: string
  readonly reads?: Readonly<Record<string, OperandKind>>
  readonly writes?: Readonly<Record<string, OperandKind>>
  readonly weights?: Readonly<Record<string, WeightKind>>
  readonly ints?: readonly string[]
  readonly floats?: readonly string[]
}

export const KERNELS = {
  /** Rows of the embedding, by the step's tokens. */
  embed: { opcode: 0, ownRows: true, writes: { out: 'rows' }, weights: { matrix: 'matrix' } },
  /**
   * Each of `heads` runs of `width` columns by itself; the weight's numbers are less by weightOffset than what they
   * stand for.
   */
  rmsNorm: {
    opcode: 1,
    ownRows: true,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    weights: { weight: 'vector?' },
    ints: ['heads', 'width'],
    floats: ['eps', 'weightOffset'],
  },
  /** f32 rows to blocks of int8; with `outlier` the codes may leave one column out. */
  quantize: { opcode: 2, ownRows: true, reads: { x: 'rows' }, writes: { out: 'rows' }, ints: ['columns', 'outlier'] },
  /** x is f32 [T, K], or, with `integer`, rows of `quantize` with `outlier`. */
  linear: {
    opcode: 3,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    weights: { matrix: 'matrix', bias: 'vector?' },
    ints: ['integer'],
  },
  /**
   * gatedMul of what two matrices make of rows of `quantize` with `outlier`; both are of blocks. `few`: f32 [GATED_FEW_ROWS, rows of the
   * matrix].
   */
  gatedLinear: {
    opcode: 19,
    reads: { x: 'rows' },
    writes: { out: 'rows', few: 'table' },
    weights: { gate: 'matrix', up: 'matrix' },
    ints: ['activation'],
    floats: ['alpha', 'limit', 'upOffset'],
  },
  /**
   * One small matrix per head: rows [firstRow + h * rowStride, + rows). `integer` needs whole groups and rows of
   * `quantize` without `outlier`, and is never transposed.
   */
  headLinear: {
    opcode: 4,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    weights: { matrix: 'matrix' },
    ints: ['heads', 'xHeadBytes', 'outHeadBytes', 'firstRow', 'rowStride', 'rows', 'transposed', 'integer'],
  },
  rope: {
    opcode: 5,
    ownRows: true,
    reads: { x: 'rows', angles: 'angles' },
    writes: { out: 'rows' },
    ints: ['xHeadBytes', 'outHeadBytes', 'heads', 'dim', 'interleaved', 'inverse'],
  },
  /** Rows of heads into a state that has one row for `every` so many positions, a power of two. */
  cacheAppend: {
    opcode: 6,
    ownRows: true,
    reads: { x: 'rows' },
    writes: { pages: 'pages' },
    ints: ['heads', 'columns', 'cache', 'every'],
  },
  /** Rows of heads of keys into a state in q8. A head is one thread's: keys are stored as differences to those before them. */
  appendKeysQ8: { opcode: 60, reads: { x: 'rows' }, writes: { pages: 'pages' }, ints: ['heads', 'columns'] },
  /**
   * `group` heads per key head; `latent`: values are the first columns of the keys; `span`: positions that a query sees
   * (0: all), or with `chunked` its own block of so many; softcap 0: none.
   */
  attention: {
    opcode: 7,
    reads: { q: 'rows', keys: 'pages', values: 'pages' },
    writes: { out: 'rows' },
    weights: { sinks: 'vector?' },
    ints: ['group', 'kvHeads', 'keyDim', 'valueDim', 'cache', 'latent', 'span', 'chunked'],
    floats: ['scale', 'softcap'],
  },
  /**
   * out: ids i32 [topK], then weights f32 [topK]. `table`: ids f32 [vocabulary][topK] that are taken instead of the
   * best.
   */
  route: {
    opcode: 8,
    ownRows: true,
    reads: { logits: 'rows' },
    writes: { out: 'rows' },
    weights: { bias: 'vector?', table: 'vector?' },
    ints: ['experts', 'topK', 'scoring', 'groups', 'keptGroups', 'top2', 'normalize'],
    floats: ['scale', 'epsilon'],
  },
  /** Pairs (token, choice) sorted by expert, of experts [first, first + experts). */
  planExperts: { opcode: 9, reads: { routing: 'rows' }, writes: { plan: 'table' }, ints: ['topK', 'experts', 'first'] },
  /** Row groups of each expert's matrix times the rows of its pairs; pair p reads row p / pairsPerRow of x. */
  linear_experts: {
    opcode: 10,
    reads: { x: 'rows', plan: 'table' },
    writes: { out: 'rows' },
    weights: { matrices: 'matrices', biases: 'vectors?' },
    ints: ['integer', 'experts', 'pairsPerRow', 'groups'],
  },
  gatedMul: {
    opcode: 11,
    ownRows: true,
    inPlace: true,
    reads: { gate: 'rows', up: 'rows' },
    writes: { out: 'rows' },
    ints: ['columns', 'activation'],
    floats: ['alpha', 'limit', 'upOffset'],
  },
  add: {
    opcode: 12,
    ownRows: true,
    inPlace: true,
    reads: { a: 'rows', b: 'rows' },
    writes: { out: 'rows' },
    ints: ['columns'],
  },
  selectRows: { opcode: 13, ownRows: true, reads: { x: 'rows' }, writes: { out: 'rows' }, ints: ['bytes'] },
  /** Sum over the choices of experts [first, first + experts); `weighted` 0: of y alone; `adds`: to what is in out. */
  combineExperts: {
    opcode: 14,
    ownRows: true,
    reads: { y: 'rows', routing: 'rows' },
    writes: { out: 'rows' },
    ints: ['topK', 'columns', 'weighted', 'experts', 'first', 'adds'],
  },
  /** length 0: no temperature. */
  scale: {
    opcode: 16,
    ownRows: true,
    inPlace: true,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    ints: ['columns', 'length', 'shift'],
    floats: ['factor', 'beta'],
  },
  /** out[t * topK + choice] = weight * x[t]. */
  scaleExperts: {
    opcode: 17,
    ownRows: true,
    reads: { x: 'rows', routing: 'rows' },
    writes: { out: 'rows' },
    ints: ['topK', 'columns'],
  },

  // Recurrent layers
  /** weight [columns, 4], state [3, columns]. */
  shortConv: {
    opcode: 32,
    reads: { x: 'rows' },
    writes: { out: 'rows', state: 'slot' },
    weights: { weight: 'vector' },
    ints: ['columns'],
  },
  decay: {
    opcode: 33,
    ownRows: true,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    weights: { rate: 'vector', bias: 'vector' },
    ints: ['heads', 'width', 'bounded'],
    floats: ['bound'],
  },
  /** `group` heads per key head; `perChannel`: a decay for each of the keyDim columns. */
  deltaRule: {
    opcode: 34,
    reads: { q: 'rows', k: 'rows', v: 'rows', decay: 'rows', beta: 'rows' },
    writes: { out: 'rows', state: 'slot' },
    ints: ['heads', 'group', 'keyDim', 'valueDim', 'perChannel'],
  },
  /** `sigmoid`: the gate by sigmoid alone. */
  gatedNorm: {
    opcode: 35,
    ownRows: true,
    reads: { x: 'rows', gate: 'rows' },
    writes: { out: 'rows' },
    weights: { weight: 'vector' },
    ints: ['heads', 'width', 'sigmoid'],
    floats: ['eps'],
  },
  /** `shared`: one gate for all columns. */
  sigmoidGate: {
    opcode: 36,
    ownRows: true,
    reads: { x: 'rows', gate: 'rows' },
    writes: { out: 'rows' },
    ints: ['columns', 'shared'],
  },
  copyHeads: {
    opcode: 37,
    ownRows: true,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    ints: ['xHeadBytes', 'outHeadBytes', 'heads', 'bytes'],
  },
  mixResiduals: {
    opcode: 38,
    reads: { blocks: 'list' },
    writes: { out: 'rows' },
    weights: { norm: 'vector', proj: 'vector' },
    ints: ['columns'],
    floats: ['eps'],
  },

  // Chosen positions and hyper-connections
  layerNorm: {
    opcode: 50,
    ownRows: true,
    reads: { x: 'rows' },
    writes: { out: 'rows' },
    weights: { weight: 'vector', bias: 'vector' },
    ints: ['columns'],
    floats: ['eps'],
  },
  /** The best positions of a part of each token's. `half`: the cache is f16. */
  indexScores: {
    opcode: 51,
    reads: { q: 'rows', headWeights: 'rows', keys: 'pages' },
    writes: { lists: 'table' },
    ints: ['heads', 'dim', 'half', 'every', 'topK'],
    floats: ['scale'],
  },
  /** One list of each token's parts. */
  indexSelect: {
    opcode: 52,
    begins: 'indexScores',
    reads: { q: 'rows', headWeights: 'rows', keys: 'pages', lists: 'table' },
    writes: { out: 'rows' },
    ints: ['heads', 'dim', 'half', 'every', 'topK'],
    floats: ['scale'],
  },
  /**
   * Rows of a window, and other entries, one for `every` so many positions (0: there are none): those chosen, or all.
   * Values are the first columns of a row.
   */
  sparseAttention: {
    opcode: 53,
    reads: { q: 'rows', latent: 'pages', entries: 'pages', chosen: 'rows?' },
    writes: { out: 'rows' },
    weights: { sinks: 'vector?' },
    ints: ['heads', 'keyDim', 'valueDim', 'half', 'window', 'every', 'topK'],
    floats: ['scale'],
  },
  /** ape [ratio][width], with `overlap` of twice the width. */
  compress: {
    opcode: 54,
    reads: { kv: 'pages', gate: 'pages' },
    writes: { out: 'rows' },
    weights: { ape: 'vector' },
    ints: ['half', 'ratio', 'overlap', 'width'],
  },
  repeat: { opcode: 55, reads: { x: 'rows' }, writes: { out: 'rows' }, ints: ['bytes', 'times'] },
  streamWeights: {
    opcode: 56,
    reads: { m: 'rows' },
    writes: { out: 'rows' },
    weights: { scale: 'vector', base: 'vector' },
    ints: ['columns', 'streams', 'iterations'],
    floats: ['eps'],
  },
  collapseStreams: {
    opcode: 57,
    reads: { x: 'rows', weights: 'rows' },
    writes: { out: 'rows' },
    ints: ['streams', 'columns'],
  },
  updateStreams: {
    opcode: 58,
    reads: { x: 'rows', y: 'rows', weights: 'rows' },
    writes: { out: 'rows' },
    ints: ['columns'],
  },

  // Memory itself, not values
  readMemory: { opcode: 15, ints: ['address', 'bytes'] },
  readPages: { opcode: 61, ints: ['address', 'bytes'] },
  touchPages: { opcode: 18, ints: ['address', 'bytes'] },
  /** Rows [row, row + count) of a matrix from floats at `source`, by way of blocks at `staged`; codes up to `top`. `refused` is written. */
  encodeRows: {
    opcode: 59,
    weights: { matrix: 'matrix' },
    ints: ['source', 'staged', 'row', 'count', 'top', 'refused'],
    floats: ['factor'],
  },
} as const satisfies Readonly<Record<string, KernelContract>>
export type KernelName = keyof typeof KERNELS

// ---- records

/** The words that every record begins with. `counter`: units taken so far; `rowKind`: 0 rows are T, 1 they are R. */
export const RECORD_HEADER = ['opcode', 'flags', 'counter', 'rowKind', 'multiple'] as const

export type Section = 'ints' | 'floats' | 'weights' | 'reads' | 'writes'

/** A field of a record, with the first of its words. */
export interface RecordField {
  readonly name: string
  readonly section: Section
  readonly kind: 'int' | 'float' | OperandKind | WeightKind
  readonly word: number
}

/**
 * Words of a field; a list has its length there, and the address and row bytes of each of its rows after the record's
 * other words.
 */
function wordsOfKind(kind: RecordField['kind']): number {
  return kind === 'rows' || kind === 'rows?' ? 2 : 1
}

/** The fields of a kernel's record in their order: ints, floats, weights, reads, writes; then a list. */
export function recordFields(kernel: KernelContract): RecordField[] {
  const { ints = [], floats = [], weights = {}, reads = {}, writes = {} } = kernel
  const operands = [
    ...Object.entries(reads).map(([name, kind]) => ({ name, kind, section: 'reads' as const })),
    ...Object.entries(writes).map(([name, kind]) => ({ name, kind, section: 'writes' as const })),
  ]
  const all = [
    ...ints.map((name) => ({ name, kind: 'int' as const, section: 'ints' as const })),
    ...floats.map((name) => ({ name, kind: 'float' as const, section: 'floats' as const })),
    ...Object.entries(weights).map(([name, kind]) => ({ name, kind, section: 'weights' as const })),
    ...operands.filter(({ kind }) => kind !== 'list'),
    ...operands.filter(({ kind }) => kind === 'list'),
  ]
  let word: number = RECORD_HEADER.length
  return all.map((field) => {
    const placed = { ...field, word }
    word += wordsOfKind(field.kind)
    return placed
  })
}
