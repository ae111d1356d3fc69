// What the command line writes where a person names the place.
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { writeNamed } from '../../src/cli/whole-file.js'
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

it('follows a link, keeps the mode of a file, and gives a new one that of the umask unless it is private', async () => {
  const dir = mkdtempSync(join(folder, 'modes-'))
  const at = (name: string): string => join(dir, name)
  const mode = (name: string): number => statSync(at(name)).mode & 0o777
  writeFileSync(at('there'), 'old')
  chmodSync(at('there'), 0o640)
  symlinkSync('there', at('link'))
  await writeNamed(at('link'), 'new')
  expect([readFileSync(at('there'), 'utf8'), mode('there')]).toEqual(['new', 0o640])
  expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
  symlinkSync('later', at('dangling'))
  await writeNamed(at('dangling'), 'new')
  writeFileSync(at('plain'), '')
  expect(mode('later')).toBe(mode('plain'))
  await writeNamed(at('chat'), 'mine', { isPrivate: true })
  await writeNamed(at('there'), 'mine', { isPrivate: true })
  expect([mode('chat'), mode('there')]).toEqual([0o600, 0o600])
  expect(readdirSync(dir).sort()).toEqual(['chat', 'dangling', 'later', 'link', 'plain', 'there'])
})

it.skipIf(process.platform === 'win32')('writes into a pipe', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = spawn('cat', [pipe])
  let read = ''
  reader.stdout.on('data', (bytes: Buffer) => (read += bytes.toString()))
  await writeNamed(pipe, 'text')
  await once(reader, 'close')
  expect([read, lstatSync(pipe).isFIFO()]).toEqual(['text', true])
})
