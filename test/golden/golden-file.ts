/** What the reference implementation computed; see tools/oracle. */
export interface Golden {
  /** [T], absent where only greedy ids are known. */
  readonly ids?: number[]
  /** [T, V] */
  readonly logits?: Float32Array
  readonly prompt: number[]
  readonly greedy: number[]
}

/** The contents of golden.safetensors, in Node and in browsers: I64 and F32 tensors only. */
export function parseGolden(file: Uint8Array): Golden {
  const headerBytes = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes))) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >
  const bytes = (name: string): ArrayBuffer | undefined => {
    const entry = header[name]
    if (!entry) return undefined
    const [from, to] = entry.data_offsets.map((o) => 8 + headerBytes + o) as [number, number]
    return new Uint8Array(file.subarray(from, to)).buffer
  }
  const integers = (name: string): number[] | undefined => {
    const buffer = bytes(name)
    return buffer && Array.from(new BigInt64Array(buffer), Number)
  }
  const ids = integers('ids')
  const logits = bytes('logits')
  return {
    ...(ids && { ids }),
    ...(logits && { logits: new Float32Array(logits) }),
    prompt: integers('prompt')!,
    greedy: integers('greedy')!,
  }
}
