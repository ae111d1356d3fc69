// The examples for pages, as somebody would run them: vite's build behind vite's own server, and the plain page behind a plain one.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, preview } from 'vite'
import { serve } from './server.mjs'

/** A copy of an example in which the package is installed. */
function installed(root, name) {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-example-'))
  cpSync(join(root, 'examples', name), folder, { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/kaiyuan'))
  return folder
}

/** Asks the page's question. Nothing may be complained of in the console, and no file may be fetched twice. */
async function answers(browser, address) {
  const page = await browser.newPage()
  const complaints = []
  const fetched = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => fetched.push(`${request.url()} ${request.headers().range ?? ''}`))
  try {
    await page.goto(address)
    await page.waitForSelector('#ask[data-ready]')
    // The threads run the worker's file, each for itself; the browser has it.
    const files = fetched.filter((each) => !/\.js /.test(each))
    await page.click('button')
    await page.locator('#answer', { hasText: /\b(3|three)\b/i }).waitFor()
    const twice = files.filter((each, i) => files.indexOf(each) !== i)
    if (twice.length > 0) throw new Error(`fetched twice: ${twice.join(', ')}`)
    if (complaints.length > 0) throw new Error(`the console has ${complaints.join('; ')}`)
    return `${files.length} files`
  } finally {
    await page.close()
  }
}

export async function checkExamples({ browser, root, check }) {
  await check('examples/browser-vite', async () => {
    const folder = installed(root, 'browser-vite')
    try {
      execFileSync('npm', ['run', '--silent', 'model'], { cwd: folder })
      const configFile = join(folder, 'vite.config.js')
      // What the example needs to be built lies where this project has it.
      symlinkSync(join(root, 'node_modules/vite'), join(folder, 'node_modules/vite'))
      await build({ root: folder, configFile, logLevel: 'error' })
      const server = await preview({ root: folder, configFile, preview: { port: 0, host: '127.0.0.1' } })
      try {
        return await answers(browser, server.resolvedUrls.local[0])
      } finally {
        await server.close()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
  await check('examples/browser-script', async () => {
    const folder = installed(root, 'browser-script')
    execFileSync(process.execPath, ['tools/build-browser.mjs'], { cwd: root })
    const server = await serve({ '': folder }, { index: true, list: true })
    try {
      return await answers(browser, `${server.origin}/`)
    } finally {
      server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
