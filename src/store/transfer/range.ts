/** Fetches a run of pieces by range requests, whatever happens on the way. */
import { UserError } from '../../errors.js'
import { passes, pauseBefore, retriesFor, secondsAsked } from '../../retry.js'
import type { FileAddress } from '../listing.js'
import { hostOf } from '../network/ask.js'
import { PATIENCE, aborted, pause, throwIfAborted } from '../network/patience.js'
import { isWebPage, plainAddress, serverRefusal, unreachable, webPage } from '../network/refusals.js'
import type { Answer } from '../network/transport.js'
import type { OpenFile, Transfer } from './open-file.js'
import { PieceWriter } from './piece-writer.js'
import { PIECE, type Run } from './pieces.js'

/** Why a request brought less than it should. */
interface Failure {
  /** What a person sees in the end. */
  readonly error: UserError
  readonly note: string
  /** A signed address that has ended: the next one is asked for at once. */
  readonly isExpired?: boolean
  /** Trying again is no use. */
  readonly isFinal?: boolean
  readonly asked?: number | undefined
}

/** A server that answers with all of the file so often knows no ranges. */
const WHOLE_ANSWERS = 3

/** @throws UserError when nothing more comes after all tries */
export async function fetchRun(open: OpenFile, run: Run, transfer: Transfer): Promise<void> {
  const { network, meter } = transfer
  const patience = network.patience ?? PATIENCE
  let at = run.from
  let address: FileAddress | undefined
  let isBroken = false
  for (let attempt = 0; ;) {
    while (at < run.to && open.pieces.has(at)) at++
    if (at >= run.to) return
    throwIfAborted(network.signal)
    const before = open.pieces.count
    address = await open.address(isBroken ? address : undefined, isBroken && attempt > 1)
    const failure = await fetchOnce(open, { from: at, to: run.to }, address, transfer)
    if (!failure) continue
    attempt = open.pieces.count > before ? 1 : attempt + 1
    const wasReached = network.transport.reached.has(hostOf(address.url))
    const wait = pauseBefore(attempt, retriesFor(patience, wasReached), failure.asked)
    if (failure.isFinal || wait === undefined) throw failure.error
    isBroken = failure.isExpired === true || attempt > 1
    if (failure.isExpired && attempt === 1) continue
    meter.tell(`${open.file.path}: ${failure.note}; next try in ${(wait / 1000).toFixed(1)} s`)
    await pause(wait, network.signal)
  }
}

/** One request; undefined when it brought all. */
async function fetchOnce(
  open: OpenFile,
  run: Run,
  address: FileAddress,
  transfer: Transfer,
): Promise<Failure | undefined> {
  const from = run.from * PIECE
  const to = Math.min(run.to * PIECE, open.file.size) - 1
  const guard = new StallGuard(transfer)
  try {
    const headers = { 'accept-encoding': 'identity', ...address.headers, range: `bytes=${from}-${to}` }
    const answer = await transfer.network.transport.get(address.url, { headers, signal: guard.signal, isLarge: true })
    transfer.network.transport.reached.add(hostOf(address.url))
    const odd = refusal(open, answer, `bytes ${from}-${to}/${open.file.size}`, address)
    if (!odd) return await receive(open, run, answer, guard)
    if (answer.status === 200 && open.wholeAnswers >= WHOLE_ANSWERS && odd.isFinal !== true)
      return await receive(open, { from: 0, to: open.pieces.total }, answer, guard)
    await answer.discard()
    return odd
  } catch (cause) {
    if (transfer.network.signal?.aborted) throw aborted()
    if (cause instanceof UserError) throw cause
    const note = guard.hasStalled ? 'the connection stalled' : 'the connection broke off'
    return { error: unreachable(address.url, guard.hasStalled ? new Error('nothing came any more') : cause), note }
  } finally {
    guard.end()
  }
}

/** What is wrong with an answer before its body. */
function refusal(open: OpenFile, answer: Answer, range: string, address: FileAddress): Failure | undefined {
  const { file } = open
  const { status } = answer
  if (status === 206) {
    open.wholeAnswers = 0
    const found = answer.header('content-range')
    // Other origins may hide it from a page.
    if (found !== undefined && found !== range)
      return odd(open, `expected ${range}, found ${found}`, `an answer with other bytes`)
    return open.isSameVersion(answer.header('etag')) ? undefined : odd(open, 'found another version', 'another version')
  }
  if (isWebPage(answer)) return { error: webPage(file.path, address.url), note: 'a web page in place of the file' }
  if (status === 401 || status === 403)
    return { error: serverRefusal(file.path, answer), note: 'its address has ended', isExpired: true }
  if (status === 404 || status === 410)
    return { error: gone(file.path, address), note: 'the file is gone', isExpired: true }
  if (status === 416) return odd(open, `the file no longer has ${file.size} bytes`, 'the file has another size')
  if (status === 200) {
    open.wholeAnswers++
    return odd(open, 'expected a part of the file, found all of it', 'all of the file in place of a part')
  }
  const asked = passes(status) ? secondsAsked((name) => answer.header(name)) : undefined
  return { error: serverRefusal(file.path, answer), note: `${status} from ${hostOf(address.url)}`, asked }
}

function odd({ file }: OpenFile, what: string, note: string): Failure {
  const error = new UserError(
    `${file.path}: ${what}. The file on the server may have changed: run it again.`,
    'file_changed',
  )
  return { error, note }
}

function gone(path: string, { url }: FileAddress): UserError {
  return new UserError(
    `${path}: there is nothing any more at ${plainAddress(url)}. The file on the server may have changed: run it again.`,
    'file_changed',
  )
}

/** Writes what comes, piece by piece. */
async function receive(open: OpenFile, run: Run, answer: Answer, guard: StallGuard): Promise<Failure | undefined> {
  const writer = new PieceWriter(open, run.from, run.to)
  for await (const chunk of answer.body) {
    guard.feed()
    if (!(await writer.write(chunk)))
      return odd(open, 'found more bytes than were asked for', 'an answer that is too long')
  }
  if (writer.isWhole) return undefined
  return { error: unreachable(answer.url, new Error('the answer broke off')), note: 'the answer broke off' }
}

/** Ends a request without a byte for too long: an own clock, since a large body may take hours. */
class StallGuard {
  private readonly controller = new AbortController()
  private readonly timer: ReturnType<typeof setInterval>
  private last = performance.now()
  private readonly outer: AbortSignal | undefined
  private readonly stop = (): void => this.controller.abort()
  hasStalled = false

  constructor({ network: { patience = PATIENCE, signal } }: Transfer) {
    this.outer = signal
    signal?.addEventListener('abort', this.stop, { once: true })
    const check = (): void => {
      if (performance.now() - this.last < patience.stallMs) return
      this.hasStalled = true
      this.controller.abort()
    }
    this.timer = setInterval(check, Math.max(10, patience.stallMs / 4))
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  feed(): void {
    this.last = performance.now()
  }

  end(): void {
    clearInterval(this.timer)
    this.outer?.removeEventListener('abort', this.stop)
  }
}
