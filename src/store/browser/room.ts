/** Whether a browser has room for what is to be fetched. */
import { UserError } from '../../errors.js'
import { inBytes } from '../wording.js'
import type { Wanted } from '../transfer/lanes.js'

/** Where files get all of their space when they are begun. */
interface Holder {
  /** Bytes that a file of this size does not have yet. */
  lacks(blob: string, size: number): Promise<number>
}

/** Before the first byte. @throws UserError disk_full where the browser gives this page less than what is missing */
export async function checkRoom(disk: Holder, wanted: readonly Wanted[]): Promise<void> {
  const lacking = await Promise.all(wanted.map(({ file, blob }) => disk.lacks(blob, file.size)))
  const needed = lacking.reduce((sum, bytes) => sum + bytes, 0)
  const { quota, usage = 0 } = await navigator.storage.estimate()
  if (needed === 0 || quota === undefined || needed <= quota - usage) return
  const free = Math.max(0, quota - usage)
  throw new UserError(
    `the download needs ${inBytes(needed)} (${needed} bytes), and the storage that the browser gives this page has room for ${inBytes(free)}. ` +
      'Delete another model of this page or free some space on the disk, let the page ask for persistent storage, or take a smaller quantisation.',
    'disk_full',
  )
}
