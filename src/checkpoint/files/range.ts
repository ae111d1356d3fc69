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
