import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { startChromium } from '../browser/chromium.mjs'

const PICTURES = process.env['KAIYUAN_PICTURES'] ?? fileURLToPath(new URL('pictures', import.meta.url))
const WIDE = { width: 1280, height: 800 }

let browser: Browser
beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  browser = await startChromium()
})
afterAll(() => browser.close())

/** A window of the browser, and what went wrong in it. */
export interface Window {
  readonly page: Page
  /** Errors of scripts and of the console, violations of the policy among them. */
  readonly complaints: string[]
  /** Addresses that were asked for. */
  readonly requests: string[]
  picture(name: string): Promise<void>
  close(): Promise<void>
}

/** Opens an address in a profile of its own. */
export async function open(url: string, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({ viewport: WIDE, locale: 'en-US', ...options })
  const page = await context.newPage()
  const watched = watch(page)
  await page.goto(url)
  await page.waitForSelector('#message')
  return { page, ...watched, close: () => context.close() }
}

/** A further tab of the same profile. */
export async function openTab(of: Window, url: string): Promise<Window> {
  const page = await of.page.context().newPage()
  const watched = watch(page)
  await page.goto(url)
  await page.waitForSelector('#message')
  return { page, ...watched, close: () => page.close() }
}

function watch(page: Page): Omit<Window, 'page' | 'close'> {
  const complaints: string[] = []
  const requests: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('request', (request) => requests.push(request.url()))
  const picture = async (name: string): Promise<void> => {
    await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' })
  }
  return { complaints, requests, picture }
}

/** Types a question and sends it with Enter. */
export async function ask(page: Page, question: string): Promise<void> {
  const before = await page.locator('.message.user').count()
  await page.fill('#message', question)
  await page.press('#message', 'Enter')
  await page.locator('.message.user').nth(before).waitFor()
}

/** Waits for the end of the answers that are being made. @returns the last one */
export async function answered(page: Page): Promise<Locator> {
  await page.waitForFunction(
    () => document.querySelector('.kept:last-child .message.assistant') && !document.querySelector('.go.stop'),
  )
  return page.locator('.message.assistant').last()
}

export async function texts(locator: Locator): Promise<string[]> {
  return (await locator.allInnerTexts()).map((text) => text.trim())
}

/** Nothing was complained of, and nobody but the page's own server was asked. */
export function expectQuiet({ complaints, requests, page }: Window): void {
  expect(complaints).toEqual([])
  const { origin } = new URL(page.url())
  expect(requests.filter((url) => !url.startsWith(origin) && !/^(blob|data):/.test(url))).toEqual([])
}
