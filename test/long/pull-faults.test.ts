// What goes wrong between a hub and this machine: the model is whole in the end, little is fetched twice, and the rest is said.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import type { PullProgress } from '../../src/store/store.js'
import { FAULTS } from '../store/fault-cases.js'
import { MODEL, QUICK, startHub, storeOf, temporaryFolder } from '../store/fixture.js'

const FILES = {
  'config.json': '{}',
  'tokenizer.json': 'x'.repeat(90_000),
  'model-00001-of-00002.safetensors': 6_000_000,
  'model-00002-of-00002.safetensors': 3_000_001,
}
const NEEDED = 2 + 90_000 + 6_000_000 + 3_000_001

describe('a pull ends well', () => {
  it.each(FAULTS)('$name', async ({ faults, most }) => {
    const hub = await startHub({ seed: 3 })
    const { files } = hub.add('org/model', FILES)
    Object.assign(hub.faults, faults)
    const patience = { ...QUICK, ...(faults.stall !== undefined && { stallMs: 500 }) }
    const model = await storeOf(hub, temporaryFolder(), { patience }).pull(MODEL, { token: 'secret', lanes: 8 })
    for (const path of Object.keys(FILES))
      expect(readFileSync(join(model.folder, path)).equals(files.get(path)!.bytes)).toBe(true)
    expect(hub.stats.bytes).toBeGreaterThanOrEqual(NEEDED)
    // A request is a piece here, so that half a one is lost with each that breaks.
    if (most < 2) expect(hub.stats.bytes).toBeLessThan(1.6 * NEEDED)
    expect(hub.stats.leaked).toBe(0)
  })

  it('from a server that knows no ranges', async () => {
    const hub = await startHub()
    hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 3_000_000 })
    hub.faults.ignoreRange = 1
    const store = storeOf(hub)
    expect(await store.pull(MODEL, { lanes: 1 })).toMatchObject({ complete: true })
    expect(await store.pull({ source: 'http', id: `${hub.endpoint}/folder/org/model` })).toMatchObject({
      complete: true,
    })
  })

  it('after a byte was altered on the way, and says so', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', { 'config.json': '{"a": 1}', 'model.safetensors': 12_000_000 })
    hub.faults.flip = 'once'
    const notes: string[] = []
    const onProgress = ({ note }: PullProgress) => note !== undefined && notes.push(note)
    const model = await storeOf(hub).pull(MODEL, { onProgress })
    expect(readFileSync(join(model.folder, 'model.safetensors')).equals(files.get('model.safetensors')!.bytes)).toBe(
      true,
    )
    expect(notes.join()).toMatch(/model\.safetensors: it came damaged/)
    // That file again, and no other.
    expect(hub.stats.bytes).toBe(2 * 12_000_000 + 8)
  })
})

describe('a pull refuses', () => {
  it('bytes that are never those that the hub names', async () => {
    const hub = await startHub()
    hub.add('org/model', { 'config.json': '{"a": 1}', 'model.safetensors': 200_000 })
    hub.faults.flipSmall = 1
    await expect(storeOf(hub).pull(MODEL)).rejects.toThrow(/config\.json: its bytes are not those that the hub names/)
  })

  it('a file without a hash that changes in the middle', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', { 'm.gguf': 8_000_000 })
    const reference = { source: 'http', id: `${hub.endpoint}/folder/org/model/m.gguf` } as const
    const folder = temporaryFolder()
    hub.after(1_000_000, () => (hub.faults.version = 'new'))
    await expect(storeOf(hub, folder).pull(reference, { lanes: 1 })).rejects.toThrow(/has changed while it was fetched/)
    expect(await storeOf(hub, folder).pull(reference)).toMatchObject({
      complete: true,
      bytes: files.get('m.gguf')!.bytes.length,
    })
  })

  it.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n', /Git LFS pointer/],
    ['<!DOCTYPE html><title>Sign in</title>', /web page in place of the file/],
  ])('what only has the name of weights: %s', async (text, message) => {
    const hub = await startHub()
    hub.add('org/model', { 'config.json': '{}', 'model.safetensors': text })
    const store = storeOf(hub)
    await expect(store.pull(MODEL)).rejects.toThrow(message)
    await expect(store.pull({ source: 'http', id: `${hub.endpoint}/folder/org/model` })).rejects.toThrow(message)
    expect(await store.find(MODEL)).toBeUndefined()
  })

  it.each([
    [{ 'pytorch_model.bin': 10, 'config.json': '{}' }, /pytorch_model\.bin: pickles of Python's/],
    [{ 'adapter_config.json': '{}', 'adapter_model.safetensors': 10 }, /holds an adapter/],
    [{ 'README.md': 'hello' }, /expected weights in \.safetensors or \.gguf, found README\.md/],
  ])('a repository with nothing that runs: %j', async (files, message) => {
    const hub = await startHub()
    hub.add('org/model', files)
    await expect(storeOf(hub).pull(MODEL)).rejects.toMatchObject({
      code: 'unsupported_format',
      message: expect.stringMatching(message) as string,
    })
    expect(hub.stats.bytes).toBe(0)
  })

  it('a server that always fails, after its tries, and keeps what came', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    hub.after(5_000_000, () => Object.assign(hub.faults, { p503: 1, cut: 1 }))
    await expect(storeOf(hub, folder).pull(MODEL)).rejects.toMatchObject({ code: 'network' })
    hub.faults = {}
    await storeOf(hub, folder).pull(MODEL)
    expect(hub.stats.bytes).toBeLessThan(1.6 * NEEDED)
  })

  it('a wait of hours', async () => {
    const fetch = () => Promise.resolve(new Response('', { status: 429, headers: { 'retry-after': '7200' } }))
    const asked = storeOf('http://127.0.0.1:9', temporaryFolder(), { fetch }).pull(MODEL)
    await expect(asked).rejects.toThrow(/wants fewer requests \(429\)/)
  })

  it('numbers of lanes and patterns that leave nothing', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const store = storeOf(hub)
    await expect(store.pull(MODEL, { lanes: 17 })).rejects.toThrow(/from 1 to 16, found 17/)
    await expect(store.pull(MODEL, { include: ['*.onnx'] })).rejects.toThrow(/the patterns leave none/)
    const some = await store.pull(MODEL, { exclude: ['*.safetensors'] })
    expect(some).toMatchObject({ complete: false, files: ['config.json', 'tokenizer.json'] })
  })
})

describe('the disk', () => {
  it('is too small: said before the first byte, with both numbers', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 200_000 })
    const huge = files.get('model.safetensors')!
    Object.defineProperty(huge.bytes, 'length', { value: 2 ** 50 })
    await expect(storeOf(hub).pull(MODEL)).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(
        /the download needs 1126 TB \(1125899906842\d+ bytes\), and the disk has .* free/,
      ) as string,
    })
    expect(hub.stats.bytes).toBe(0)
  })

  it('without links holds the files themselves', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const environment = { HF_HOME: folder, HF_ENDPOINT: hub.endpoint, HF_HUB_DISABLE_SYMLINKS: '1' }
    const store = storeOf(hub, folder, { environment })
    const model = await store.pull(MODEL)
    expect(readdirSync(model.folder, { withFileTypes: true }).every((entry) => entry.isFile())).toBe(true)
    await store.pull(MODEL)
    expect(hub.stats.bytes).toBe(NEEDED)
    expect((await store.verify(MODEL)).map(({ state }) => state)).toEqual(['right', 'right', 'right', 'right'])
  })

  it('that cannot be written is said so', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    if (process.getuid?.() === 0) {
      // Nothing is forbidden to root; a file in place of the folder is in the way of anybody.
      const refused = {
        code: 'access_denied',
        message: expect.stringMatching(/found a file.*(ENOTDIR|EEXIST)/) as string,
      }
      await expect(storeOf(hub, join(file, 'cache')).pull(MODEL)).rejects.toMatchObject(refused)
      await expect(storeOf(hub, file).pull(MODEL)).rejects.toMatchObject(refused)
      return
    }
    const folder = temporaryFolder()
    chmodSync(folder, 0o500)
    await expect(storeOf(hub, folder).pull(MODEL)).rejects.toThrow(/cannot be written/)
  })
})

describe('two at once', () => {
  it('share one download, in one process too', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const phases = new Set<string>()
    const onProgress = ({ phase }: PullProgress) => phases.add(phase)
    const pulls = [1, 2].map(() => storeOf(hub, folder).pull(MODEL, { onProgress }))
    for (const model of await Promise.all(pulls)) expect(model).toMatchObject({ complete: true })
    expect(hub.stats.bytes).toBeLessThan(1.05 * NEEDED)
    expect(phases).toContain('waiting')
  })

  it('do not wait for a lock whose process is gone', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const locks = join(folder, '.locks/models--org--model')
    mkdirSync(locks, { recursive: true })
    const { hostname } = await import('node:os')
    for (const { sha256, gitSha1, isLarge } of files.values())
      writeFileSync(
        join(locks, `${isLarge ? sha256 : gitSha1}.kaiyuan`),
        JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }),
      )
    expect(await storeOf(hub, folder).pull(MODEL)).toMatchObject({ complete: true })
    expect(readdirSync(locks)).toEqual([])
  })
})

describe('rm, verify and prune', () => {
  it('a file that was altered on the disk is found, taken out and fetched again', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const store = storeOf(hub, folder)
    const model = await store.pull(MODEL)
    const blob = join(folder, 'models--org--model/blobs', files.get('model-00002-of-00002.safetensors')!.sha256)
    const bytes = readFileSync(blob)
    bytes[1_234_567]! ^= 1
    writeFileSync(blob, bytes)
    const states = Object.fromEntries((await store.verify(MODEL)).map(({ path, state }) => [path, state]))
    expect(states).toEqual({
      'config.json': 'right',
      'tokenizer.json': 'right',
      'model-00001-of-00002.safetensors': 'right',
      'model-00002-of-00002.safetensors': 'wrong',
    })
    expect(await store.find(MODEL)).toBeDefined()
    await store.verify(undefined, { repair: true })
    expect(await store.find(MODEL)).toBeUndefined()
    await store.pull(MODEL)
    expect(hub.stats.bytes).toBe(NEEDED + 3_000_001)
    expect((await store.verify(MODEL)).every(({ state }) => state === 'right')).toBe(true)
    expect(model.bytes).toBe(NEEDED)
  })

  it('rm keeps what another revision or quantisation has, and leaves nothing of the last', async () => {
    const hub = await startHub({ pageSize: 100 })
    hub.add('org/model', { 'a-Q8_0.gguf': 300_000, 'a-Q4_K_M.gguf': 200_000, LICENSE: 'free' })
    const folder = temporaryFolder()
    const store = storeOf(hub, folder)
    await store.pull({ ...MODEL, tag: 'Q8_0' })
    await store.pull({ ...MODEL, tag: 'Q4_K_M' })
    await expect(store.remove({ ...MODEL, tag: 'Q6_K' })).rejects.toThrow(
      /no such model in the cache. There are: org\/model:Q4_K_M, org\/model:Q8_0/,
    )
    expect((await store.remove({ ...MODEL, tag: 'q8_0' })).bytes).toBe(300_000)
    expect((await store.list()).map(({ name }) => name)).toEqual(['org/model:Q4_K_M'])
    expect((await store.remove(MODEL)).bytes).toBe(200_004)
    expect(readdirSync(folder).filter((name) => name.startsWith('models'))).toEqual([])
    await expect(store.remove(MODEL)).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('prune deletes what nobody names and nobody fetches, and says it before', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const store = storeOf(hub, folder)
    const model = await store.pull(MODEL)
    const blobs = join(folder, 'models--org--model/blobs')
    const orphan = join(blobs, 'ab'.repeat(32))
    const { utimesSync } = await import('node:fs')
    writeFileSync(orphan, 'orphan')
    utimesSync(orphan, 1, 1)
    writeFileSync(join(blobs, 'young'), 'somebody is about to link it')
    writeFileSync(join(blobs, `${'cd'.repeat(32)}.kaiyuan`), 'part')
    symlinkSync('nowhere', join(model.folder, `config.json.${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}.tmp`))
    const planned = await store.prune({ dryRun: true })
    expect(existsSync(orphan)).toBe(true)
    expect(planned.paths.length).toBe(3)
    expect((await store.prune()).paths).toEqual(planned.paths)
    expect(existsSync(orphan)).toBe(false)
    expect(readdirSync(blobs)).toContain('young')
    expect(await store.find(MODEL)).toBeDefined()
    expect((await store.prune()).paths).toEqual([])
  })

  it('a reader keeps its file while it is deleted', async () => {
    const hub = await startHub()
    hub.add('org/model', FILES)
    const store = storeOf(hub)
    const model = await store.pull(MODEL)
    const { nodeFiles } = await import('../../src/checkpoint/files/node.js')
    const source = (await (await nodeFiles(model.folder)).open('model-00001-of-00002.safetensors'))!
    await source.read(0, 10)
    await store.remove(MODEL)
    expect((await source.read(1_000_000, 10)).length).toBe(10)
    await source.close()
    await expect(nodeFiles(model.folder)).rejects.toBeInstanceOf(UserError)
  })
})
