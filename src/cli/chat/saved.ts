import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ChatMessage } from '../../chat/message.js'
import { writeWhole } from '../whole-file.js'

/** Conversations that are kept; older ones make room. */
const MOST_CHATS = 200
const NAME = /^\d{4}-\d\d-\d\dT[\d-]+Z(-\d+)?\.json$/

const SavedChat = z.array(
  z.object({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: z.string().nullable(),
    reasoning_content: z.string().optional(),
    tool_calls: z
      .array(
        z.object({
          id: z.string(),
          type: z.literal('function'),
          function: z.object({ name: z.string(), arguments: z.string() }),
        }),
      )
      .optional(),
    tool_call_id: z.string().optional(),
    name: z.string().optional(),
  }),
)

/** What was saved; undefined for anything else. */
export function savedChat(text: string): ChatMessage[] | undefined {
  try {
    return SavedChat.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

export function chatText(messages: readonly ChatMessage[]): string {
  return `${JSON.stringify(messages, null, 1)}\n`
}

/** One conversation of {@link SavedChats.list}. */
export interface KeptChat {
  readonly file: string
  readonly messages: ChatMessage[]
}

/** Whether lines and conversations are kept: not with --no-history, nor with KAIYUAN_HISTORY=off. */
export function keepsHistory(flag: boolean | undefined): boolean {
  return flag !== false && !/^(off|no|false|0)$/i.test(process.env['KAIYUAN_HISTORY'] ?? '')
}

/** Conversations that are kept for later, each in a file that only their owner can read. */
export class SavedChats {
  constructor(private readonly folder = join(homedir(), '.kaiyuan', 'chats')) {}

  /** A name for a conversation that begins now. */
  newFile(): string {
    return join(this.folder, `${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}.json`)
  }

  /** Keeps a conversation as it is by now. Where that cannot be, nobody's chat ends because of it. */
  async keep(file: string, messages: readonly ChatMessage[]): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 })
      await writeWhole(file, chatText(messages))
      const old = (await this.names()).slice(MOST_CHATS)
      await Promise.all(old.map((name) => rm(join(this.folder, name), { force: true })))
    } catch {
      // A convenience.
    }
  }

  /** The latest first. */
  async list(count: number): Promise<KeptChat[]> {
    const kept: KeptChat[] = []
    for (const name of await this.names()) {
      if (kept.length === count) break
      const file = join(this.folder, name)
      const messages = savedChat(await readFile(file, 'utf8').catch(() => ''))
      if (messages) kept.push({ file, messages })
    }
    return kept
  }

  private async names(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => [])
    return names.filter((name) => NAME.test(name)).sort((a, b) => (a < b ? 1 : -1))
  }
}
