import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { UserError } from '../../errors.js'
import { reasonOf } from '../../system-error.js'

/** The keys that open the server. Only their digests are kept, and comparing takes the same time whatever is given. */
export class Keys {
  private readonly digests: readonly Buffer[]

  constructor(keys: readonly string[]) {
    this.digests = keys.map(digest)
  }

  get required(): boolean {
    return this.digests.length > 0
  }

  /** Which key was given, as a number that may be shown; undefined if it is none of them. */
  find(key: string): number | undefined {
    const given = digest(key)
    let found: number | undefined
    this.digests.forEach((own, i) => {
      if (timingSafeEqual(own, given)) found = i
    })
    return found
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** One key a line; empty lines and lines that begin with # do not count. @throws UserError. */
export function readKeyFile(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UserError(`${path}: a file of API keys was expected, but ${reasonOf(cause)}`, 'file_not_found', { cause })
  }
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.length > 0) return checkPrivate(path, keys)
  throw new UserError(`${path}: expected one API key on each line, found none`, 'invalid_file')
}

/** A key that others can read is none. Windows has no such modes. */
function checkPrivate(path: string, keys: string[]): string[] {
  const { mode } = statSync(path)
  if (process.platform === 'win32' || (mode & 0o077) === 0) return keys
  const found = (mode & 0o777).toString(8)
  throw new UserError(
    `${path}: expected a file that only its owner can read, found mode ${found}; run chmod 600 on it`,
    'invalid_file',
  )
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
