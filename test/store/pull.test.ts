// A pull from the fake hub: what is fetched, what lies in the cache afterwards, and what is not fetched again.
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PullProgress } from '../../src/store/store.js'
import { MODEL, startHub, storeOf, temporaryFolder } from './fixture.js'
import { COMMIT } from './hub.mjs'

const FILES = {
  'config.json': '{"model_type": "qwen3"}',
  'tokenizer.json': 'x'.repeat(50_000),
  'model-00001-of-00002.safetensors': 5_500_000,
  'model-00002-of-00002.safetensors': 3_000_001,
  'model.safetensors.index.json': JSON.stringify({
    weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
  }),
  'README.md': 'not needed',
  'original/consolidated.00.pth': 1_000_000,
  'pytorch_model.bin': 1_000_000,
}
const NEEDED =
  5_500_000 + 3_000_001 + 50_000 + FILES['config.json'].length + FILES['model.safetensors.index.json'].length

describe('a pull', () => {
  it('fetches what the model needs, once, and puts it where Python looks', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const events: PullProgress[] = []
    const model = await storeOf(hub, folder).pull(MODEL, { onProgress: (event) => events.push(event), token: 'secret' })
    expect(model).toMatchObject({ name: 'org/model', commit: COMMIT, complete: true, bytes: NEEDED, origin: 'cache' })
    expect(hub.stats).toMatchObject({ bytes: NEEDED, leaked: 0, resolves: 5 })
    const root = join(folder, 'models--org--model')
    for (const path of model.files) {
      const file = files.get(path)!
      expect(readFileSync(join(root, 'snapshots', COMMIT, path)).equals(file.bytes)).toBe(true)
      const blob = file.isLarge ? file.sha256 : file.gitSha1
      expect(readlinkSync(join(root, 'snapshots', COMMIT, path))).toBe(join('..', '..', 'blobs', blob))
    }
    expect(readFileSync(join(root, 'refs/main'), 'utf8')).toBe(COMMIT)
    expect(readdirSync(join(root, 'blobs')).filter((name) => name.includes('.'))).toEqual([])
    expect(readdirSync(join(folder, '.locks/models--org--model'))).toEqual([])
    expect(events.at(-1)).toMatchObject({
      phase: 'done',
      doneBytes: NEEDED,
      totalBytes: NEEDED,
      filesDone: 5,
      files: 5,
    })
  })

  it('fetches nothing a second time, asks no server for what is found, and runs offline', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const first = await storeOf(hub, folder).pull(MODEL)
    const again = await storeOf(hub, folder).pull(MODEL)
    expect(hub.stats.bytes).toBe(NEEDED)
    expect({ ...again, lastUsed: undefined }).toEqual({ ...first, lastUsed: undefined })
    const refusing = storeOf(hub, folder, { fetch: () => Promise.reject(new Error('a server was asked')) })
    expect(await refusing.find(MODEL)).toMatchObject({ complete: true })
    expect(await refusing.pull(MODEL, { offline: true })).toMatchObject({ complete: true })
    await expect(refusing.pull({ ...MODEL, id: 'org/other' }, { offline: true })).rejects.toThrow(
      /not complete in the cache/,
    )
  })

  it('takes all parts of the quantisation that a tag means', async () => {
    const hub = await startHub({ pageSize: 100 })
    hub.add('org/gguf', {
      'm-Q8_0.gguf': 300_000,
      'm-Q4_K_M-00001-of-00002.gguf': 200_000,
      'm-Q4_K_M-00002-of-00002.gguf': 150_000,
      'mmproj-m-Q4_K_M.gguf': 100_000,
    })
    const store = storeOf(hub)
    const model = await store.pull({ ...MODEL, id: 'org/gguf', tag: 'q4_k_m' })
    expect(model.files).toEqual(['m-Q4_K_M-00001-of-00002.gguf', 'm-Q4_K_M-00002-of-00002.gguf'])
    expect(model.open).toBe(join(model.folder, 'm-Q4_K_M-00001-of-00002.gguf'))
    await expect(store.pull({ ...MODEL, id: 'org/gguf', tag: 'Q9' })).rejects.toThrow(
      'org/gguf: there is no file for the tag Q9. There are: Q4_K_M (350 kB), Q8_0 (300 kB).',
    )
    expect(await store.find({ ...MODEL, id: 'org/gguf', tag: 'Q8_0' })).toBeUndefined()
  })

  it('stays at the commit that it asked for, whatever the branch does', async () => {
    const hub = await startHub({ pageSize: 100 })
    const before = hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 200_000 })
    const store = storeOf(hub)
    const first = await store.pull(MODEL)
    before.commit = 'b'.repeat(40)
    before.files.set('config.json', hub.add('org/x', { 'config.json': '{"new": true}' }).files.get('config.json')!)
    expect((await store.find(MODEL))?.commit).toBe(first.commit)
    const second = await store.pull(MODEL)
    expect(readFileSync(join(second.folder, 'config.json'), 'utf8')).toBe('{"new": true}')
    expect(readFileSync(join(first.folder, 'config.json'), 'utf8')).toBe('{}')
    expect(hub.stats.bytes).toBe(200_000 + 2 + 13)
    expect((await store.list()).map(({ name }) => name).sort()).toEqual(['org/model', `org/model@${first.commit}`])
  })

  it('continues where it was ended, and reads nothing that the disk has spoilt', async () => {
    const hub = await startHub()
    const size = 12_000_000
    const { files } = hub.add('org/model', { 'config.json': '{}', 'model.safetensors': size })
    hub.faults.delayMs = 1
    const folder = temporaryFolder()
    const controller = new AbortController()
    hub.after(6_000_000, () => controller.abort())
    const store = storeOf(hub, folder)
    await expect(store.pull(MODEL, { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    const [unfinished] = await store.list()
    expect(unfinished).toMatchObject({ name: 'org/model', complete: false })
    expect(unfinished!.bytes).toBeGreaterThan(1_000_000)
    expect(await store.find(MODEL)).toBeUndefined()
    const part = join(folder, 'models--org--model/blobs', `${files.get('model.safetensors')!.sha256}.kaiyuan`)
    expect(statSync(part).size).toBe(size)
    const { openSync, readSync, writeSync, closeSync } = await import('node:fs')
    const handle = openSync(part, 'r+')
    const byte = Buffer.alloc(1)
    readSync(handle, byte, 0, 1, 500_000)
    writeSync(handle, Buffer.of(byte[0]! ^ 1), 0, 1, 500_000)
    closeSync(handle)
    delete hub.faults.delayMs
    const before = hub.stats.bytes
    await storeOf(hub, folder).pull(MODEL)
    // What was on its way in four connections, and the piece that was spoilt.
    expect(before + (hub.stats.bytes - before)).toBeLessThan(size + 5 * 2 ** 20 + 100_000)
    expect(hub.stats.bytes - before).toBeLessThan(size - 2_000_000)
    expect(readFileSync(part.replace('.kaiyuan', '')).equals(files.get('model.safetensors')!.bytes)).toBe(true)
  })
})
