// Files that the command line writes: whole or not at all, never through a link, and the history of several chats at once.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { History } from '../../src/cli/chat/history.js'
import { WholeFile, writeWhole } from '../../src/cli/whole-file.js'

const folder = (): string => mkdtempSync(join(tmpdir(), 'kaiyuan-files-'))
const text = (file: string): string => readFileSync(file, 'utf8')

describe('a whole file', () => {
  it('has its name only at the end, and until then the old one is there', async () => {
    const dir = folder()
    const target = join(dir, 'a')
    writeFileSync(target, 'old')
    const file = await WholeFile.create(target)
    await file.handle.writeFile('new')
    expect(text(target)).toBe('old')
    await file.commit()
    expect(text(target)).toBe('new')
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['a'])
  })

  it('leaves nothing when it is given up or cannot have its name', async () => {
    const dir = folder()
    mkdirSync(join(dir, 'b'))
    await (await WholeFile.create(join(dir, 'a'))).discard()
    await expect(writeWhole(join(dir, 'b'), 'x')).rejects.toThrow()
    await expect(writeWhole(join(dir, 'none', 'c'), 'x')).rejects.toThrow('ENOENT')
    expect(readdirSync(dir)).toEqual(['b'])
  })

  it('touches neither what a link leads to nor files of other names', async () => {
    const dir = folder()
    const [victim, target] = [join(dir, 'victim'), join(dir, 'a')]
    writeFileSync(victim, 'precious')
    symlinkSync(victim, target)
    symlinkSync(victim, `${target}.part`)
    await writeWhole(target, 'new')
    expect([text(victim), text(target), lstatSync(target).isSymbolicLink()]).toEqual(['precious', 'new', false])
    expect(readdirSync(dir).sort()).toEqual(['a', 'a.part', 'victim'])
  })
})

describe('a history', () => {
  it('has the lines of all chats, the latest first, and no more than it may', async () => {
    const file = join(folder(), 'history')
    const chats = ['a', 'b', 'c'].map(() => new History(file))
    for (let i = 0; i < 20; i++) chats.forEach((chat, c) => chat.add(`line ${i} of ${c}`))
    await Promise.all(chats.map((chat) => chat.settled()))
    const lines = await new History(file).read()
    expect(new Set(lines)).toEqual(
      new Set([0, 1, 2].flatMap((c) => Array.from({ length: 20 }, (_, i) => `line ${i} of ${c}`))),
    )
    const own = lines.filter((line) => line.endsWith('of 1'))
    expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `line ${19 - i} of 1`))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, Array.from({ length: 600 }, (_, i) => `old ${i}`).join('\n'))
    chats[0]!.add('new')
    await chats[0]!.settled()
    expect(await new History(file).read()).toEqual(['new', ...Array.from({ length: 499 }, (_, i) => `old ${i}`)])
  })

  it('is kept on although a chat ended while it wrote', async () => {
    const dir = folder()
    const file = join(dir, 'history')
    writeFileSync(file, 'before')
    // No process has this number.
    writeFileSync(`${file}.lock`, '4194999 gone')
    const chat = new History(file)
    chat.add('after')
    await chat.settled()
    expect(await chat.read()).toEqual(['after', 'before'])
    expect(readdirSync(dir)).toEqual(['history'])
  })

  it('that cannot be written is no error, and its lines come with the next', async () => {
    const dir = join(folder(), 'later')
    const chat = new History(join(dir, 'history'))
    chat.add('first')
    await chat.settled()
    mkdirSync(dir)
    chat.add('second')
    await chat.settled()
    expect(await chat.read()).toEqual(['second', 'first'])
  })
})
