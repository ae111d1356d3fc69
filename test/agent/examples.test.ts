// The examples of agents, with models that follow a script.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { extract } from '../../examples/agent-extract.js'
import { work } from '../../examples/agent-page.js'
import { answer, closest, index } from '../../examples/agent-rag.js'
import { mailWeather } from '../../examples/agent-tools.js'
import { answering, callText } from './scripts.js'

it('three tools, of which the last is asked for', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue(undefined)
  const calls = [callText('find_city', { city: 'Oslo' }), callText('get_weather', { id: 4 })]
  const engine = answering(...calls, callText('send_mail', { text: 'Oslo: 24' }), 'I mailed you: 24 degrees.')
  const asked: string[] = []
  const result = await mailWeather(engine, 'Mail me the weather of Oslo', async (text) => asked.push(text) > 0)
  expect(result).toEqual({ text: 'I mailed you: 24 degrees.', mails: ['Oslo: 24'] })
  expect(asked).toEqual(['Send {"text":"Oslo: 24"}?'])
  expect(log).toHaveBeenCalledTimes(3)
  log.mockRestore()
})

it('a typed object out of a text', async () => {
  const invoice = { number: 'A-7', due: '2026-12-24', lines: [{ what: 'A lamp', price: 12.5 }], currency: 'EUR' }
  const seen: unknown[] = []
  expect(await extract(answering(JSON.stringify(invoice)), 'Dear customer', (partial) => seen.push(partial))).toEqual(
    invoice,
  )
  expect(seen.length).toBeGreaterThan(0)
})

it('answers from the texts of a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-rag-'))
  writeFileSync(join(folder, 'warranty.md'), `The warranty is two years.${' It covers all.'.repeat(80)}`)
  writeFileSync(join(folder, 'shipping.txt'), 'We ship on Mondays.')
  const said = answering('Two years (warranty.md).')
  // A vector of which letters there are: the scripted engine has none.
  const embed = async (ids: readonly number[]): Promise<Float32Array> => {
    const counts = new Float32Array(256)
    for (const id of ids) counts[id]!++
    const length = Math.hypot(...counts)
    return counts.map((count) => count / length)
  }
  const engine = { chat: said.chat.bind(said), encode: (text: string) => said.encode(text), embed }
  const passages = await index(engine, folder)
  expect(passages.map(({ file }) => file)).toEqual(['shipping.txt', 'warranty.md', 'warranty.md'])
  expect((await closest(engine, passages, 'ship Mondays'))[0]!.file).toBe('shipping.txt')
  expect(await answer(engine, passages, 'How long is the warranty?')).toBe('Two years (warranty.md).')
  rmSync(folder, { recursive: true })
  expect(readFileSync('examples/agent-rag.ts', 'utf8').split('\n').length).toBeLessThanOrEqual(65)
})

it('tools that work on a page', async () => {
  const texts = new Map([['h1', 'Hello']])
  const page = {
    read: (selector: string) => texts.get(selector) ?? '',
    write: (selector: string, text: string) => void texts.set(selector, text),
  }
  const calls = [callText('read', { selector: 'h1' }), callText('write', { selector: 'h1', text: 'Good day' })]
  expect(await work(answering(...calls, 'Done.'), page, 'Make the title formal')).toBe('Done.')
  expect(texts.get('h1')).toBe('Good day')
})
