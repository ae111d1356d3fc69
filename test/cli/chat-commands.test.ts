// What the commands of the chat do with files and with what was attached.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { runCommand, type Chat } from '../../src/cli/chat/commands.js'
import { SavedChats, chatText } from '../../src/cli/chat/saved.js'

const home = mkdtempSync(join(tmpdir(), 'kaiyuan-chat-commands-'))
afterAll(() => rmSync(home, { recursive: true }))
afterEach(() => void vi.unstubAllEnvs())

const messages = [{ role: 'user' as const, content: 'hello' }]

/** What a line of the chat did, by the names of what it called. */
async function calls(line: string): Promise<unknown[][]> {
  vi.stubEnv('HOME', home)
  const made: unknown[][] = []
  const chat = {
    conversation: { messages },
    saved: new SavedChats(join(home, 'chats')),
    prompt: { outside: (run: () => void) => run() },
    note: () => undefined,
    attach: (...given: unknown[]) => void made.push(['attach', ...given]),
    resume: (...given: unknown[]) => void made.push(['resume', ...given]),
    say: (...given: unknown[]) => void made.push(['say', ...given]),
    use: (...given: unknown[]) => void made.push(['use', ...given]),
  }
  await runCommand(chat as unknown as Chat, line)
  return made
}

describe('a command of the chat', () => {
  it('reads ~ as the home, since no shell does', async () => {
    writeFileSync(join(home, 'notes.txt'), 'apple')
    expect(await calls('/file ~/notes.txt')).toEqual([['attach', join(home, 'notes.txt'), 'apple']])
    await calls('/save ~/saved.json')
    expect(readFileSync(join(home, 'saved.json'), 'utf8')).toBe(chatText(messages))
    expect(await calls('/model ~/model.gguf')).toEqual([['use', join(home, 'model.gguf')]])
    expect(await calls('/model ~other/model.gguf')).toEqual([['use', '~other/model.gguf']])
  })

  it('loads a conversation next to the one that is kept, and not over it', async () => {
    const file = join(home, 'loaded.json')
    writeFileSync(file, chatText(messages))
    const [[name, loaded]] = (await calls(`/load ${file}`)) as [[string, { file: string; messages: unknown }]]
    expect(name).toBe('resume')
    expect(loaded.messages).toEqual(messages)
    expect(loaded.file).toContain(join(home, 'chats'))
  })

  it('sends what the editor wrote as what is typed is sent, and passes over an editor that is empty', async () => {
    vi.stubEnv('VISUAL', '')
    vi.stubEnv('EDITOR', 'echo written >')
    expect(await calls('/edit')).toEqual([['say', 'written\n']])
  })
})
