/** Numbers of 4, 8 and 16 bits, exactly, by table. */

/** e2m1: bias 1, subnormal 0.5. OCP Microscaling formats 1.0, section 5.3.3. */
export const E2M1 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6)

/** e4m3fn: bias 7, subnormals in steps of 2^-9, S.1111.111 is NaN. OCP 8-bit floating point specification 1.0. */
export const E4M3 = Float32Array.from({ length: 256 }, (_, code) => {
  const exponent = (code >> 3) & 15
  const mantissa = code & 7
  if (exponent === 15 && mantissa === 7) return NaN
  const size = exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7)
  return code & 128 ? -size : size
})

/** e8m0, a scale: byte b is 2^(b - 127), which for 0 is subnormal in f32; 255 is NaN. OCP Microscaling 1.0, section 5.4. */
export const E8M0 = Float32Array.from({ length: 256 }, (_, byte) => (byte === 255 ? NaN : 2 ** (byte - 127)))

let f16Values: Float32Array | undefined

/** IEEE 754 binary16, by a table that is made for the first of them. */
export function f16Of(code: number): number {
  return (f16Values ??= makeF16Values())[code] ?? NaN
}

function makeF16Values(): Float32Array {
  const values = new Float32Array(65536)
  for (let code = 0; code < values.length; code++) {
    const exponent = (code >> 10) & 31
    const mantissa = code & 1023
    const sign = code & 0x8000 ? -1 : 1
    if (exponent === 31) values[code] = mantissa ? NaN : sign * Infinity
    else values[code] = sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15))
  }
  return values
}

/** The f16 at `at`, little-endian. */
export function f16At(bytes: Uint8Array, at: number): number {
  return f16Of((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8))
}

const SCRATCH = new DataView(new ArrayBuffer(4))

/** The bits of the f16 nearest to `value`, halves to even; what is too large becomes infinite. */
export function f16Bits(value: number): number {
  SCRATCH.setFloat32(0, value)
  const bits = SCRATCH.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const size = Math.abs(Math.fround(value))
  if (!(size < 65520)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00)
  // In units of the last place: 2^-24 below the smallest normal number, else by the exponent.
  const exponent = Math.max(-14, ((bits >>> 23) & 255) - 127)
  const units = toEven(size / 2 ** (exponent - 10))
  // A normal number's leading 1 carries into the exponent.
  return sign | (((exponent + 14) << 10) + units)
}

function toEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}
