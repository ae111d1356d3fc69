// Programs that are ended at random moments while they write: what is there afterwards is the old file or the new one, whole.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { bundle } from './bundled.js'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-killed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TIMES = 50

/** killed-writer.ts, as Node runs it. */
const WRITER = join(folder, 'killed-writer.mjs')
beforeAll(() => bundle(new URL('killed-writer.ts', import.meta.url), folder, 'killed-writer.mjs'))

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Ends a program that has begun to write, some milliseconds later. */
async function killed(child: ChildProcess, milliseconds: number): Promise<void> {
  const exited = once(child, 'exit')
  await once(child.stdout!, 'data')
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
}

/** Names beginning with a dot are of parts; others may not be left, a lock excepted, which the next one takes over. */
function left(name: string): string[] {
  return readdirSync(folder).filter(
    (other) => !other.startsWith('.') && other.startsWith(name) && !other.includes('.lock'),
  )
}

describe('a program that is killed again and again', () => {
  it('keeps all lines of a history but the one that it writes', async () => {
    const file = join(folder, 'history')
    const random = seededRandom(1)
    let before: string[] = []
    for (let i = 0; i < TIMES; i++) {
      await killed(start(WRITER, 'history', file), random() * 60)
      const text = readFileSync(file, 'utf8')
      expect(text.endsWith('\n')).toBe(true)
      const lines = text.split('\n').slice(0, -1)
      for (const line of lines) expect(line).toMatch(/^line \d+ of \d+$/)
      // The latest first, and under them what was there before.
      const newest = lines[0]!.replace(/^line \d+/, '')
      const own = lines.filter((line) => line.endsWith(newest))
      expect(own).toEqual(own.map((_, n) => `line ${own.length - 1 - n}${newest}`))
      expect(lines.slice(own.length)).toEqual(before.slice(0, 500 - own.length))
      before = lines
    }
    expect(left('history')).toEqual(['history'])
  })

  it('leaves a saved conversation whole', async () => {
    const file = join(folder, 'chat.json')
    const random = seededRandom(2)
    for (let i = 0; i < TIMES; i++) {
      await killed(start(WRITER, 'save', file), random() * 60)
      const messages = JSON.parse(readFileSync(file, 'utf8')) as { content: string }[]
      expect(messages).toHaveLength(2000)
      expect(new Set(messages.map(({ content }) => content)).size).toBe(1)
    }
    expect(left('chat')).toEqual(['chat.json'])
  })

  it('leaves logits whole', async () => {
    const file = join(folder, 'logits')
    const ids = Array.from({ length: 1200 }, (_, i) => 5 + (i % 200)).join()
    const args = [here('../../dist/cli/main.js'), 'logits', 'mini', '--ids', ids, '--threads', '1', '--out', file]
    const started = performance.now()
    await once(start(...args), 'exit')
    const took = performance.now() - started
    const right = readFileSync(file)
    expect(right.length).toBeGreaterThan(1e6)
    const random = seededRandom(3)
    const ended = { before: 0, after: 0 }
    for (let i = 0; i < TIMES / 2; i++) {
      writeFileSync(file, 'old')
      const child = start(...args)
      const exited = once(child, 'exit')
      await new Promise((resolve) => setTimeout(resolve, took * (0.3 + random())))
      child.kill('SIGKILL')
      await exited
      const found = readFileSync(file)
      if (found.equals(right)) ended.after++
      else {
        expect(found.toString()).toBe('old')
        ended.before++
      }
    }
    expect(existsSync(file)).toBe(true)
    expect(ended.before).toBeGreaterThan(0)
    expect(left('logits')).toEqual(['logits'])
  })
})
