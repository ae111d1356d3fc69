import { loadavg } from 'node:os'
import { describe, expect, it } from 'vitest'
import { fakeServer, type FakePiece } from './fake.js'
import { answered, ask, open } from './window.js'

const server = fakeServer()

/** A long answer of every kind of block. */
function blocks(count: number): string[] {
  const kinds = [
    (i: number) =>
      `Paragraph ${i} with **bold words**, *others*, \`code\` and a [link](https://example.org/${i}) that continues for a while, so that it fills lines.\n\n`,
    (i: number) => `- item ${i}\n- another one, with **weight**\n   - inside\n\n`,
    (i: number) =>
      `\`\`\`ts\nconst value${i} = await read(${i})\nfor (const each of value${i}) console.log(each)\n\`\`\`\n\n`,
    (i: number) => `| name | tokens |\n| --- | ---: |\n| row ${i} | ${i} |\n| other | 2 |\n\n`,
    (i: number) => `> quoted ${i}\n> continues\n\n语言模型逐个生成词元，每个词元都要读取一遍全部权重。\n\n`,
  ]
  return Array.from({ length: count }, (_, i) => kinds[i % kinds.length]!(i))
}

/** As a tokenizer would cut them. */
const tokens = (text: string): string[] => text.match(/ ?\p{L}{1,7}|\d{1,3}| ?[^\p{L}\p{N}\s]{1,3}|\n+| +|[^]/gu) ?? []

describe('an answer of 20,000 tokens', () => {
  it('stays smooth while 200 a second come, and leaves the reader where he is', async () => {
    const text = blocks(760)
    const all = tokens(text.join(''))
    expect(all.length).toBeGreaterThan(20_000)
    const first = all.length - 3000
    // What came before, in large pieces; then piece by piece.
    const begun: FakePiece[] = []
    for (let i = 0; i < first; i += 40) begun.push(all.slice(i, Math.min(first, i + 40)).join(''), { wait: 4 })
    const slow = all.slice(first).flatMap((token): FakePiece[] => [token, { wait: 4 }])
    server.script = () => [...begun, { wait: 1000 }, ...slow]
    const window = await open(server.url)
    const { page } = window
    await ask(page, 'at length')
    await page.waitForFunction((length) => (document.querySelector('.prose')?.textContent.length ?? 0) > length, 38_000)
    // The reader goes up, and stays there.
    await page.mouse.move(700, 400)
    await page.mouse.wheel(0, -3000)
    await page.waitForTimeout(500)
    const place = await page.evaluate(() => document.querySelector('.log')!.scrollTop)
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    // Of the processor, so that others on the machine do not count.
    const spent = async (what: 'ScriptDuration' | 'TaskDuration'): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === what)!.value
    }
    await page.evaluate(() => {
      const long: number[] = []
      Object.assign(globalThis, { long })
      new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      })
    })
    const length = (): Promise<number> => page.evaluate(() => document.querySelector('.prose')!.textContent.length)
    const before = [await spent('ScriptDuration'), await spent('TaskDuration')] as const
    const shown = await length()
    const began = Date.now()
    await page.waitForFunction((end) => document.querySelector('.prose')!.textContent.length > end, shown + 2000, {
      timeout: 90_000,
    })
    const seconds = (Date.now() - began) / 1000
    const used = (await spent('ScriptDuration')) - before[0]
    const tasks = (await spent('TaskDuration')) - before[1]
    const long = await page.evaluate(() => (globalThis as unknown as { long: number[] }).long)
    console.log(
      `${(await length()) - shown} characters, script ${used.toFixed(2)} s, all tasks ${tasks.toFixed(2)} s of ${seconds.toFixed(1)} s, ${long.length} tasks over 50 ms: ${long.join(', ')}`,
    )
    expect((await length()) - shown).toBeGreaterThan(200)
    expect(used / seconds).toBeLessThan(0.25)
    // These are of the wall clock: on a machine that others use too they say nothing.
    if (loadavg()[0]! < 1.5) expect(long.length).toBeLessThanOrEqual(2)
    expect(await page.evaluate(() => document.querySelector('.log')!.scrollTop)).toBeCloseTo(place, -1)
    await page.getByRole('button', { name: 'More below' }).click()
    await answered(page)
    await expect
      .poll(() =>
        page.evaluate(() => {
          const log = document.querySelector('.log')!
          return log.scrollHeight - log.scrollTop - log.clientHeight
        }),
      )
      .toBeLessThan(60)
    await window.close()
  })

  it('opens a conversation of 500 messages', async () => {
    const window = await open(server.url)
    const { page } = window
    const file = (count: number): string => {
      const messages = Array.from({ length: count }, (_, i) => ({
        id: `m${i}`,
        parent: i === 0 ? '' : `m${i - 1}`,
        role: i % 2 === 0 ? 'user' : 'assistant',
        text: i % 2 === 0 ? `question ${i}` : blocks(5).join(''),
        created: i + 1,
        state: 'done',
      }))
      return JSON.stringify({
        format: 'kaiyuan-conversations',
        version: 1,
        conversations: [{ conversation: { title: 'long' }, messages }],
      })
    }
    await page.locator('.exchange summary').click()
    await page
      .locator('.exchange input[type=file]')
      .setInputFiles({ name: 'long.json', mimeType: 'application/json', buffer: Buffer.from(file(500)) })
    await page.waitForSelector('.rows a')
    const begun = Date.now()
    await page.locator('.rows a').click()
    await page.locator('.message').nth(499).waitFor({ state: 'attached' })
    const took = Date.now() - begun
    console.log(`500 messages in ${took} ms`)
    expect(took).toBeLessThan(15_000)
    await window.close()
  })
})
