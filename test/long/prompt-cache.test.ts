// run --prompt-cache: what one process computed of a prompt is there for the next.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { PAGE_SIZE } from '../../src/backends/backend.js'
import { program } from '../../src/cli/commands/all.js'
import type { GenerationResult } from '../../src/engine/answer/generation.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-prompt-cache-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BOOK = 'Call me Ishmael. '.repeat(20)

/** What `run` prints as JSON, and on stderr. */
async function run(...args: string[]): Promise<{ result: GenerationResult; said: string }> {
  const [out, err]: [string[], string[]] = [[], []]
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0)
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0)
  try {
    const common = ['--raw', '--json', '--max-tokens', '4', '--temperature', '0', '--ignore-eos', '--threads', '1']
    await program().parseAsync(['run', 'mini', ...args, ...common], { from: 'user' })
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
  }
  return { result: JSON.parse(out.join('')) as GenerationResult, said: err.join('') }
}

describe('a prompt cache', () => {
  const file = join(folder, 'book.cache')

  it('leaves the next call only what is new, with the same answer', async () => {
    const first = await run(`${BOOK}Who?`, '--prompt-cache', file)
    expect(first.result.cachedTokens).toBe(0)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    const second = await run(`${BOOK}Where to?`, '--prompt-cache', file)
    expect(second.result.cachedTokens).toBe(Math.floor(BOOK.length / PAGE_SIZE) * PAGE_SIZE)
    const without = await run(`${BOOK}Where to?`)
    expect(second.result.ids).toEqual(without.result.ids)
    expect(second.said).toBe('')
  })

  it('of other settings is not used, and says so', async () => {
    const { result, said } = await run(`${BOOK}Who?`, '--prompt-cache', file, '--precision', 'exact')
    expect(result.cachedTokens).toBeLessThanOrEqual(PAGE_SIZE)
    expect(said).toMatch(/is not used: .*; it is written again/)
  })

  it('is never written over something else', async () => {
    const other = join(folder, 'letter.txt')
    writeFileSync(other, 'Dear Anna')
    await expect(run('Hello', '--prompt-cache', other)).rejects.toThrow(/letter\.txt: the saved session cannot be read/)
    expect(readFileSync(other, 'utf8')).toBe('Dear Anna')
    await expect(run('Hello', '--prompt-cache', folder)).rejects.toThrow(/cannot be read: it is a folder/)
    await expect(run('Hello', '--prompt-cache', join(folder, 'absent', 'x'))).rejects.toThrow(/cannot be written/)
  })
})
