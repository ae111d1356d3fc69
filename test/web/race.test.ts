// The page of the race in Chromium, from a file: both languages, both themes, a phone and a desk.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { race } from '../../src/cli/race/race.js'
import type { Ruler } from '../../src/race/data/rows.js'
import { standing } from '../../src/race/standing.js'
import { tell } from '../../src/race/words/sentence.js'
import type { Language } from '../../src/race/words/words.js'
import { startChromium } from '../browser/chromium.mjs'
import { data } from '../race/data.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const PICTURES = process.env['KAIYUAN_PICTURES'] ?? fileURLToPath(new URL('pictures', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-race-'))

let browser: Browser
beforeAll(async () => {
  execFileSync(process.execPath, ['tools/build-race.mjs'], { cwd: root, stdio: 'pipe' })
  mkdirSync(PICTURES, { recursive: true })
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

/** What the sentence says on a day, in lines. */
function sentence(date: string, ruler: Ruler, language: Language): string[] {
  const { best, countries, ruler: name } = tell(standing(data, date, ruler), date, language)
  return [best, ...countries, name]
}

const said = (page: Page): Promise<string[]> => page.locator('#sentence p').allTextContents()

it.each<[Language, 'light' | 'dark', number]>([
  ['en', 'light', 1280],
  ['en', 'dark', 360],
  ['zh', 'light', 360],
  ['zh', 'dark', 1280],
])('%s, %s, %i wide', async (language, colorScheme, width) => {
  const file = join(folder, `${language}-${colorScheme}.html`)
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  await race({ lang: language, ruler: 'eci', date: '2025-07-15', html: file })
  stdout.mockRestore()
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true })
  const page = await context.newPage()
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(pathToFileURL(file).href)
  expect(await said(page)).toEqual(sentence('2025-07-15', 'eci', language))
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  await page.screenshot({ path: join(PICTURES, `race-${language}-${colorScheme}-${width}.png`), fullPage: true })
  await page.addScriptTag({ path: AXE })
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()) // prettier-ignore
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 400))).toEqual(
    [],
  )
  expect(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('blob:'))).toEqual([])
  await context.close()
})

it('moves the day by the keyboard, with the policy of the page, and says what the command says', async () => {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(pathToFileURL(join(root, 'dist/race/index.html')).href)
  expect(await said(page)).toEqual(sentence('2026-04-11', 'eci', 'en'))
  await page.fill('#date', '2025-12-11')
  await page.getByRole('radio', { name: 'Arena' }).check()
  expect(await said(page)).toEqual(sentence('2025-12-11', 'arena', 'en'))
  const shown = Number(await page.locator('#shown').textContent())
  await page.focus('#day')
  await page.keyboard.press('ArrowLeft')
  expect(await said(page)).toEqual(sentence('2025-12-10', 'arena', 'en'))
  await page.keyboard.press('End')
  expect((await said(page))[0]).toContain('unknown')
  expect(Number(await page.locator('#shown').textContent())).toBeGreaterThan(shown)
  await page.getByRole('radio', { name: 'Fully open' }).check()
  expect(await page.locator('#open tbody tr:visible').count()).toBe(
    data.models.filter((row) => row.fully_open && row.weights === 'open').length,
  )
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'eci.csv' }).click()
  expect((await download).suggestedFilename()).toBe('eci.csv')
  expect(complaints).toEqual([])
  await page.close()
})
