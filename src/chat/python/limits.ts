/**
 * Work for which templates of any size have room: an evaluated part is one unit, as are 4 places of a list, 32 new characters and
 * 64 that are read. Published templates take some thousands, and some hundreds for each message.
 */
const ALLOWANCE = 2_000_000
const ITEMS_PER_UNIT = 4
const CHARACTERS_PER_UNIT = 32
const READ_PER_UNIT = 64
/** Characters that a text may have for any conversation, and for each unit of a large one; and more than the longest contexts hold. */
const TEXT_ALLOWANCE = 2 ** 21
const TEXT_PER_UNIT = 8
const MAX_TEXT = 2 ** 25
/** Calls inside of calls; Python's own limit lies at about 200 macros. */
const MAX_DEPTH = 150

/** A template, or a value that it makes, took more than any conversation needs. */
export class LimitError extends Error {}

/** The account of one rendering: steps, items and characters together, so that nothing hangs and nothing fills the memory. */
interface Account {
  left: number
  readonly longestText: number
  depth: number
}

/** Rendering is synchronous: there is one account at a time, and none where values are made outside of a template. */
let account: Account | undefined

/**
 * Runs `work` with an account of its own.
 * @param more units beyond those for any template, since the work grows with what is rendered
 * @throws LimitError when it takes more.
 * @example
 * const text = withLimits(500 * messages.length, () => evaluate(template))
 */
export function withLimits<T>(more: number, work: () => T): T {
  const outer = account
  account = { left: ALLOWANCE + more, longestText: Math.min(MAX_TEXT, TEXT_ALLOWANCE + TEXT_PER_UNIT * more), depth: 0 }
  try {
    return work()
  } finally {
    account = outer
  }
}

/** Takes steps or items off the account, before they are made. @throws LimitError when there is no room for them. */
export function spend(units: number): void {
  if (account && (account.left -= units) < 0) {
    throw new LimitError('it has not ended after more work than any conversation needs')
  }
}

/** Takes a new string off the account, before it is made. @throws LimitError when there is no room for it. */
export function spendText(length: number): void {
  checkText(length)
  spend(1 + length / CHARACTERS_PER_UNIT)
}

/** Takes a text off the account that is read from one end to the other. @throws LimitError when there is no room for it. */
export function spendReading(length: number): void {
  spend(length / READ_PER_UNIT)
}

/**
 * `left + right`. JavaScript copies neither until the text is read, so a text that grows in a loop costs only what is added.
 * @throws LimitError when it gets too long.
 */
export function concatenated(left: string, right: string): string {
  checkText(left.length + right.length)
  spend(1 + Math.min(left.length, right.length) / CHARACTERS_PER_UNIT)
  return left + right
}

function checkText(length: number): void {
  if (account && length > account.longestText)
    throw new LimitError(`a text of ${length} characters; this conversation needs at most ${account.longestText}`)
}

/** Takes the places of a new list off the account. @throws LimitError when there is no room for them. */
export function spendItems(count: number): void {
  spend(count / ITEMS_PER_UNIT)
}

/** Runs `work` one call deeper. @throws LimitError when calls go too deep. */
export function deeper<T>(work: () => T): T {
  if (!account) return work()
  if (++account.depth > MAX_DEPTH) throw new LimitError(`its calls go deeper than ${MAX_DEPTH}`)
  try {
    return work()
  } finally {
    account.depth--
  }
}
