/** Where two arrays differ first, or where the shorter ends; -1: nowhere. Much faster than toEqual. */
export function firstOtherBits(a: Float32Array, b: Float32Array): number {
  const [x, y] = [a, b].map((values) => new Int32Array(values.buffer, values.byteOffset, values.length)) as [
    Int32Array,
    Int32Array,
  ]
  const first = x.findIndex((bits, i) => bits !== y[i])
  return first < 0 && y.length > x.length ? x.length : first
}
