import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from 'vite'
import { HOSTILE } from './hostile.js'
import { bare, serveFolder } from './bare.js'

/** What runs in the page. */
interface Rendering {
  readonly whole: (text: string) => string
  readonly streamed: (pieces: readonly string[]) => string
  readonly during: (text: string) => string
  readonly show: (pieces: readonly string[]) => { longest: number; text: string; tags: string[] }
}

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-render-'))
let page: Page
beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      outDir: folder,
      lib: { entry: fileURLToPath(new URL('render-page.ts', import.meta.url)), formats: ['es'], fileName: 'main' },
    },
  })
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><meta charset="utf-8"><script type="module" src="main.js"></script>',
  )
  page = await bare(await serveFolder(folder))
  await page.waitForFunction(() => 'whole' in globalThis)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Parts of Markdown that meet each other. */
const PARTS = [
  ...['a', 'word ', 'two words', '汉字', '😀', ' ', '  ', '\n', '\n\n', '\n   ', '    code', '\t'],
  ...[
    '*',
    '**',
    '_',
    '`',
    '``',
    '```\n',
    '```js\n',
    '~~~\n',
    '~~',
    '# ',
    '## ',
    '> ',
    '- ',
    '1. ',
    '10) ',
    '---\n',
    '===\n',
  ],
  ...[
    '[',
    ']',
    '](',
    '(',
    ')',
    '![',
    '[a]: /url\n',
    '[a]',
    '<b>',
    '</b>',
    '<!--',
    '&amp;',
    '&#65;',
    '\\',
    '|',
    '| a | b |\n| - | - |\n',
  ],
  ...['$', '$$', '\\(', '\\)', '\\[\n', '\\]', 'https://example.org ', '<https://example.org>', '- [ ] ', '"', "'"],
]
const texts = fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 40 }).map((parts) => parts.join(''))

/** A text in pieces whose lengths follow from a seed. */
function pieces(text: string, seed: number): string[] {
  const all: string[] = []
  for (let at = 0, state = seed; at < text.length;) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const length = 1 + ((state >>> 8) % 9)
    all.push(text.slice(at, at + length))
    at += length
  }
  return all
}

describe('an answer that comes in pieces', () => {
  it('becomes the nodes of the whole text', async () => {
    const samples = fc.sample(texts, { seed: 20, numRuns: 3000 })
    const different = await page.evaluate(
      (all) => {
        const { whole, streamed } = globalThis as unknown as Rendering
        return all.filter(([text, parts]) => whole(text) !== streamed(parts)).map(([text]) => text)
      },
      samples.map((text, i) => [text, pieces(text, i)] as const),
    )
    expect(different.map((text) => JSON.stringify(text)).slice(0, 5)).toEqual([])
  })

  it('shows no mark whose end is on the way', async () => {
    const texts = ['some **bo', 'some **', 'some `co', 'some ~~go', 'a *b', 'a **b `c']
    const seen = await page.evaluate((all) => all.map((globalThis as unknown as Rendering).during), texts)
    expect(seen.map((text) => text.trim())).toEqual(['some bo', 'some', 'some co', 'some go', 'a b', 'a b c'])
  })
})

describe('a hostile answer', () => {
  const ALLOWED = new Set(
    'p h3 h4 h5 h6 ul ol li blockquote pre code table thead tbody tr th td a br hr em strong s span div button'.split(
      ' ',
    ),
  )

  it.each(HOSTILE.map(({ name }, i) => [name, i] as const))('changes nothing: %s', async (_name, i) => {
    const { text } = HOSTILE[i]!
    const requests: string[] = []
    const listener = (request: { url(): string }): void => void requests.push(request.url())
    page.on('request', listener)
    page.on('dialog', (dialog) => void requests.push(`dialog ${dialog.message()}`))
    const found = await page.evaluate((parts) => (globalThis as unknown as Rendering).show(parts), pieces4096(text))
    const links = await page.evaluate(() => [...document.querySelectorAll('a')].map(({ protocol }) => protocol))
    const handlers = await page.evaluate(() =>
      [...document.body.querySelectorAll('*')]
        .flatMap((e) => [...e.attributes].map(({ name }) => name))
        .filter((name) => name.startsWith('on') || name === 'style' || name === 'src'),
    )
    page.off('request', listener)
    expect(found.tags.filter((tag) => !ALLOWED.has(tag))).toEqual([])
    expect(links.filter((protocol) => !/^(https?|mailto):$/.test(protocol))).toEqual([])
    expect(handlers).toEqual([])
    expect(requests).toEqual([])
    // A guard against work that grows with the square of the text, not a measure: the machine may be busy.
    expect(found.longest).toBeLessThan(5000)
    // The page answers.
    expect(await page.evaluate(() => 1 + 1)).toBe(2)
    await page.evaluate(() => document.body.replaceChildren())
  })
})

function pieces4096(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / 4096) }, (_, i) => text.slice(i * 4096, (i + 1) * 4096))
}
