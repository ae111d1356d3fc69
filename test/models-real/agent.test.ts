// The coder finishes a task of three calls, each of which needs what the one before gave, with an agent of twelve lines.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { bundle } from '../browser/bundle.mjs'
import { startChromium } from '../browser/chromium.mjs'
import { serve } from '../browser/server.mjs'
import { mail } from '../clients/peers/kaiyuan.js'
import { tools } from '../clients/peers/given.js'
import type { Mailed } from './page.js'
import { engineOf, withModel } from './real-models.js'

const TASK = 'Find the id of Oslo, then get its weather, then mail me the degrees.'
const CALLS = ['find_city Oslo', 'get_weather 17', expect.stringMatching(/^send_mail .*\b4\b/)]
const chromium = process.env['KAIYUAN_CHROMIUM'] ?? '/usr/bin/chromium'

withModel('coder', (path) => {
  const engine = engineOf(path, {})

  it('finds a city, its weather, and mails it', async () => {
    tools.log.length = 0
    const { steps, finishReason } = await mail(await engine(), TASK).result
    expect(tools.log.slice(0, 3)).toEqual(CALLS)
    expect(finishReason).toBe('answer')
    expect(steps[1]!.cachedTokens).toBeGreaterThan(steps[0]!.promptTokens * 0.9)
  })

  it.skipIf(!existsSync(chromium))('does so in Chromium too, behind a worker (skipped without Chromium)', async () => {
    const page = mkdtempSync(join(tmpdir(), 'kaiyuan-page-'))
    await bundle('test/models-real/page.html', page)
    const server = await serve({ '': page, model: dirname(path) })
    const browser = await startChromium()
    try {
      const opened = await browser.newPage()
      await opened.goto(`${server.origin}/page.html`)
      await opened.waitForFunction(() => 'mailed' in globalThis)
      const given = [`/model/${basename(path)}`, TASK] as const
      const { log, finishReason, cached } = await opened.evaluate(
        ([model, task]) => (globalThis as unknown as { mailed: Mailed }).mailed(model, task),
        given,
      )
      expect(log.slice(0, 3)).toEqual(CALLS)
      expect(finishReason).toBe('answer')
      expect(cached[1]).toBeGreaterThan(0)
    } finally {
      await browser.close()
      server.close()
      rmSync(page, { recursive: true })
    }
  })
})
