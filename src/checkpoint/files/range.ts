import { UserError } from '../../errors.js'

/** @throws UserError unless [offset, offset + length) lies inside of a source of `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  const sane = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (sane && offset + length <= size) return
  throw new UserError(
    `${name}: expected ${length} bytes at offset ${offset}, but the file has ${size} bytes. ` +
      'It is probably truncated: download it again.',
    'invalid_file',
  )
}

/** A file name that stays inside its folder: an index file must not lead to other places on the machine. */
export function isPlainFileName(file: string): boolean {
  if (file === '' || file.includes('\\') || file.includes('\0') || file.includes(':') || file.startsWith('/'))
    return false
  return file.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** Where a read puts its bytes: into what the caller offers, if it is large enough, else somewhere new. */
export function roomFor(
  length: number,
  into: Uint8Array | undefined,
  allocate = (bytes: number): Uint8Array => new Uint8Array(bytes),
): Uint8Array {
  return into && into.byteLength >= length ? into.subarray(0, length) : allocate(length)
}
