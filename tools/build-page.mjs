// Builds the chat page: `node tools/build-page.mjs` the served one into dist/page, if its sources changed; `--static [FOLDER]` the one
// for any static host. dist/.built-page says from what the served page was made.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const STAMP = join(root, 'dist/.built-page')

const digestOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')

/** Files of web/, and what they take from src: those of the last build, by name. */
function inputs(others) {
  const own = readdirSync(join(root, 'web'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  const all = [...own, 'package-lock.json', 'tools/build-page.mjs', ...others]
  return Object.fromEntries(
    all.sort().map((path) => [path, existsSync(join(root, path)) ? digestOf(join(root, path)) : '']),
  )
}

function isCurrent() {
  try {
    const { files, others } = JSON.parse(readFileSync(STAMP, 'utf8'))
    return existsSync(join(root, 'dist/page/index.html')) && JSON.stringify(files) === JSON.stringify(inputs(others))
  } catch {
    return false
  }
}

/** @returns the files outside of web/ that the page is made of */
async function buildPage(mode, outDir) {
  const { build } = await import('vite')
  const used = new Set()
  const collect = {
    name: 'collect-sources',
    moduleParsed({ id }) {
      const path = relative(root, id.replace(/[?].*$/, ''))
      if (/^(src|kernels)\//.test(path)) used.add(path)
    },
  }
  await build({ configFile: join(root, 'web/vite.config.ts'), mode, plugins: [collect], build: { outDir } })
  return [...used].sort()
}

const isStatic = process.argv.indexOf('--static')
if (isStatic > 0) {
  await buildPage('static', process.argv[isStatic + 1] ?? join(root, 'dist-page'))
} else if (!isCurrent()) {
  const others = await buildPage('served', join(root, 'dist/page'))
  writeFileSync(STAMP, JSON.stringify({ files: inputs(others), others }))
}
