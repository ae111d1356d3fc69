// The report of an evaluation in Chromium, from a file: both languages, both themes, a phone and a desk.
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { report } from '../../src/cli/eval/report.js'
import type { ReportLanguage } from '../../src/eval/report/words.js'
import { startChromium } from '../browser/chromium.mjs'
import { scriptedSubject } from '../eval/scripted.js'
import { otherSubject, storeRun } from '../eval/stored-runs.js'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const PICTURES = process.env['KAIYUAN_PICTURES'] ?? fileURLToPath(new URL('pictures', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-report-'))
const folders = ['small', 'another', 'third'].map((name) => join(folder, name))

let browser: Browser
beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  const zero = { shots: 0 }
  await storeRun(folders[0]!, ['arc_easy', 'gsm8k', 'hellaswag'], scriptedSubject(), zero)
  await storeRun(folders[1]!, ['arc_easy', 'gsm8k', 'hellaswag'], otherSubject('another model'), zero)
  await storeRun(folders[2]!, ['gsm8k'], otherSubject('a third model with a long name'), { shots: 1 })
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

async function written(lang: ReportLanguage): Promise<string> {
  const file = join(folder, `${lang}.html`)
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  await report(folders, { lang, failures: 3, html: file })
  stdout.mockRestore()
  return pathToFileURL(file).href
}

it.each<[ReportLanguage, 'light' | 'dark', number]>([
  ['en', 'light', 1280],
  ['en', 'dark', 360],
  ['zh', 'light', 360],
  ['zh', 'dark', 1280],
])('%s, %s, %i wide', async (language, colorScheme, width) => {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true })
  const page = await context.newPage()
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(await written(language))
  await page.evaluate(() => document.querySelectorAll('.failure').forEach((one, i) => i % 3 === 0 && one.setAttribute('open', ''))) // prettier-ignore
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  await page.screenshot({ path: join(PICTURES, `report-${language}-${colorScheme}-${width}.png`), fullPage: true })
  await page.evaluate(() => document.querySelectorAll('details').forEach((one) => one.setAttribute('open', '')))
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  await page.addScriptTag({ path: AXE })
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()) // prettier-ignore
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 400))).toEqual(
    [],
  )
  expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([])
  await context.close()
})

it('has its style with its own policy, runs no script, and is folded and unfolded by the keyboard', async () => {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  await page.goto(await written('en'))
  expect(await page.locator('body').evaluate((body) => getComputedStyle(body).maxWidth)).toBe('1120px')
  const failure = page.locator('.failure').first()
  expect(await failure.locator('.sides').isVisible()).toBe(false)
  await failure.locator('> summary').focus()
  await page.keyboard.press('Enter')
  expect(await failure.locator('.sides').isVisible()).toBe(true)
  // Marks stand where their numbers are: the second quarter of the picture for 25 to 50 %.
  const row = page.locator('#scores .plot li').first()
  const shown = Number((await row.locator('.value b').textContent())!.replace(' %', '')) / 100
  const [picture, mark] = [await row.locator('svg.row').boundingBox(), await row.locator('path').boundingBox()]
  expect((mark!.x + mark!.width / 2 - picture!.x) / picture!.width).toBeCloseTo(shown, 1)
  expect(complaints).toEqual([])
  await page.close()
})
