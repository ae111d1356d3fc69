import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.js'
import { reasonOf } from '../system-error.js'

/** What a person named. @throws UserError file_not_found with the system's reason */
export function bytesOf(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => cannotRead(file, cause))
}

export function cannotRead(file: string, cause: unknown): never {
  throw new UserError(`${file}: cannot be read: ${reasonOf(cause)}`, 'file_not_found', { cause })
}

/** @throws UserError when it cannot be read or is no text */
export async function textOf(file: string): Promise<string> {
  return decoded(file, await bytesOf(file))
}

/** @param name where the bytes are from @throws UserError when they are no text */
export function decoded(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UserError(`${name}: expected text in UTF-8`, 'invalid_file')
  }
}
