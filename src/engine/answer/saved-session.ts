/** A session as bytes: its conversation, and the pages of the cache that its tokens fill. */
import { PAGE_SIZE } from '../../backends/backend.js'
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import { isJsonObject } from '../../json.js'
import type { SharedRunner } from '../schedule/scheduler.js'
import type { Sequence } from '../schedule/sequence.js'

const MAGIC = 'kaiyuan session\n'
const FORMAT = 1

/** What is written in front of the pages. */
interface Header {
  readonly format: number
  readonly messages: readonly ChatMessage[]
  /** Of whole pages. */
  readonly ids: readonly number[]
  readonly pageBytes: number
}

export interface SavedSession extends Header {
  readonly pages: readonly Uint8Array[]
}

/** The shared pages of a sequence, with their tokens; none where the model's states cannot be saved. */
export async function pagesOf(
  { runner, scheduler }: SharedRunner,
  sequence: Sequence,
): Promise<Pick<SavedSession, 'ids' | 'pages'>> {
  if (runner.slotBytes > 0 || !runner.readPage) return { ids: [], pages: [] }
  return scheduler.between(async () => {
    const ids = sequence.tokens.slice(0, sequence.sharedTokens)
    const table = sequence.pageTable().subarray(0, ids.length / PAGE_SIZE)
    return { ids, pages: Array.from(table, (page) => runner.readPage!(page)) }
  })
}

export function bytesOfSession({ pages, ...rest }: Omit<SavedSession, 'format'>): Uint8Array {
  const text = new TextEncoder().encode(`${MAGIC}${JSON.stringify({ format: FORMAT, ...rest })}\n`)
  const bytes = new Uint8Array(text.length + pages.reduce((sum, page) => sum + page.length, 0))
  bytes.set(text)
  pages.reduce((at, page) => (bytes.set(page, at), at + page.length), text.length)
  return bytes
}

/** @throws UserError invalid_file for anything else */
export function sessionOfBytes(bytes: Uint8Array): SavedSession {
  const end = bytes.indexOf(10, MAGIC.length)
  const text = new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)))
  if (!text.startsWith(MAGIC)) throw invalid('it does not begin as one')
  let header: unknown
  try {
    header = JSON.parse(text.slice(MAGIC.length))
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause))
  }
  if (!isHeader(header)) throw invalid('its header is not whole')
  const count = header.ids.length / PAGE_SIZE
  const rest = bytes.subarray(end + 1)
  if (rest.length !== count * header.pageBytes)
    throw invalid(`it has ${rest.length} bytes of pages where ${count * header.pageBytes} belong`)
  const pages = Array.from({ length: count }, (_, i) => rest.subarray(i * header.pageBytes, (i + 1) * header.pageBytes))
  return { ...header, pages }
}

function isHeader(value: unknown): value is Header {
  if (!isJsonObject(value)) return false
  const { format, messages, ids, pageBytes } = value
  if (format !== FORMAT) throw invalid(`its format is ${String(format)}, and this version reads ${FORMAT}`)
  const areIds = Array.isArray(ids) && ids.length % PAGE_SIZE === 0 && ids.every((id) => Number.isSafeInteger(id))
  return Array.isArray(messages) && areIds && Number.isSafeInteger(pageBytes)
}

function invalid(why: string): UserError {
  return new UserError(`the saved session cannot be read: ${why}; save it again`, 'invalid_file')
}

/**
 * Puts saved pages where sequences find them. The first page is there already, computed again: only where it is the saved one bit
 * for bit are the others of this model and of these settings.
 * @returns how many pages are there now, or why none of them is
 */
export function adoptPages(
  { runner, scheduler, pool }: SharedRunner,
  { ids, pages, pageBytes }: SavedSession,
): Promise<number | string> {
  return scheduler.between(async () => {
    if (!runner.writePage || !runner.readPage || pageBytes !== runner.pageBytes) return 'its cache has another form'
    const first = pool.tree.use(undefined, ids, 0)
    if (!first) return 'the cache has no room'
    const nodes = [first]
    try {
      const computed = runner.readPage(first.page)
      if (!computed.every((byte, i) => byte === pages[0]![i])) return 'it is of another model, or of other settings'
      for (let at = PAGE_SIZE; at < ids.length; at += PAGE_SIZE) {
        const parent = nodes.at(-1)
        const known = pool.tree.use(parent, ids, at)
        if (known) {
          nodes.push(known)
          continue
        }
        const [page] = await pool.take(1)
        runner.writePage(page!, pages[at / PAGE_SIZE]!)
        nodes.push(pool.tree.add(parent, ids, at, page!))
      }
      return nodes.length
    } finally {
      for (const node of nodes.reverse()) pool.tree.release(node)
    }
  })
}
