// The page's store: a pull that is closed in its middle, two tabs, a full quota, and an engine that reads what was kept.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FakeHub } from '../store/hub.mjs'

const MIB = 1 << 20
const LARGE = 200 * MIB + 12_345

/**
 * @param {{ browser: import('playwright-core').Browser, origin: string, mini: string,
 *   check: (name: string, work: () => Promise<string>) => Promise<void> }} suite
 */
export async function checkStore({ browser, origin, mini, check }) {
  const hub = await new FakeHub({ pageSize: 100 }).start()
  const miniFiles = readdirSync(mini, { withFileTypes: true }).filter((entry) => entry.isFile())
  hub.add('org/mini', Object.fromEntries(miniFiles.map(({ name }) => [name, readFileSync(join(mini, name))])))
  hub.add('org/large', { 'large-Q8_0.gguf': LARGE })
  hub.add('org/other', { 'other-Q8_0.gguf': 40 * MIB })
  hub.add('org/gated', { 'gated-Q8_0.gguf': 1000 }, { gated: 'manual', token: 'good' })
  // Pages of one context share what a browser keeps for their origin.
  const context = await browser.newContext()
  const open = async () => {
    const page = await context.newPage()
    await page.goto(`${origin}/page.html`)
    await page.waitForFunction(() => 'cases' in globalThis)
    return page
  }
  const call = (page, which, ...inputs) => page.evaluate(([w, i]) => globalThis.cases[w](...i), [which, inputs])
  const inPage = async (which, ...inputs) => {
    const page = await open()
    try {
      return await call(page, which, hub.endpoint, ...inputs)
    } finally {
      await page.close()
    }
  }
  const served = async (work) => {
    const before = hub.stats.bytes
    const note = await work()
    return { note, bytes: hub.stats.bytes - before }
  }
  /** Until the hub serves nothing more to a page that is closed: the browser takes its time to end its requests. */
  const quiet = async () => {
    for (let bytes = -1; bytes !== hub.stats.bytes;) {
      bytes = hub.stats.bytes
      await sleep(300)
    }
  }
  const expectAtMost = ({ note, bytes }, limit) => {
    if (bytes > limit) throw new Error(`${bytes} bytes were served, expected at most ${limit}; ${note}`)
    return `${(bytes / 1e6).toFixed(2)} MB served; ${note}`
  }

  try {
    await check('store: a page that is closed at 40 % continues in the next, and fetches little twice', async () => {
      const first = await open()
      hub.faults.delayMs = 4
      await call(first, 'storeBegin', hub.endpoint, 'org/large')
      await first.waitForFunction((part) => globalThis.done > part, 0.4 * LARGE)
      // What the page has had. The hub has served more by then: that waits in buffers which no page has read; and pieces of four requests
      // that were not whole, or not noted yet, are fetched again.
      const had = await first.evaluate(() => globalThis.done)
      await first.close()
      await quiet()
      delete hub.faults.delayMs
      return expectAtMost(await served(() => inPage('storePull', 'org/large')), LARGE - had + 32 * MIB)
    })
    await check('store: a second visit fetches nothing', async () =>
      expectAtMost(await served(() => inPage('storePull', 'org/large')), 0),
    )
    await check('store: two tabs share one download', async () => {
      const both = () => Promise.all([1, 2].map(() => inPage('storePull', 'org/other')))
      return expectAtMost(await served(both), 1.05 * 40 * MIB)
    })
    await check('store: a full quota is said, what came is kept', async () => {
      const page = await open()
      const devtools = await context.newCDPSession(page)
      hub.add('org/full', { 'full-Q8_0.gguf': 60 * MIB })
      await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: LARGE + 60 * MIB })
      const message = await call(
        page,
        'storeError',
        hub.endpoint,
        'org/full',
        'disk_full',
        'storage that the browser gives',
      )
      await devtools.send('Storage.overrideQuotaForOrigin', { origin })
      await page.close()
      await inPage('storePull', 'org/full')
      return message
    })
    await check('store: a refusal is worded', () => inPage('storeError', 'org/gated', 'access_denied', 'accept them'))
    await check('store: an engine reads mini by synchronous handles', async () => {
      await inPage('storePull', 'org/mini')
      return expectAtMost(await served(() => inPage('storeAnswer', 'org/mini')), 0)
    })
    await check('store: the engine of a worker takes it by its name', async () => {
      await inPage('storePull', 'org/mini')
      const page = await open()
      const named = () => call(page, 'answerFromWorker', 'org/mini', { threads: 2 })
      return expectAtMost(await served(named).finally(() => page.close()), 0)
    })
    await check('store: a handle and slices give the same bytes', () => inPage('storeWays', 'org/large'))
    await check('store: rm leaves nothing', () =>
      inPage('storeRemove', ['org/full', 'org/large', 'org/mini', 'org/other']),
    )
  } finally {
    await context.close()
    hub.close()
  }
}
