// The built package in Chromium, bundled as an application would: `npm run test:browser [-- --only TEXT] [--fixtures FOLDER]`.
// Every golden checkpoint that lies in test/fixtures, or in the folder given; ends with `N passed, N failed`.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'
import { startChromium } from './chromium.mjs'
import { checkExamples } from './examples.mjs'
import { serve } from './server.mjs'
import { checkStore } from './store.mjs'

const CASE_MS = 120_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    fixtures: { type: 'string', default: join(root, 'test/fixtures') },
  },
})
let passed = 0
let failed = 0

/** Whatever lies in `golden*` folders and has reference numbers. */
function goldenFolders() {
  const found = readdirSync(values.fixtures)
    .filter((kind) => kind.startsWith('golden'))
    .flatMap((kind) => readdirSync(join(values.fixtures, kind)).map((name) => `${kind}/${name}`))
    .filter((path) => existsSync(join(values.fixtures, path, 'golden.safetensors')))
    .sort()
  if (found.length === 0) throw new Error(`${values.fixtures}: no golden checkpoints`)
  return found
}

async function check(name, work) {
  if (!name.includes(values.only)) return
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${CASE_MS / 1000} s`)), CASE_MS)
  })
  try {
    const note = await Promise.race([work(), late])
    passed++
    console.log(`ok      ${name}${note ? ` (${note})` : ''}`)
  } catch (error) {
    failed++
    // Playwright puts the page's stack into the message.
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n    at ')
    console.log(`FAILED  ${name}: ${reason}`)
  } finally {
    clearTimeout(timer)
  }
}

const dist = mkdtempSync(join(tmpdir(), 'kaiyuan-browser-'))
const closing = [() => rmSync(dist, { recursive: true, force: true })]
try {
  const folders = goldenFolders()
  await bundle('test/browser/page.html', dist)
  const folderOf = { '': dist, fixtures: values.fixtures, mini: join(root, 'models/mini') }
  const isolated = await serve(folderOf)
  const plain = await serve(folderOf, { isolated: false })
  // Of the same origin as its page, or the page could not read it.
  const whole = await serve(folderOf, { ranges: false, page: true })
  closing.push(isolated.close, plain.close, whole.close)
  const browser = await startChromium()
  closing.push(() => browser.close())
  console.log(`Chromium ${browser.version()}`)

  /** Runs cases in a fresh page; an error that nobody caught fails the page. */
  const page = async (name, origin, work, context = browser) => {
    const opened = await context.newPage()
    const uncaught = []
    opened.on('pageerror', (error) => uncaught.push(error.message))
    await opened.goto(`${origin}/page.html`)
    await opened.waitForFunction(() => 'cases' in globalThis)
    await work((title, which, ...inputs) =>
      check(`${name}: ${title}`, () => opened.evaluate(([w, i]) => globalThis.cases[w](...i), [which, inputs])),
    )
    if (uncaught.length > 0)
      await check(`${name}: no uncaught errors`, () => Promise.reject(new Error(uncaught.join('; '))))
    await opened.close()
  }

  const gguf = folders.find((path) => existsSync(join(values.fixtures, path, 'model.gguf')))
  for (const path of folders) {
    const folder = `/fixtures/${path}`
    const model = existsSync(join(values.fixtures, path, 'model.gguf')) ? `${folder}/model.gguf` : folder
    await page(path, isolated.origin, async (run) => {
      for (const threads of [1, 2]) await run(`cpu, exact, threads ${threads}`, 'golden', model, folder, threads)
    })
    await page(path, plain.origin, (run) => run("cpu, exact, the page's own thread", 'golden', model, folder, null))
  }
  await page('isolated page', isolated.origin, async (run) => {
    await run('is isolated', 'isolation', true)
    await run('mini answers, fast', 'answer', '/mini/', { threads: 2 })
    await run('mini answers, exact', 'answer', '/mini/', { threads: 2, precision: 'exact' })
    await run('mini answers, reference', 'answer', '/mini/', { backend: 'reference', precision: 'exact' })
    await run('mini answers from files', 'answerFromFiles')
    await run('mini answers in a worker', 'answerFromWorker', '/mini/', { threads: 2 })
    await run('mini answers in a worker from files', 'answerFromWorker', null, { threads: 2 })
    await run('a worker says what is wrong', 'workerError')
    if (gguf) await run('a chosen .gguf file', 'answerFromGguf', `/fixtures/${gguf}/model.gguf`)
    await run('any number of threads, the same bits, exact', 'determinism', 'exact')
    await run('any number of threads, the same bits, fast', 'determinism', 'fast')
    await run('mini answers in JSON of a schema', 'constrained', '/mini/', false)
    await run('mini answers in JSON of a schema, in a worker', 'constrained', '/mini/', true)
    await run('an answer can be stopped', 'stop')
    await run('progress ends at 1, one thread a core', 'progress')
    await run('no such folder', 'error', '/nothing/', {}, 'file_not_found', 'nothing: expected config.json')
    await run('no such file', 'error', '/nothing.gguf', {}, 'file_not_found', 'nothing.gguf')
    await run('no server', 'error', 'http://127.0.0.1:9/model/', {}, 'invalid_file', 'cannot be fetched')
    await run('no address', 'error', 'ftp://example.org/', {}, 'invalid_argument', 'expected the address')
    await run('too many threads', 'error', '/mini/', { threads: 65 }, 'invalid_argument', 'from 1 to 64')
    await run('no files', 'noFiles')
    await run('a truncated file', 'truncated', gguf ? `/fixtures/${gguf}/model.gguf` : '/mini/model.safetensors')
  })
  await page('page without isolation', plain.origin, async (run) => {
    await run('is not isolated', 'isolation', false)
    await run('mini answers, fast', 'answer', '/mini/', {})
    await run('mini answers in a worker, by a relative address', 'answerFromWorker', 'mini/', {})
    await run('threads are refused', 'error', '/mini/', { threads: 2 }, 'unsupported_platform', 'Cross-Origin-Opener')
  })
  // Pages of one visitor, who finds again what is kept.
  const visitor = await browser.newContext()
  await page('agents', isolated.origin, (run) => run('the example works on a page', 'agentOnPage'), visitor)
  await page('sessions', isolated.origin, (run) => run('one is saved in IndexedDB', 'sessionSave', '/mini/'), visitor)
  await page('sessions', isolated.origin, (run) => run('a later page restores it', 'sessionRestore', '/mini/'), visitor)
  await visitor.close()
  await page('server without ranges, with a page for all paths', whole.origin, async (run) => {
    await run('mini answers, fast', 'answer', '/mini/', { threads: 2 })
    await run('no such folder', 'error', '/nothing/', {}, 'file_not_found', 'nothing: expected config.json')
  })
  await checkExamples({ browser, root, check })
  if ('store'.includes(values.only) || values.only.includes('store'))
    await checkStore({ browser, origin: isolated.origin, mini: join(root, 'models/mini'), check })
} catch (error) {
  failed++
  console.log(`FAILED  ${error instanceof Error ? error.message : String(error)}`)
} finally {
  for (const close of closing.reverse()) await close()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
