// What the command line writes where a person names the place.
import { copyFileSync, linkSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { program } from '../../src/cli/commands/all.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-cli-files-'))
afterAll(() => rmSync(folder, { recursive: true }))
const run = (...args: string[]): Promise<unknown> => program().parseAsync(args, { from: 'user' })

it('does not quantize a model into its own file, also by another name', async () => {
  const [own, other] = [join(folder, 'own.gguf'), join(folder, 'other.gguf')]
  copyFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), own)
  linkSync(own, other)
  const before = readFileSync(own)
  for (const out of [own, other])
    await expect(run('quantize', own, '--to', 'q4', '--out', out, '--force')).rejects.toThrow('a file of the model')
  expect(readFileSync(own).equals(before)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['other.gguf', 'own.gguf'])
  expect(statSync(own).nlink).toBe(2)
})
