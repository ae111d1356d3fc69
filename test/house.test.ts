import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MODELS, MODEL_TYPES } from '../src/models/registry.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8')

/** Files of the tree: what git tracks, or, in an unpacked archive, what lies there. */
function treeFiles(): string[] {
  if (existsSync(`${root}/.git`)) {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    return listed.split('\0').filter((path) => path !== '' && existsSync(`${root}/${path}`))
  }
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length).replace(/^\/+/, ''))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
}

const files = treeFiles()
const isCode = (path: string): boolean => /\.(ts|mjs|js)$/.test(path) && !path.includes('.generated.')
const hand = files.filter((path) => isCode(path) && !/^(test\/fixtures|models)\//.test(path))

describe('house rules', () => {
  it('keeps files under 400 lines (kernels excepted: unrolled loops are long)', () => {
    const long = hand
      .filter((path) => !path.startsWith('kernels/'))
      .map((path) => ({ path, lines: read(path).split('\n').length }))
      .filter(({ lines }) => lines > 400)
    expect(long).toEqual([])
  })

  it('has no file or folder called utils, helpers, common, manager or base', () => {
    const forbidden = /^(utils?|helpers?|common|managers?|base)(\..*)?$/
    expect(files.filter((path) => path.split('/').some((part) => forbidden.test(part)))).toEqual([])
  })

  // In models the listing is the catalogue.
  it('has no heap: at most 20 files in a folder of src and kernels, models excepted', () => {
    const counts = new Map<string, number>()
    for (const path of files.filter((file) => /^(src|kernels)\//.test(file) && !file.includes('.generated.'))) {
      const folder = path.slice(0, path.lastIndexOf('/'))
      counts.set(folder, (counts.get(folder) ?? 0) + 1)
    }
    expect([...counts].filter(([folder, count]) => count > 20 && folder !== 'src/models')).toEqual([])
  })

  it('needs nothing beside the checkout: only .ci/run looks for a folder there', () => {
    const beside = new RegExp(['\\.\\.', 'shared\\b'].join('/'))
    const text = files.filter(
      (path) => /\.(ts|mjs|js|json|md|py|ya?ml|sh)$/.test(path) && !path.startsWith('test/fixtures/'),
    )
    expect(text.filter((path) => beside.test(read(path)))).toEqual([])
  })

  it('names no path of a machine in a tracked file', () => {
    const machine = new RegExp(`(^|[\\s'"\`(=])/(${['work', 'home', 'Users'].join('|')})/`)
    const text = files.filter((path) => /\.(ts|mjs|js|json|md|py|ya?ml|sh)$/.test(path) || path.startsWith('.ci/'))
    const found = text.filter((path) => !path.startsWith('test/fixtures/') && machine.test(read(path)))
    expect(found).toEqual([])
  })
})

describe('every model that the registry knows', () => {
  const fixtures = files.filter((path) => /^test\/fixtures\/.*config\.json$/.test(path))
  const types = new Set(fixtures.map((path) => (JSON.parse(read(path)) as { model_type?: string }).model_type))
  const docs = read('docs/models.md')

  it.each(MODEL_TYPES)('%s has a golden checkpoint among the fixtures', (name) => {
    expect(types).toContain(name)
  })

  it.each(MODEL_TYPES)('%s has a row in docs/models.md', (name) => {
    expect(docs).toContain(`\`${name}\``)
  })

  const architectures = MODELS.flatMap(
    ({ published }) => published?.gguf?.map(({ architecture }) => architecture) ?? [],
  )
  const made = files.filter((path) => /^test\/golden\/gguf-.*\.test\.ts$/.test(path)).map(read)

  it.each([...new Set(architectures)])(
    'GGUF architecture %s has a golden checkpoint and stands in docs/models.md',
    (name) => {
      const quoted = made.some((text) => text.includes(`'${name}'`))
      expect(quoted || files.includes(`test/fixtures/golden-gguf/${name}/model.gguf`)).toBe(true)
      expect(docs).toContain(`\`${name}\``)
    },
  )
})
