import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fakeServer, type FakePiece } from './fake.js'
import { answered, ask, expectQuiet, open, openTab, texts } from './window.js'

const server = fakeServer({ models: ['fake', 'other'] })

/** A long answer, slowly. */
function slowly(count = 400): FakePiece[] {
  return Array.from({ length: count }, (_, i): FakePiece[] => [`word${i} `, { wait: 10 }]).flat()
}

describe('a conversation', () => {
  it('streams Markdown, with code that can be copied', async () => {
    server.script = () => [
      '# Title\n\nSome **bold** and `code`, a [link](https://example.org/x).\n\n',
      '| a | b |\n| - | -: |\n| 1 | 2 |\n\n> quoted\n\n1. one\n2. two\n   - [x] done\n\n',
      '```ts\nconst a: number = 1\n',
      'console.log(a)\n```\n\nAnd $x^2$ costs $5 and $10.\n\n$$\n\\frac{a}{b}\n$$\n\n汉字 日本語 😀\n\nمرحبا بالعالم\n',
    ]
    const window = await open(server.url)
    const { page } = window
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await ask(page, 'show me')
    const answer = await answered(page)
    expect(await texts(answer.locator('.prose > h3, th, td, blockquote, ol > li'))).toEqual(
      expect.arrayContaining(['Title', 'a', '1', 'quoted', 'one']),
    )
    const link = answer.locator('a')
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer')
    await page.waitForSelector('.hl-keyword')
    // Each formula is set on its own.
    await answer.locator('.formula').nth(1).waitFor()
    expect(await answer.locator('.katex').count()).toBeGreaterThan(0)
    expect(await answer.locator('.formula').count()).toBe(2)
    expect(await answer.innerText()).toContain('costs $5 and $10')
    await page.locator('[data-act=copy-code]').click()
    await window.picture('markdown')
    await page.focus('#message')
    await page.keyboard.press('Control+v')
    expect(await page.inputValue('#message')).toBe('const a: number = 1\nconsole.log(a)\n')
    expectQuiet(window)
    await window.close()
  })

  it('stops, and continues from its own text', async () => {
    server.script = () => slowly()
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'count')
    await page.waitForSelector('.prose p')
    await page.keyboard.press('Escape')
    await answered(page)
    const text = await page.locator('.prose').innerText()
    expect(await page.locator('.ended').innerText()).toContain('Stopped.')
    server.script = () => ['and more']
    await page.locator('.ended button').click()
    await answered(page)
    expect(await page.locator('.prose').innerText()).toBe(`${text} and more`.replace(/ {2}/, ' '))
    const { messages, continue_final_message: goesOn } = server.asked.at(-1)!
    expect(goesOn).toBe(true)
    expect(messages.at(-1)!.content.trim()).toBe(text.trim())
    await window.close()
  })

  it('has versions of answers and of questions, kept over a reload', async () => {
    let count = 0
    server.script = () => [`answer ${++count}`]
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'first')
    await answered(page)
    await page.getByRole('button', { name: 'Again' }).click()
    await expect.poll(() => page.locator('.prose').innerText()).toBe('answer 2')
    expect(await page.locator('.assistant .versions').innerText()).toContain('2 / 2')
    await page.locator('.user .edit-message').click()
    await page.fill('.editor textarea', 'changed')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => page.locator('.prose').innerText()).toBe('answer 3')
    expect(server.asked.at(-1)!.messages.map(({ content }) => content)).toEqual(['changed'])
    await page.getByRole('button', { name: 'Previous version' }).click()
    expect(await texts(page.locator('.said, .prose'))).toEqual(['first', 'answer 2'])
    await page.reload()
    await page.waitForSelector('.prose p')
    expect(await texts(page.locator('.said, .prose'))).toEqual(['first', 'answer 2'])
    await window.picture('versions')
    await window.close()
  })

  it('branches into another conversation, and deletes with a way back', async () => {
    server.script = () => ['an answer']
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'a question')
    await answered(page)
    await page.getByRole('button', { name: 'Branch' }).last().click()
    await expect.poll(() => page.locator('.rows li').count()).toBe(2)
    await expect.poll(() => texts(page.locator('.said, .prose'))).toEqual(['a question', 'an answer'])
    await page.locator('.user').hover()
    await page.locator('.user').getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => page.locator('.message').count()).toBe(0)
    await page.locator('.toast button').click()
    await expect.poll(() => page.locator('.message').count()).toBe(2)
    await window.close()
  })

  it('folds what the model thought, with its seconds, and switches it', async () => {
    server.script = () => [{ reasoning: 'Let me *think*.' }, { wait: 300 }, 'Done.']
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'think')
    const answer = await answered(page)
    expect(await answer.locator('.fold').innerText()).toMatch(/Thought for 0\.\d s/)
    expect(await answer.locator('.prose').count()).toBe(1)
    await answer.locator('.fold').click()
    expect(await answer.locator('.reasoning em').innerText()).toBe('think')
    const think = page.getByRole('button', { name: 'Think' })
    await think.click()
    expect(await think.getAttribute('aria-pressed')).toBe('false')
    await ask(page, 'again')
    await answered(page)
    expect(server.asked.at(-1)!['chat_template_kwargs']).toEqual({ enable_thinking: false })
    await window.picture('reasoning')
    await window.close()
  })

  it('shows calls as cards, whose results a person gives', async () => {
    const tools = '[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}]'
    server.script = ({ messages }) =>
      messages.at(-1)!.role === 'tool'
        ? [`It says ${messages.at(-1)!.content}.`]
        : [{ call: { name: 'weather', arguments: '{"city":"Oslo","days":2}' } }]
    const window = await open(server.url)
    const { page } = window
    await page.keyboard.press('Control+,')
    await page.fill('#set-tools', tools)
    await page.keyboard.press('Escape')
    await ask(page, 'weather?')
    await answered(page)
    expect(await texts(page.locator('.call dt, .call dd'))).toEqual(['city', 'Oslo', 'days', '2'])
    await window.picture('call')
    await page.fill('.give textarea', 'rain')
    await page.getByRole('button', { name: 'Give a result' }).click()
    await expect.poll(() => page.locator('.prose').last().innerText()).toBe('It says rain.')
    expect(server.asked.at(-1)!['tools']).toEqual(JSON.parse(tools))
    await window.close()
  })

  it('keeps what was answered when the connection breaks, and says so', async () => {
    server.script = () => ['a beginning', { wait: 200 }, { breaks: true }]
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'break')
    await page.waitForSelector('.ended.failed')
    expect(await page.locator('.prose').innerText()).toBe('a beginning')
    expect(await page.locator('.ended').innerText()).toContain('the connection ended before the answer did')
    await window.picture('failed')
    await window.close()
  })

  it('marks an answer whose page was closed as cut, and continues with it', async () => {
    server.script = () => slowly()
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'long')
    await page.waitForFunction(() => (document.querySelector('.prose')?.textContent.length ?? 0) > 900)
    await page.reload()
    await page.waitForSelector('.ended')
    expect(await page.locator('.ended').innerText()).toContain('closed while this was written')
    // What was there a second before is kept.
    expect((await page.locator('.prose').innerText()).length).toBeGreaterThan(100)
    await window.close()
  })

  it('is the same in a second tab', async () => {
    server.script = () => ['from the first']
    const window = await open(server.url)
    await ask(window.page, 'hello')
    await answered(window.page)
    const second = await openTab(window, window.page.url())
    await second.page.waitForSelector('.prose p')
    await ask(second.page, 'and from here')
    await answered(second.page)
    await expect.poll(() => window.page.locator('.message').count()).toBe(4)
    await window.close()
  })
})

describe('what is written', () => {
  it('is not sent by the Enter of an input method', async () => {
    const window = await open(server.url)
    const { page } = window
    await page.fill('#message', 'kai')
    await page.evaluate(() => {
      const field = document.querySelector('#message')!
      const enter = (isComposing: boolean): KeyboardEvent =>
        new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, isComposing })
      field.dispatchEvent(enter(true))
      // Safari: the composition ends before the key comes.
      field.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true, data: '开' }))
      field.dispatchEvent(enter(false))
    })
    await page.waitForTimeout(300)
    expect(await page.locator('.message').count()).toBe(0)
    await window.close()
  })

  it('is kept for each conversation over a reload', async () => {
    const window = await open(server.url)
    const { page } = window
    server.script = () => ['yes']
    await ask(page, 'one')
    await answered(page)
    await page.fill('#message', 'a draft')
    await page.waitForTimeout(600)
    await page.reload()
    await expect.poll(() => page.inputValue('#message')).toBe('a draft')
    await window.close()
  })

  it('becomes a file when it is long, and files are counted and sent in front of the question', async () => {
    server.script = () => ['read']
    const window = await open(server.url)
    const { page } = window
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.evaluate(() => navigator.clipboard.writeText('line of text\n'.repeat(300)))
    await page.focus('#message')
    await page.keyboard.press('Control+v')
    await page.waitForSelector('.composer .files li .muted')
    expect(await page.locator('.composer .files li').innerText()).toMatch(/pasted\.txt\s+975 tokens/)
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a;b\n1;汉', 'utf16le')])
    await page.locator('.composer input[type=file]').setInputFiles([
      { name: 'data.csv', mimeType: 'text/csv', buffer: utf16 },
      { name: 'page.pdf', mimeType: 'application/pdf', buffer: Buffer.from(PDF, 'latin1') },
    ])
    await page.locator('.composer .files li').nth(2).waitFor()
    await window.picture('attachments')
    await ask(page, 'what is it?')
    await answered(page)
    const sent = server.asked.at(-1)!.messages.at(-1)!.content
    expect(sent).toContain('pasted.txt:\n```\nline of text\n')
    expect(sent).toContain('data.csv:\n```\na;b\n1;汉\n```')
    expect(sent).toContain('page.pdf:\n```\nHello from a PDF\n```')
    expect(sent.endsWith('what is it?')).toBe(true)
    expectQuiet(window)
    await window.close()
  })

  it('takes no pictures, and says so by name', async () => {
    const window = await open(server.url)
    const { page } = window
    const buffer = readFileSync(new URL('../../web/public/icon.svg', import.meta.url))
    await page
      .locator('.composer input[type=file]')
      .setInputFiles({ name: 'cat.svg', mimeType: 'image/svg+xml', buffer })
    await page.waitForSelector('.toast')
    expect(await page.locator('.toast').innerText()).toContain('cat.svg: pictures are not read')
    await window.close()
  })
})

describe('the settings of a conversation', () => {
  it('are sent, explained, and its own', async () => {
    server.script = () => ['ok']
    const window = await open(server.url)
    const { page } = window
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.fill('#set-system', 'Be brief.')
    for (const [name, value] of [
      ['temperature', '0.5'],
      ['topP', '0.9'],
      ['topK', '40'],
      ['minP', '0.1'],
      ['repetitionPenalty', '1.1'],
      ['frequencyPenalty', '0.2'],
      ['presencePenalty', '0.3'],
      ['seed', '7'],
      ['maxTokens', '99'],
    ])
      await page.fill(`#set-${name!}`, value!)
    await page.fill('#set-schema', '{"type":"object"}')
    expect(await page.locator('.setting p.muted').count()).toBe(12)
    await window.picture('settings')
    await page.keyboard.press('Escape')
    await ask(page, 'hi')
    await answered(page)
    expect(server.asked.at(-1)).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
      stream_options: { include_usage: true },
      model: 'fake',
      stream: true,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.1,
      repetition_penalty: 1.1,
      frequency_penalty: 0.2,
      presence_penalty: 0.3,
      seed: 7,
      max_completion_tokens: 99,
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
    })
    await page.keyboard.press('Control+Shift+O')
    await ask(page, 'hi again')
    await answered(page)
    expect(server.asked.at(-1)!['temperature']).toBeUndefined()
    await window.close()
  })
})

describe('two at once', () => {
  it('answers side by side, says where they part, and keeps one', async () => {
    server.script = ({ model }) => [model === 'fake' ? 'the same beginning, left' : 'the same beginning, right']
    const window = await open(server.url)
    const { page } = window
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByLabel('Model B').selectOption('other')
    await ask(page, 'compare')
    await page.waitForSelector('.compared .counts >> nth=2')
    expect(await page.locator('.compared > .counts').innerText()).toBe('same for the first 3 words')
    await window.picture('compare')
    await page.getByRole('button', { name: 'Keep B' }).click()
    await expect.poll(() => page.locator('.prose').innerText()).toBe('the same beginning, right')
    await window.close()
  })
})

const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>endobj
4 0 obj<</Length 44>>stream
BT /F 24 Tf 20 200 Td (Hello from a PDF) Tj ET 
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>`
