import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { startChromium } from '../browser/chromium.mjs'
import { serve } from '../browser/server.mjs'

let browser: Browser
beforeAll(async () => void (browser = await startChromium()))
afterAll(() => browser.close())

/** A page that is not the chat. */
export async function bare(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

export async function serveFolder(folder: string): Promise<string> {
  const server = await serve({ '': folder }, { index: true })
  afterAll(() => server.close())
  return `${server.origin}/`
}
