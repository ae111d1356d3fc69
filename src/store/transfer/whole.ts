/** Files that are fetched as a whole: small ones, and those of sources that know no ranges. */
import { UserError } from '../../errors.js'
import { refuseLookAlike } from '../../checkpoint/files/look-alikes.js'
import type { FileAddress, ListedFile } from '../listing.js'
import { askFollowing } from '../network/ask.js'
import { pauseBefore, passes } from '../../retry.js'
import { PATIENCE, aborted, pause, throwIfAborted } from '../network/patience.js'
import { isWebPage, serverRefusal, unreachable, webPage } from '../network/refusals.js'
import { wholeBody, type Answer } from '../network/transport.js'
import { isWeights, type OpenFile, type Transfer } from './open-file.js'
import { PieceWriter } from './piece-writer.js'
import { PIECE } from './pieces.js'

/** Other bytes than the hub names come by chance at most so often. */
const WRONG_HASHES = 3

export function isFetchedWhole(file: ListedFile): boolean {
  const { hash, size } = file
  return !file.stream && (size <= PIECE || (hash !== undefined && 'gitSha1' in hash && size <= 64 * PIECE))
}

/** @throws UserError when it cannot be fetched, or when its bytes are not those that the hub names */
export async function fetchWhole(file: ListedFile, blob: string, transfer: Transfer): Promise<void> {
  const { network, disk, meter } = transfer
  const patience = network.patience ?? PATIENCE
  let wrong = 0
  let address = await file.address(network.signal)
  for (let attempt = 1; ; attempt++) {
    const outcome = await fetchBytes(file, address, transfer)
    if (outcome instanceof Uint8Array) {
      if (isWeights(file.path)) refuseLookAlike(file.path, outcome.subarray(0, 64))
      if (await isRight(file, outcome, transfer)) return disk.put(blob, outcome)
      if (++wrong === WRONG_HASHES) throw wrongBytes(file)
    } else {
      const next = await file.address(network.signal, address)
      // What cannot be reached has been tried for long: another mirror may help, and the same address not.
      if (outcome.isUnreached && next.url === address.url) throw outcome.error
      address = next
    }
    const isDamaged = outcome instanceof Uint8Array
    const wait = pauseBefore(attempt, patience)
    if (wait === undefined) throw isDamaged ? wrongBytes(file) : outcome.error
    meter.tell(`${file.path}: ${isDamaged ? 'it came damaged' : 'the answer broke off'}; it is fetched again`)
    await pause(wait, network.signal)
  }
}

export function wrongBytes({ path }: ListedFile): UserError {
  return new UserError(
    `${path}: its bytes are not those that the hub names (their hash differs), also when fetched again. ` +
      'Something between the hub and this machine alters them, or the mirror holds another file: try another network or mirror.',
    'file_changed',
  )
}

async function isRight({ hash, size }: ListedFile, bytes: Uint8Array, { disk }: Transfer): Promise<boolean> {
  if (bytes.length !== size) return false
  if (!hash) return true
  if ('sha256' in hash) return (await disk.hash('sha256', [bytes])) === hash.sha256
  const header = new TextEncoder().encode(`blob ${bytes.length}\0`)
  return (await disk.hash('sha1', [header, bytes])) === hash.gitSha1
}

/** What may pass, by itself or with another mirror. */
interface Failure {
  readonly error: UserError
  /** There was no answer at all, after all tries. */
  readonly isUnreached: boolean
}

async function fetchBytes(
  file: ListedFile,
  address: FileAddress,
  { network }: Transfer,
): Promise<Uint8Array | Failure> {
  let answer: Answer
  try {
    answer = (await askFollowing(network, address.url, address.headers)).answer
  } catch (error) {
    if (error instanceof UserError && error.code === 'network') return { error, isUnreached: true }
    throw error
  }
  if (answer.status !== 200 || isWebPage(answer)) {
    await answer.discard()
    const error = answer.status === 200 ? webPage(file.path, answer.url) : serverRefusal(file.path, answer)
    if (!passes(answer.status)) throw error
    return { error, isUnreached: true }
  }
  try {
    // What is longer than the list says is not read to its end.
    return (await wholeBody(answer, file.size)) ?? new Uint8Array(0)
  } catch (cause) {
    if (network.signal?.aborted) throw aborted()
    return { error: unreachable(answer.url, cause), isUnreached: false }
  }
}

/** A stream from its beginning; what an earlier run wrote is passed over. */
export async function fetchStream(open: OpenFile, transfer: Transfer): Promise<void> {
  const { file, pieces } = open
  const { signal } = transfer.network
  const writer = new PieceWriter(open, 0, pieces.total)
  for await (const chunk of file.stream?.(signal) ?? []) {
    throwIfAborted(signal)
    if (!(await writer.write(chunk))) throw wrongSize(file, 'more')
  }
  if (!writer.isWhole) throw wrongSize(file, 'fewer')
}

function wrongSize({ path, size }: ListedFile, found: string): UserError {
  return new UserError(
    `${path}: expected ${size} bytes, found ${found}. The source holds another file.`,
    'file_changed',
  )
}
