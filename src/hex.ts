/** The bytes that `hex` says in lower case, two digits each. */
export function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  const { Buffer } = globalThis as { Buffer?: { from(text: string, encoding: 'hex'): Uint8Array<ArrayBuffer> } }
  if (Buffer) return Buffer.from(hex, 'hex')
  const digit = (at: number): number => {
    const code = hex.charCodeAt(at)
    return code < 58 ? code - 48 : code - 87
  }
  const bytes = new Uint8Array(hex.length / 2)
  // A loop: Uint8Array.from makes an iterator, and megabytes of garbage.
  for (let i = 0; i < bytes.length; i++) bytes[i] = digit(2 * i) * 16 + digit(2 * i + 1)
  return bytes
}
