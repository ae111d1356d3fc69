// Processes that are killed while they pull: nothing is lost but what was on its way, and nothing is ever half there.
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MODEL, startHub, storeOf, temporaryFolder } from '../store/fixture.js'
import { randomFrom, type FakeHub } from '../store/hub.mjs'
import { startPull } from './store-processes.js'

const MIB = 2 ** 20
const LANES = 4

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Bytes that were sent more than once. */
function sentTwice(hub: FakeHub): number {
  return [...hub.repositories.get('org/model')!.files.values()]
    .map(({ sha256, bytes }) => (hub.stats.begun.get(sha256) ?? []).reduce((sum, sent) => sum + sent, 0) - bytes.length)
    .reduce((sum, more) => sum + Math.max(0, more), 0)
}

describe('kill -9', () => {
  it('100 times during a pull of 1 GB: the same bytes, and no more twice than a block a connection', async () => {
    const KILLS = 100
    const hub = await startHub({ pageSize: 100 })
    const sizes = { 'model-00001-of-00003.safetensors': 600 * MIB + 5, 'model-00002-of-00003.safetensors': 300 * MIB }
    const { files } = hub.add('org/model', {
      'config.json': '{}',
      ...sizes,
      'model-00003-of-00003.safetensors': 100 * MIB + 1,
    })
    // So slowly that little waits in the buffers of sockets, which no process has fetched and which count as sent.
    hub.faults.delayMs = 8
    const folder = temporaryFolder()
    const random = randomFrom(42)
    const share = (1000 * MIB) / KILLS
    let kills = 0
    while (kills < KILLS) {
      const { child, outcome } = startPull({ endpoint: hub.endpoint, folder, lanes: LANES })
      // One in five while it starts, reads its journals or has just begun; the others somewhere on the way.
      if (random() < 0.2) setTimeout(() => child.kill('SIGKILL'), 1500 * random())
      else hub.after(hub.stats.bytes + 1.8 * share * random(), () => child.kill('SIGKILL'))
      const { status } = await outcome
      if (status !== undefined) {
        expect(status).toBe(0)
        break
      }
      kills++
      expect(await storeOf(hub, folder).find(MODEL)).toBeUndefined()
    }
    expect(kills).toBe(KILLS)
    const model = await storeOf(hub, folder).pull(MODEL)
    for (const { path, sha256 } of files.values())
      if (path !== 'config.json') expect(await sha256Of(join(model.folder, path))).toBe(sha256)
    const twice = sentTwice(hub)
    console.log(
      `${kills} kills: ${(twice / kills / MIB).toFixed(2)} MiB sent twice a kill, of ${LANES} MiB on their way at most`,
    )
    // And what lay in the buffers of its sockets: half a MiB a connection, where the machine is busy.
    expect(twice).toBeLessThan(1.5 * kills * LANES * MIB)
  })

  it('at the end, where files get their names: a model is found whole or not at all', async () => {
    const hub = await startHub({ pageSize: 100 })
    const shards = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `model-${String(i + 1).padStart(5, '0')}-of-00012.safetensors`,
        2 * MIB + i,
      ]),
    )
    const { files } = hub.add('org/model', { 'config.json': '{}', 'tokenizer.json': '{"a": 1}', ...shards })
    const folder = temporaryFolder()
    const random = randomFrom(7)
    const begun = performance.now()
    expect((await startPull({ endpoint: hub.endpoint, folder, lanes: LANES }).outcome).status).toBe(0)
    const whole = performance.now() - begun
    let found = 0
    for (let i = 0; i < 50; i++) {
      const { child, outcome } = startPull({ endpoint: hub.endpoint, folder, lanes: LANES })
      // What earlier ones have left is little, so that many end between the last byte and the branch.
      const timer = setTimeout(() => child.kill('SIGKILL'), whole * (0.5 + 0.6 * random()))
      await outcome
      clearTimeout(timer)
      const model = await storeOf(hub, folder).find(MODEL)
      if (!model) continue
      found++
      for (const { path, sha256 } of files.values()) expect(await sha256Of(join(model.folder, path))).toBe(sha256)
      await storeOf(hub, folder).remove(MODEL)
    }
    const store = storeOf(hub, folder)
    const model = await store.pull(MODEL)
    expect((await store.verify(MODEL)).every(({ state }) => state === 'right')).toBe(true)
    await store.prune()
    const blobs = readdirSync(join(folder, 'models--org--model/blobs'))
    expect(blobs.length).toBe(files.size)
    expect(existsSync(model.open)).toBe(true)
    console.log(`${found} of 50 were whole`)
  })

  it('of one of two processes that pull the same: the other continues', async () => {
    const hub = await startHub({ pageSize: 100 })
    hub.add('org/model', { 'config.json': '{}', 'model.safetensors': 60 * MIB })
    hub.faults.delayMs = 8
    const folder = temporaryFolder()
    const options = { endpoint: hub.endpoint, folder, lanes: LANES }
    const first = startPull(options)
    await new Promise<void>((resolve) => hub.after(10 * MIB, resolve))
    const second = startPull(options)
    hub.after(30 * MIB, () => first.child.kill('SIGKILL'))
    expect((await first.outcome).status).toBeUndefined()
    expect((await second.outcome).status).toBe(0)
    expect(sentTwice(hub)).toBeLessThan(3 * LANES * MIB)
  })
})

describe('two processes', () => {
  it('that pull the same share one download', async () => {
    const hub = await startHub({ pageSize: 100 })
    const sizes = { 'model-00001-of-00002.safetensors': 80 * MIB, 'model-00002-of-00002.safetensors': 40 * MIB }
    hub.add('org/model', { 'config.json': '{}', ...sizes })
    const folder = temporaryFolder()
    const pulls = [1, 2].map(() => startPull({ endpoint: hub.endpoint, folder }))
    for (const { outcome } of pulls) expect(await outcome).toMatchObject({ status: 0, model: { complete: true } })
    expect(hub.stats.bytes).toBeLessThan(1.05 * 120 * MIB)
  })
})
