/** GGUF files, version 3, written from front to back. The layout is that of docs/gguf.md of ggml. */
import { FORMATS, rowBytes, type FormatName } from '../formats/formats.js'
import { product } from '../shape.js'

/** A tensor that is going to be written. */
export interface OutTensor {
  readonly name: string
  /** Logical shape: the last dimension is contiguous. */
  readonly shape: readonly number[]
  readonly format: FormatName
}

const MAGIC = [0x47, 0x47, 0x55, 0x46]
const VERSION = 3
const U32 = 4
const I32 = 5
const F32 = 6
const BOOL = 7
const STRING = 8
const ARRAY = 9

/** A value of the metadata with its type. */
export type GgufValue =
  | readonly ['u32' | 'f32', number]
  | readonly ['bool', boolean]
  | readonly ['string', string]
  | readonly ['strings', readonly string[]]
  | readonly ['i32s', readonly number[]]

/** Bytes of a tensor, without what fills up to the next one. */
export function tensorBytes({ shape, format }: OutTensor): number {
  return product(shape.slice(0, -1)) * rowBytes(format, shape.at(-1) ?? 1)
}

/** Bytes from the end of `bytes` to the next multiple of `alignment`. */
export function padding(bytes: number, alignment: number): number {
  return (alignment - (bytes % alignment)) % alignment
}

/**
 * All before the tensors' bytes, which follow in their order, each filled up to a multiple of `alignment`.
 * @param keys the metadata, each key as it is stored: {@link keyU32}, {@link keyString}, or from another file
 */
export function ggufHead(keys: readonly Uint8Array[], tensors: readonly OutTensor[], alignment: number): Uint8Array {
  const parts = [Uint8Array.from(MAGIC), u32(VERSION), u64(tensors.length), u64(keys.length), ...keys]
  let offset = 0
  for (const tensor of tensors) {
    const { name, shape, format } = tensor
    const dimensions = [...shape].reverse().map(u64)
    parts.push(text(name), u32(shape.length), ...dimensions, u32(FORMATS[format].ggml ?? 0), u64(offset))
    const bytes = tensorBytes(tensor)
    offset += bytes + padding(bytes, alignment)
  }
  const head = joined(...parts)
  return joined(head, new Uint8Array(padding(head.length, alignment)))
}

/** A key of the metadata with its value. */
export function ggufKey(key: string, value: GgufValue): Uint8Array {
  return joined(text(key), ...stored(value))
}

function stored([type, value]: GgufValue): Uint8Array[] {
  switch (type) {
    case 'u32':
      return [u32(U32), u32(value)]
    case 'f32':
      return [u32(F32), new Uint8Array(Float32Array.of(value).buffer)]
    case 'bool':
      return [u32(BOOL), Uint8Array.of(value ? 1 : 0)]
    case 'string':
      return [u32(STRING), text(value)]
    case 'strings':
      return [u32(ARRAY), u32(STRING), u64(value.length), ...value.map(text)]
    case 'i32s':
      return [u32(ARRAY), u32(I32), u64(value.length), new Uint8Array(Int32Array.from(value).buffer)]
  }
}

/** A key whose value is a whole number. */
export function keyU32(key: string, value: number): Uint8Array {
  return ggufKey(key, ['u32', value])
}

/** A key whose value is a string. */
export function keyString(key: string, value: string): Uint8Array {
  return ggufKey(key, ['string', value])
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** A length and UTF-8. */
function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value)
  return joined(u64(bytes.length), bytes)
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

function u64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
}
