// The examples with useChat, clicked through in Chromium: the route and the page of Next.js under its own server, and the page
// that vite bundles, each with the embedded model and with one that follows a script.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChromium } from '../browser/chromium.mjs'
import { serve } from '../browser/server.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Next to the packages of this folder, so that they are found. */
const built = join(root, 'test/clients/dist')
const script = join(root, 'test/clients/scripted-page.ts')
const chromium = process.env['KAIYUAN_CHROMIUM'] ?? '/usr/bin/chromium'
const QUESTION = "How many r's are in strawberry?"

let browser: Browser
beforeAll(async () => {
  rmSync(built, { recursive: true, force: true })
  mkdirSync(built)
  if (existsSync(chromium)) browser = await startChromium()
})
afterAll(async () => {
  await browser?.close()
  rmSync(built, { recursive: true, force: true })
})

/** Types a question; what the page shows of the answer, once it is whole, and all that it showed on the way. */
async function asked(address: string, question: string): Promise<{ answer: string; seen: string[] }> {
  const page = await browser.newPage()
  // What a busy machine takes to build a page.
  page.setDefaultTimeout(300_000)
  const seen = new Set<string>()
  const failed: string[] = []
  page.on('pageerror', (error) => failed.push(error.message))
  await page.exposeFunction('shown', (text: string) => void seen.add(text))
  await page.goto(address)
  await page.evaluate(`new MutationObserver(() => shown(document.querySelector('p:nth-of-type(2)')?.textContent ?? ''))
    .observe(document.body, { childList: true, subtree: true, characterData: true })`)
  await page.getByLabel('Question').fill(question)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(`user ${question}`).waitFor()
  await page.locator('p:nth-of-type(2)').waitFor()
  await page.getByRole('button', { name: 'Send' }).waitFor()
  const answer = (await page.locator('p:nth-of-type(2)').textContent()) ?? ''
  await page.close()
  expect(failed).toEqual([])
  return { answer, seen: [...seen] }
}

describe.skipIf(!existsSync(chromium))(`useChat (skipped where there is no Chromium in ${chromium})`, () => {
  describe('examples/use-chat', () => {
    async function bundled(name: string, worker: string): Promise<Awaited<ReturnType<typeof serve>>> {
      const outDir = join(built, name)
      await build({
        root: join(root, 'examples/use-chat'),
        logLevel: 'error',
        worker: { format: 'es' },
        resolve: {
          alias: [
            { find: /^kaiyuan\/worker$/, replacement: worker },
            { find: /^kaiyuan\/ai$/, replacement: join(root, 'dist/ai.js') },
            ...['ai', '@ai-sdk/react', 'react', 'react-dom', 'zod'].map((name) => ({
              find: new RegExp(`^${name}(?=/|$)`),
              replacement: join(root, 'test/clients/node_modules', name),
            })),
          ],
        },
        build: { outDir, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 4000 },
      })
      return serve({ '': outDir, models: join(root, 'models') }, { index: true })
    }

    it('shows the call of a tool that ran in the page, and the streamed answer', async () => {
      const server = await bundled('scripted', script)
      const { answer, seen } = await asked(`${server.origin}/`, 'Be polite')
      server.close()
      const said = 'So: the title was A chat in a page, with useChat, and is Good day.'
      expect(answer).toBe(`assistant title {"title":"Good day"} output-available ${said}`)
      expect(seen.some((text) => /So: .*[^.]$/.test(text))).toBe(true)
    })

    it('answers with the embedded model', async () => {
      const server = await bundled('mini', join(root, 'dist/worker-web.js'))
      const { answer } = await asked(`${server.origin}/`, QUESTION)
      server.close()
      expect(answer).toMatch(/^assistant .*strawberry/)
    })
  })

  describe('examples/next', () => {
    const app = join(built, 'next')
    beforeAll(async () => {
      cpSync(join(root, 'examples/next'), app, { recursive: true })
      mkdirSync(join(app, 'node_modules'))
      const packed = ['pack', '--ignore-scripts', '--silent', '--pack-destination', built]
      const file = execFileSync('npm', packed, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1)!
      execFileSync('tar', ['xzf', join(built, file), '-C', built])
      cpSync(join(built, 'package'), join(app, 'node_modules/kaiyuan'), { recursive: true })
    })

    /** Its server of development, which builds on demand. */
    async function started(options: string): Promise<{ address: string; end: () => void }> {
      const next = join(root, 'test/clients/node_modules/next/dist/bin/next')
      const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: options }
      const args = [next, 'dev', '--port', '0', '--hostname', '127.0.0.1']
      const child = spawn(process.execPath, args, { cwd: app, env, detached: true })
      const end = (): void => void process.kill(-child.pid!, 'SIGKILL')
      let said = ''
      const address = await new Promise<string>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          said += String(chunk)
          const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)
          if (found && said.includes('Ready')) resolve(found[0])
        }
        child.stdout.on('data', read)
        child.stderr.on('data', read)
        child.once('close', () => reject(new Error(`next dev ended: ${said}`)))
      })
      return { address, end }
    }

    it('shows the call of a tool that ran in the route, and the streamed answer', async () => {
      await build({
        configFile: false,
        logLevel: 'error',
        build: { ssr: script, outDir: join(built, 'script') },
      })
      const before = "import { loadEngine } from '../script/scripted-page.js'\nglobalThis.engine = loadEngine()\n"
      writeFileSync(join(app, 'scripted.mjs'), before)
      const { address, end } = await started(`--import ${join(app, 'scripted.mjs')}`)
      try {
        const { answer, seen } = await asked(address, 'How warm is it in Oslo?')
        expect(answer).toBe('assistant weather {"city":"Oslo"} output-available So: 24 degrees in Oslo.')
        expect(seen.some((text) => /So: .*[^.]$/.test(text))).toBe(true)
      } finally {
        end()
      }
    })

    it('answers with the embedded model', async () => {
      const { address, end } = await started('')
      try {
        expect((await asked(address, QUESTION)).answer).toMatch(/^assistant .*strawberry/)
      } finally {
        end()
      }
    })
  })
})
