import { FORMATS, type FormatName } from './formats.js'

/** A ggml tensor type: how it is called, and the bytes of a block of values. Source: ggml.h, ggml-common.h. */
export interface GgmlType {
  readonly name: string
  readonly blockCols: number
  readonly blockBytes: number
  /** Present for the types that can be read. */
  readonly format?: FormatName
}

/** Types that cannot be read; their sizes are here so that the places of tensors can be checked. */
const UNREADABLE: readonly (readonly [id: number, type: GgmlType])[] = [
  [9, { name: 'Q8_1', blockCols: 32, blockBytes: 36 }],
  [24, { name: 'I8', blockCols: 1, blockBytes: 1 }],
  [25, { name: 'I16', blockCols: 1, blockBytes: 2 }],
  [28, { name: 'F64', blockCols: 1, blockBytes: 8 }],
  [40, { name: 'NVFP4', blockCols: 64, blockBytes: 36 }],
]

/** By the id that the files have. */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  ...Object.values(FORMATS).flatMap(({ name, ggml, blockCols, blockBytes }): (readonly [number, GgmlType])[] =>
    ggml === undefined ? [] : [[ggml, { name: name.toUpperCase(), blockCols, blockBytes, format: name }]],
  ),
  ...UNREADABLE,
])

/** Block formats of GGUF that cannot be read, in words. */
export const UNREADABLE_BLOCKS = UNREADABLE.filter(([, { blockCols }]) => blockCols > 1)
  .map(([, { name }]) => name)
  .join(' and ')
