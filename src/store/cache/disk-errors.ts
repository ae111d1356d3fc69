import { UserError } from '../../errors.js'
import { errorCode } from '../platform.js'
import { inBytes } from '../wording.js'

/** What the disk refuses, in words; anything else as it is. */
export function diskError(cause: unknown, folder: string, neededBytes?: number): unknown {
  const code = errorCode(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(folder, neededBytes, cause, code === 'EDQUOT')
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return new UserError(
      `${folder}: cannot be written (${code}). Name a folder that can by KAIYUAN_CACHE or HF_HOME, or mend its permissions.`,
      'access_denied',
      { cause },
    )
  if (code !== undefined && code in UNUSABLE)
    return new UserError(
      `${folder}: ${UNUSABLE[code]!} (${code}). Name another folder by KAIYUAN_CACHE or HF_HOME, or see what is in its way.`,
      'access_denied',
      { cause },
    )
  return cause
}

/** What writes to a folder. @throws UserError for what its disk refuses */
export async function onDisk<T>(work: Promise<T>, folder: string, neededBytes?: number): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw diskError(error, folder, neededBytes)
  }
}

/** What else is wrong with a folder or its disk. */
const UNUSABLE: Readonly<Record<string, string>> = {
  ENOTDIR: 'expected a folder, found a file in its path',
  EEXIST: 'expected a folder, found a file',
  EISDIR: 'expected a file in it, found a folder',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its path is longer than the system allows',
  EFBIG: 'its disk takes no file of this size',
  EIO: 'its disk does not answer as it should',
}

function diskFull(folder: string, needed: number | undefined, cause: unknown, isQuota: boolean): UserError {
  const much = needed === undefined ? 'more space' : `${inBytes(needed)} more (${needed} bytes)`
  const what = isQuota ? 'the quota of this user is used up' : 'the disk is full'
  return new UserError(
    `${folder}: ${what}; the download needs ${much}. What came is kept: free some space and run it again, or name another disk by KAIYUAN_CACHE.`,
    'disk_full',
    { cause },
  )
}

/** Before the first byte. */
export function tooSmall(folder: string, needed: number, free: number): UserError {
  return new UserError(
    `${folder}: the download needs ${inBytes(needed)} (${needed} bytes), and the disk has ${inBytes(free)} free. ` +
      'Free some space, take a smaller quantisation, or name another disk by KAIYUAN_CACHE.',
    'disk_full',
  )
}
