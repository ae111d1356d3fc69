import { isPlainFileName } from '../../checkpoint/files/range.js'
import { UserError } from '../../errors.js'

/**
 * A listing comes from somebody else: its names must stay inside of their folder.
 * @throws UserError with the name
 */
export function checkPaths(name: string, files: readonly { readonly path: string }[]): void {
  const seen = new Map<string, string>()
  for (const { path } of files) {
    if (!isPlainFileName(path) || path.length > 1000)
      throw new UserError(
        `${name}: the hub lists a file that does not stay inside of its folder: ${JSON.stringify(path.slice(0, 200))}. Nothing was fetched.`,
        'invalid_file',
      )
    const other = seen.get(path.toLowerCase())
    if (other !== undefined)
      throw new UserError(
        `${name}: the hub lists ${other} and ${path}, which are one file on many disks. Nothing was fetched.`,
        'invalid_file',
      )
    seen.set(path.toLowerCase(), path)
  }
}
