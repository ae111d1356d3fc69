// Pulls into a plain folder.
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MODEL, startHub, storeOf, temporaryFolder } from './fixture.js'

const FILES = {
  'config.json': '{"model_type": "llama"}',
  'tokenizer.json': '{}',
  'tokenizer_config.json': '{}',
  'model-00001-of-00002.safetensors': 5_500_000,
  'model-00002-of-00002.safetensors': 3_000_001,
}

async function startedHub() {
  const hub = await startHub()
  return { hub, files: hub.add('org/model', FILES).files, to: join(temporaryFolder(), 'a/b') }
}

describe('a pull into a folder', () => {
  it('puts plain files there and nothing else, and fetches nothing a second time', async () => {
    const { hub, files, to } = await startedHub()
    const folder = temporaryFolder()
    const store = storeOf(hub, folder)
    const model = await store.pull(MODEL, { to })
    expect(model).toMatchObject({ name: 'org/model', folder: to, open: to, complete: true, origin: 'folder' })
    expect(readdirSync(to).sort()).toEqual(Object.keys(FILES).sort())
    for (const [path, { bytes }] of files) {
      expect(lstatSync(join(to, path)).isFile()).toBe(true)
      expect(readFileSync(join(to, path)).equals(bytes)).toBe(true)
    }
    expect(existsSync(join(folder, 'models--org--model'))).toBe(false)
    const { bytes } = hub.stats
    await store.pull(MODEL, { to })
    expect(hub.stats.bytes).toBe(bytes)
  })

  it('continues where it was ended', async () => {
    const { hub, files, to } = await startedHub()
    const controller = new AbortController()
    hub.after(4_000_000, () => controller.abort())
    hub.faults.delayMs = 1
    const store = storeOf(hub)
    await expect(store.pull(MODEL, { to, signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
    await store.pull(MODEL, { to })
    for (const [path, { bytes }] of files) expect(readFileSync(join(to, path)).equals(bytes)).toBe(true)
    expect(hub.stats.bytes).toBeLessThan(8_500_000 + 5_000_000)
    expect(readdirSync(to).sort()).toEqual(Object.keys(FILES).sort())
  })

  it('copies what the cache has, offline too', async () => {
    const { hub, to } = await startedHub()
    const folder = temporaryFolder()
    const store = storeOf(hub, folder)
    await store.pull(MODEL)
    const { bytes } = hub.stats
    await store.pull(MODEL, { to })
    expect(hub.stats.bytes).toBe(bytes)
    const other = join(temporaryFolder(), 'other')
    hub.close()
    await expect(store.pull(MODEL, { to: other, offline: true })).resolves.toMatchObject({ folder: other })
    expect(readdirSync(other).sort()).toEqual(Object.keys(FILES).sort())
    expect(await store.find(MODEL)).toBeDefined()
  })

  it("overwrites nobody's file, unless it is told to", async () => {
    const { hub, files, to } = await startedHub()
    mkdirSync(to, { recursive: true })
    writeFileSync(join(to, 'config.json'), 'my own')
    const store = storeOf(hub)
    await expect(store.pull(MODEL, { to })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/config\.json: is another file.*force/) as string,
    })
    expect(readFileSync(join(to, 'config.json'), 'utf8')).toBe('my own')
    expect(hub.stats.ranges).toBe(0)
    await store.pull(MODEL, { to, force: true })
    expect(readFileSync(join(to, 'config.json')).equals(files.get('config.json')!.bytes)).toBe(true)
    await expect(store.pull(MODEL, { to: join(to, 'config.json') })).rejects.toThrow('expected a folder')
  })
})
