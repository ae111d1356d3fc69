// The cache as Python's tools leave it, and what counts as a whole model.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/open.js'

const COMMIT = 'a1'.repeat(20)
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A repository as huggingface_hub writes it: blobs, and links to them. */
function cacheWith(files: Record<string, string>, { name = 'models--org--model', ref = 'main' } = {}): string {
  const cache = mkdtempSync(join(tmpdir(), 'kaiyuan-cache-'))
  folders.push(cache)
  const root = join(cache, name)
  mkdirSync(join(root, 'blobs'), { recursive: true })
  mkdirSync(join(root, 'refs'), { recursive: true })
  let number = 0
  for (const [path, text] of Object.entries(files)) {
    const blob = `blob${number++}`
    writeFileSync(join(root, 'blobs', blob), text)
    const link = join(root, 'snapshots', COMMIT, path)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join('../'.repeat(path.split('/').length + 1), 'blobs', blob), link)
  }
  writeFileSync(join(root, 'refs', ref), COMMIT)
  return cache
}

const model = { source: 'hugging-face', id: 'org/model' } as const
const index = JSON.stringify({
  weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
})

describe('models that others put into the cache', () => {
  it('are listed and found, by branch and by commit', async () => {
    const store = openStore({ folder: cacheWith({ 'config.json': '{}', 'model.safetensors': 'weights' }) })
    const [listed, ...others] = await store.list()
    expect(others).toEqual([])
    expect(listed).toMatchObject({ name: 'org/model', commit: COMMIT, bytes: 9, complete: true, origin: 'cache' })
    expect(await store.find(model)).toEqual(listed)
    expect((await store.find({ ...model, revision: COMMIT }))?.folder).toBe(listed!.folder)
    expect(await store.find({ ...model, revision: 'other' })).toBeUndefined()
    expect(await store.find({ ...model, id: 'org/other' })).toBeUndefined()
  })

  it('are not whole without a shard that the index names', async () => {
    const files = {
      'config.json': '{}',
      'model.safetensors.index.json': index,
      'model-00001-of-00002.safetensors': 'x',
    }
    const store = openStore({ folder: cacheWith(files) })
    expect(await store.find(model)).toBeUndefined()
    expect((await store.list()).map(({ complete }) => complete)).toEqual([false])
    const whole = openStore({ folder: cacheWith({ ...files, 'model-00002-of-00002.safetensors': 'y' }) })
    expect(await whole.find(model)).toMatchObject({ complete: true })
  })

  it('are one for each quantisation, with all of its parts', async () => {
    const files = {
      'm-Q8_0.gguf': 'eight',
      'Q4_K_M/m-Q4_K_M-00001-of-00002.gguf': 'four',
      'Q4_K_M/m-Q4_K_M-00002-of-00002.gguf': 'more',
      'big-BF16-00001-of-00003.gguf': 'not all',
      'mmproj-m.gguf': 'no model',
    }
    const store = openStore({ folder: cacheWith(files) })
    const found = (await store.list()).map(({ name, complete, bytes }) => ({ name, complete, bytes }))
    expect(found).toEqual([
      { name: 'org/model:Q4_K_M', complete: true, bytes: 8 },
      { name: 'org/model:BF16', complete: false, bytes: 7 },
      { name: 'org/model:Q8_0', complete: true, bytes: 5 },
    ])
    const four = await store.find({ ...model, tag: 'q4_k_m' })
    expect(four?.open).toBe(join(four!.folder, 'Q4_K_M/m-Q4_K_M-00001-of-00002.gguf'))
    expect(await store.find(model)).toEqual(four)
    expect(await store.find({ ...model, tag: 'Q6_K' })).toBeUndefined()
    expect(await store.find({ ...model, tag: 'bf16' })).toBeUndefined()
  })

  it('lie where the environment says', () => {
    const at = (environment: Record<string, string>) => openStore({ environment }).folder
    expect(at({ HF_HOME: '/h' })).toBe('/h/hub')
    expect(at({ HF_HOME: '/h', HF_HUB_CACHE: '/c' })).toBe('/c')
    expect(at({ HF_HUB_CACHE: '/c', KAIYUAN_CACHE: '/k' })).toBe('/k')
    expect(at({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub')
    expect(at({})).toMatch(/\.cache[\\/]huggingface[\\/]hub$/)
  })
})
