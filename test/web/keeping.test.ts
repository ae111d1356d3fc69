import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { serve } from '../server/requests.js'
import { scriptedEngine } from '../server/scripted.js'
import { fakeServer } from './fake.js'
import { answered, ask, expectQuiet, open, texts } from './window.js'

/** What a click saves as a file. */
async function saved(page: Page, name: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
}

describe('the conversations of a browser', () => {
  const server = fakeServer()

  it('are found by their titles and by what was said, renamed, deleted, and brought back', async () => {
    server.script = ({ messages }) => [`about ${messages.at(-1)!.content} and zebras`]
    const window = await open(server.url)
    const { page } = window
    for (const question of ['apples', 'pears']) {
      await ask(page, question)
      await answered(page)
      await page.keyboard.press('Control+Shift+O')
    }
    expect(await texts(page.locator('.rows a'))).toEqual(['pears', 'apples'])
    await page.fill('#search', 'about apples')
    await expect.poll(() => texts(page.locator('.rows a'))).toEqual(['apples'])
    await page.fill('#search', 'nothing like it')
    await expect.poll(() => page.locator('.rows').innerText()).toBe('Nothing found.')
    await page.fill('#search', '')
    await page.locator('.rows li').first().hover()
    await page.getByRole('button', { name: 'Delete: pears' }).click()
    await expect.poll(() => texts(page.locator('.rows a'))).toEqual(['apples'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => texts(page.locator('.rows a'))).toEqual(['pears', 'apples'])
    await window.picture('list')
    expectQuiet(window)
    await window.close()
  })

  it('go out as JSON and Markdown, and come into another browser', async () => {
    let count = 0
    server.script = () => [`answer ${++count}`]
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'a question')
    await answered(page)
    await page.getByRole('button', { name: 'Again' }).click()
    await expect.poll(() => page.locator('.prose').innerText()).toBe('answer 2')
    await page.locator('.exchange summary').click()
    const markdown = await saved(page, 'Export as Markdown')
    expect(markdown).toEqual({
      name: 'a question.md',
      text: '# a question\n\n## You <!-- user -->\n\na question\n\n## fake <!-- assistant -->\n\nanswer 2\n',
    })
    const json = await saved(page, 'Export all')
    await window.close()
    const other = await open(server.url)
    await other.page.locator('.exchange summary').click()
    const file = { name: json.name, mimeType: 'application/json', buffer: Buffer.from(json.text) }
    await other.page.locator('.exchange input').setInputFiles(file)
    await other.page.locator('.rows a').click()
    await expect.poll(() => texts(other.page.locator('.said, .prose'))).toEqual(['a question', 'answer 2'])
    expect(await other.page.locator('.assistant .versions').innerText()).toContain('2 / 2')
    await other.page.locator('.exchange input').setInputFiles({ ...file, buffer: Buffer.from('{"x":1}') })
    await expect
      .poll(() => other.page.locator('.toast').innerText())
      .toContain('expected a file of kaiyuan-conversations')
    await other.close()
  })
})

describe('a context that is full', () => {
  const server = fakeServer({ context: 512 })

  it('drops the oldest turns where they are marked, and continues', async () => {
    server.script = () => ['word '.repeat(100)]
    const window = await open(server.url)
    const { page } = window
    for (const question of ['first', 'second', 'third']) {
      await ask(page, question)
      await answered(page)
    }
    await ask(page, `fourth ${'long '.repeat(100)}`)
    await page.waitForSelector('.full')
    await window.picture('full')
    const before = server.asked.length
    await page.getByRole('button', { name: 'Drop the oldest turns' }).click()
    await expect.poll(() => server.asked.length).toBe(before + 1)
    await answered(page)
    expect(await page.locator('.prose').count()).toBe(4)
    expect(await page.locator('.mark').innerText()).toMatch(/\d messages above are no longer sent/)
    expect(server.asked.at(-1)!.messages[0]!.content).not.toBe('first')
    expect(await page.locator('.said').first().innerText()).toBe('first')
    await window.picture('dropped')
    await window.close()
  })

  it('begins a new conversation with a summary', async () => {
    server.script = ({ messages }) => [
      messages.at(-1)!.content.startsWith('Summarise') ? 'They counted.' : 'word '.repeat(100),
    ]
    const window = await open(server.url)
    const { page } = window
    for (const question of ['first', 'second', 'third']) {
      await ask(page, question)
      await answered(page)
    }
    await ask(page, `what I want ${'long '.repeat(100)}`)
    await page.getByRole('button', { name: 'New conversation with a summary' }).click()
    await expect.poll(() => page.inputValue('#message')).toContain('what I want')
    await page.fill('#message', 'continue')
    await page.keyboard.press('Enter')
    await answered(page)
    expect(server.asked.at(-1)!.messages[0]).toEqual({
      role: 'system',
      content: 'Summary of what was said before: They counted.',
    })
    await window.close()
  })
})

describe('a server', () => {
  it('with keys is given one, which is in no address', async () => {
    const { url } = await serve(
      scriptedEngine(() => 'let in'),
      { apiKeys: ['sesame'] },
    )
    const window = await open(url)
    const { page } = window
    await page.waitForSelector('.question')
    await window.picture('key')
    await page.fill('.question input', 'sesame')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.model-choice')
    await ask(page, 'hello')
    await answered(page)
    expect(await page.locator('.prose').innerText()).toBe('let in')
    expect(window.requests.filter((address) => address.includes('sesame'))).toEqual([])
    await window.close()
  })

  it('that is gone is named, and what was said can be read', async () => {
    const server = await serve(scriptedEngine(() => 'before'))
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'hello')
    await answered(page)
    await server.stop()
    await ask(page, 'and now?')
    await page.waitForSelector('.ended.failed')
    expect(await page.locator('.prose').first().innerText()).toBe('before')
    await window.picture('gone')
    await window.close()
  })

  it('answers with its own model, as any client gets it', async () => {
    const { url } = await serve(
      scriptedEngine((prompt) => `**said** after ${typeof prompt === 'string' ? 0 : prompt.messages.length}`),
    )
    const window = await open(url)
    await ask(window.page, 'hello')
    await answered(window.page)
    expect(await window.page.locator('.prose').innerText()).toBe('said after 1')
    expectQuiet(window)
    await window.close()
  })
})
