// The process as a whole: what it ends with.
import { expect, it, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.js'

/** Runs in a folder that has been deleted. */
async function ended(...args: string[]): Promise<{ code: unknown; told: string }> {
  const { argv } = process
  process.argv = ['node', 'kaiyuan', ...args]
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  vi.spyOn(process, 'cwd').mockImplementation(() => {
    throw Object.assign(new Error('ENOENT: process.cwd failed'), { code: 'ENOENT', syscall: 'uv_cwd' })
  })
  vi.spyOn(process.stdout, 'write').mockImplementation((_text, then?: unknown) => {
    if (typeof then === 'function') (then as () => void)()
    return true
  })
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never)
  try {
    await runCommandLine()
    return { code: exit.mock.calls[0]?.[0], told: told.mock.calls.map(([text]) => text).join('') }
  } finally {
    vi.restoreAllMocks()
    process.argv = argv
  }
}

it('says that the current folder has been deleted', async () => {
  expect(await ended('list')).toEqual({
    code: 2,
    told: 'kaiyuan: the current folder has been deleted: cd to another\n',
  })
  expect(await ended('--version')).toEqual({ code: 0, told: '' })
})
