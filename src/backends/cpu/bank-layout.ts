/** Addresses inside one bank's memory. */
export interface BankLayout {
  readonly tokensAddress: number
  readonly positionsAddress: number
  readonly sequencesAddress: number
  readonly endsAddress: number
  readonly tiesAddress: number
  readonly logitRowsAddress: number
  readonly tablePointersAddress: number
  readonly tablesAddress: number
  /** Per rope table: [T][cos, sin]. */
  readonly ropeAddresses: readonly number[]
  readonly recordsAddress: number
  readonly nRecords: number
  /** A record of its own next to the step's, for what is done to the memory of all weights: making it (fresh-pages.ts), or only reading it. */
  readonly probe: { readonly record: number; readonly address: number; readonly bytes: number }
  /** Of a descriptor of the draft's head, which may have fewer rows than the matrix. */
  readonly draftHeadAddress: number
  readonly scratchAddress: number
  /** f64 [thread][nRecords + 1][waited, worked]; see kernels/cpu/index.ts. */
  readonly timesAddress: number
  /** [sequences] addresses of slots. */
  readonly slotPointersAddress: number
  /** Cache pages and slots of recurrent states begin here; the memory grows by them. */
  readonly poolAddress: number
  readonly pageBytes: number
  readonly slotBytes: number
}
