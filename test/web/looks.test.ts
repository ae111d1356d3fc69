import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import type { AxeResults } from 'axe-core'
import { describe, expect, it } from 'vitest'
import { fakeServer } from './fake.js'
import { answered, ask, expectQuiet, open, type Window } from './window.js'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const server = fakeServer({ models: ['Qwen3-0.6B', 'SmolLM2-135M'] })
server.script = ({ messages }) => [
  { reasoning: 'They ask for prefixes.' },
  { wait: 50 },
  messages.length > 1
    ? '和上一次一样：前缀相同的部分不必再算一遍。'
    : 'Because the **keys and values** of the same beginning are computed once:\n\n| part | computed |\n| --- | ---: |\n| shared | once |\n| own | each time |\n\n```ts\nconst shared = await cache.find(prefix)\n```\n',
]

/** No violation of what axe knows. */
async function expectAccessible(page: Page): Promise<void> {
  // Through the debugger, since the page's policy runs no other script.
  await page.evaluate(`${(await import('node:fs')).readFileSync(AXE, 'utf8')}; undefined`)
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
  ).toEqual([])
}

const LOOKS = [
  { name: 'wide', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' as const } },
  { name: 'phone', options: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } },
  { name: 'chinese', options: { locale: 'zh-CN' } },
  {
    name: 'phone-dark-chinese',
    options: {
      locale: 'zh-CN',
      colorScheme: 'dark' as const,
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    },
  },
]

describe.each(LOOKS)('$name', ({ name, options }) => {
  /** Every state is looked at by axe and kept as a picture. */
  async function state(window: Window, what: string): Promise<void> {
    await window.picture(`${name}-${what}`)
    await expectAccessible(window.page)
    const wider = await window.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(wider).toBeLessThanOrEqual(0)
  }

  it('is whole in all of its states', async () => {
    const window = await open(server.url, options)
    const { page } = window
    await state(window, 'empty')
    await page.fill('#message', 'Why do prefixes help?')
    await page.locator('.go').click()
    await answered(page)
    await page.waitForSelector('.hl-keyword')
    await state(window, 'answer')
    await page.locator('.fold').click()
    await page.locator('.message.user .edit-message').click()
    await state(window, 'edit')
    await page.locator('.editor button:not(.primary)').click()
    for (const [key, what] of [
      ['Control+,', 'settings'],
      ['Control+Shift+M', 'models'],
    ] as const) {
      await page.keyboard.press(key)
      await page.waitForSelector('dialog[open]')
      await state(window, what)
      await page.keyboard.press('Escape')
      await page.waitForSelector('dialog[open]', { state: 'detached' })
    }
    await page.locator('.log').focus()
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    await state(window, 'keys')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /Compare|对比/ }).click()
    await page.fill('#message', 'And again?')
    await page.locator('.go').click()
    await page.waitForSelector('.compared > .counts')
    await state(window, 'compare')
    await page.keyboard.press('Control+k')
    await page.waitForFunction(() => document.activeElement?.id === 'search')
    await state(window, 'list')
    expectQuiet(window)
    await window.close()
  })
})

describe('the keyboard', () => {
  it('does everything: asks, edits, goes through the parts, and comes back', async () => {
    const window = await open(server.url)
    const { page } = window
    await page.keyboard.type('first')
    await page.keyboard.press('Enter')
    await answered(page)
    await page.keyboard.press('ArrowUp')
    await page.waitForFunction(() => document.activeElement?.closest('.editor'))
    await page.keyboard.press('Escape')
    await page.waitForSelector('.editor', { state: 'detached' })
    await page.keyboard.press('Escape')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('message')
    await page.keyboard.press('F6')
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('log')
    await page.keyboard.press('F6')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('search')
    await page.keyboard.press('Control+Shift+O')
    await expect.poll(() => page.locator('.message').count()).toBe(0)
    await page.keyboard.press('Control+,')
    await page.waitForSelector('dialog[open]')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
    await page.locator('.rows a').focus()
    await page.keyboard.press('F2')
    await page.keyboard.type('renamed')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.rows a').innerText()).toBe('renamed')
    await page.locator('.rows a').focus()
    await page.keyboard.press('Delete')
    await expect.poll(() => page.locator('.rows a').count()).toBe(0)
    await window.close()
  })

  it('is told where an answer is, once at each place, and never its pieces', async () => {
    const window = await open(server.url)
    const { page } = window
    await page.evaluate(() => {
      const said: string[] = []
      Object.assign(globalThis, { said })
      const node = document.querySelector('[role=status]')!
      new MutationObserver(() => said.push(node.textContent)).observe(node, {
        childList: true,
        characterData: true,
        subtree: true,
      })
    })
    await ask(page, 'speak')
    await answered(page)
    await expect
      .poll(() => page.evaluate(() => (globalThis as unknown as { said: string[] }).said.at(-1)))
      .toMatch(/^Finished, \d+ words/)
    const heard = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)
    const said = heard.filter((text) => text !== '')
    expect(said.filter((text, i) => said.indexOf(text) !== i)).toEqual([])
    expect(said.length).toBeLessThanOrEqual(4)
    expect(await page.locator('.column').getAttribute('aria-live')).toBe('off')
    await window.close()
  })
})
