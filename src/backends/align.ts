/** Bytes up to a multiple of 64: a cache line, and more than any vector. */
export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}
