// The faults of test/store at the size of a model: shares of what is served mean something only there.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FAULTS } from '../store/fault-cases.js'
import { MODEL, QUICK, startHub, storeOf, temporaryFolder } from '../store/fixture.js'

const MIB = 2 ** 20
const FILES = {
  'config.json': '{}',
  'tokenizer.json': 'x'.repeat(90_000),
  'model-00001-of-00002.safetensors': 600 * MIB,
  'model-00002-of-00002.safetensors': 40 * MIB + 12_345,
}
const NEEDED = 640 * MIB + 12_345 + 90_002

describe('a pull of 640 MB ends well, with little served twice', () => {
  it.each(FAULTS)('$name', async ({ name, faults, most }) => {
    const hub = await startHub({ seed: 5 })
    const { files } = hub.add('org/model', FILES)
    // Shares of requests of 16 MiB: what one that breaks has brought is kept but for a piece.
    Object.assign(hub.faults, faults, faults.expiryMs !== undefined && { expiryMs: 1000 })
    const patience = { ...QUICK, ...(faults.stall !== undefined && { stallMs: 2000 }) }
    const model = await storeOf(hub, temporaryFolder(), { patience }).pull(MODEL, { token: 'secret' })
    for (const { path, sha256 } of files.values()) {
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(join(model.folder, path))) hash.update(chunk as Buffer)
      expect(hash.digest('hex')).toBe(sha256)
    }
    const { bytes, resolves, renamed, leaked } = hub.stats
    console.log(`${name}: served ${(bytes / NEEDED).toFixed(3)} of what is needed, ${resolves} resolves`)
    expect(bytes).toBeLessThan(most * NEEDED)
    expect(leaked).toBe(0)
    // A version that seems to be another is a reason to ask again, once each time.
    if (faults.expiryMs === undefined && faults.gone === undefined)
      expect(resolves).toBeLessThanOrEqual(2 * files.size + renamed)
  })

  it('with a byte of the unfinished file spoilt: a piece of it again', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 100 * MIB })
    const folder = temporaryFolder()
    const controller = new AbortController()
    hub.after(60 * MIB, () => controller.abort())
    await expect(storeOf(hub, folder).pull(MODEL, { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    const part = join(folder, 'models--org--model/blobs', `${files.get('model.safetensors')!.sha256}.kaiyuan`)
    const { openSync, readSync, writeSync, closeSync } = await import('node:fs')
    const handle = openSync(part, 'r+')
    const byte = Buffer.alloc(1)
    readSync(handle, byte, 0, 1, 5_000_000)
    writeSync(handle, Buffer.of(byte[0]! ^ 1), 0, 1, 5_000_000)
    closeSync(handle)
    await storeOf(hub, folder).pull(MODEL)
    const sent = hub.stats.begun.get(files.get('model.safetensors')!.sha256)!
    expect(sent[4]).toBe(2 * MIB)
    // The others: what was on its way when it was ended, and in the buffers of four connections.
    expect(hub.stats.bytes).toBeLessThan(101 * MIB + 8 * MIB + 16 * MIB)
  })
})

describe('a storm of 429', () => {
  it('is waited out as the hub asks, without hammering it', async () => {
    const hub = await startHub({ pageSize: 100 })
    hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 20 * MIB })
    Object.assign(hub.faults, { p429: 1, limitSeconds: 1 })
    setTimeout(() => (hub.faults.p429 = 0), 3500)
    expect(await storeOf(hub).pull(MODEL)).toMatchObject({ complete: true })
    expect(hub.stats.limited).toBeGreaterThan(1)
    // One request waits, the others for it.
    expect(hub.stats.limited).toBeLessThan(8)
    expect(hub.stats.bytes).toBe(20 * MIB + 2)
  })
})

/** A disk of 64 MB, where one may be mounted. */
function smallDisk(): string | undefined {
  const folder = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'none', folder], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return folder
}

describe('a disk of 64 MB', () => {
  it('is said to be full, with bytes and folder; once there is space the pull continues', async (test) => {
    const folder = smallDisk()
    if (folder === undefined) return test.skip('no tmpfs can be mounted here')
    const hub = await startHub({ pageSize: 100 })
    hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 50 * MIB })
    writeFileSync(join(folder, 'other'), Buffer.alloc(40 * MIB))
    const store = storeOf(hub, folder)
    await expect(store.pull(MODEL)).rejects.toThrow(
      /the download needs 52\.4 MB \(\d+ bytes\), and the disk has .* free/,
    )
    expect(hub.stats.bytes).toBe(0)
    await expect(store.pull(MODEL, { force: true })).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/the disk is full; the download needs .* more .*What came is kept/) as string,
    })
    expect((await store.list()).map(({ complete }) => complete)).toEqual([false])
    rmSync(join(folder, 'other'))
    expect(await store.pull(MODEL, { force: true })).toMatchObject({ complete: true })
    // Four requests of 7 MiB were on their way when the disk was full.
    expect(hub.stats.bytes).toBeLessThan(50 * MIB + 32 * MIB)
    expect((await store.verify(MODEL)).every(({ state }) => state === 'right')).toBe(true)
  })
})
