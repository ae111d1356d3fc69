import { UserError } from '../../errors.js'
import { addressOf, httpFiles } from './http.js'
import { percentDecoded } from '../../percent.js'
import type { FileSet } from './source.js'

/**
 * A folder over HTTP of which all files are named, so that nothing is asked for that is not there.
 * @throws UserError for what is no address, and for files of several folders
 */
export function addressedFiles(addresses: readonly string[]): FileSet {
  const urls = addresses.map(addressOf)
  const [first] = urls
  if (!first || urls.length === 1) return httpFiles(addresses[0] ?? '')
  const config = urls.find(({ pathname }) => /\/(config|params)\.json$/.test(pathname))
  const { href } = new URL('.', config ?? first)
  const names = urls.map((url) => {
    if (url.href.startsWith(href)) return percentDecoded(url.pathname.slice(new URL(href).pathname.length))
    throw new UserError(`${url.href}: expected a file of ${href}, as the others are`, 'invalid_argument')
  })
  return httpFiles(href, { names })
}
