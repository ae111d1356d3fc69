// The commands of the store, and names in the library, with a hub on this machine. What people type first: test/long/store-names.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { askAt, askBefore, type Desk } from '../../src/cli/store/consent.js'
import { fetchModel } from '../../src/cli/store/fetch-model.js'
import { storeName } from '../../src/cli/store/local-model.js'
import { loadEngine } from '../../src/engine/load.js'
import { planModel } from '../../src/engine/measure/headers.js'
import { openStore } from '../../src/store/open.js'
import { fixture, freshMachine, kaiyuan, knownSpeed, type Machine } from './machine.js'

let machine: Machine
beforeEach(async () => {
  machine = await freshMachine()
})

describe('the store by its commands', () => {
  it('pull, list, verify, prune and rm say what they did, once on a pipe', async () => {
    const pulled = await kaiyuan('pull', 'Qwen/Qwen3-0.6B')
    expect(pulled.err).toMatch(
      /^Qwen\/Qwen3-0\.6B: 4\.29 MB in 5 files, 4\.29 MB fetched in \d+ s \(.*\/s\), each byte checked\n$/,
    )
    const listed = await kaiyuan('list')
    expect(listed.out).toMatch(
      /NAME +SIZE +FAMILY +LAST USED +WHERE\nQwen\/Qwen3-0\.6B +4\.29 MB +deepseek_v3 +today +\//,
    )
    expect((await kaiyuan('verify')).out).toBe('5 files of 5 right, 4.29 MB read\n')
    expect((await kaiyuan('pull', 'Qwen/Qwen3-0.6B')).err).toContain(
      '4.29 MB in 5 files, here before; kaiyuan verify Qwen/Qwen3-0.6B checks each byte',
    )
    const blobs = join(machine.cache, 'hub/models--Qwen--Qwen3-0.6B/blobs')
    const { bytes } = JSON.parse((await kaiyuan('prune', '--json')).out) as { bytes: number }
    expect(bytes).toBe(0)
    expect(readdirSync(blobs)).toHaveLength(5)
    expect((await kaiyuan('rm', 'Qwen/Qwen3-0.6B')).out).toBe('Qwen/Qwen3-0.6B: deleted, 4.29 MB are free again\n')
    expect((await kaiyuan('list')).out).toContain('no models in')
    expect((await kaiyuan('rm', 'Qwen/Qwen3-0.6B')).failure).toContain('Qwen/Qwen3-0.6B')
  })

  it('counts files without a known hash as unknown, and refuses a cache that is no folder', async () => {
    const snapshot = join(machine.cache, 'hub/models--org--plain/snapshots', 'a'.repeat(40))
    const { mkdirSync, writeFileSync } = await import('node:fs')
    mkdirSync(snapshot, { recursive: true })
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) writeFileSync(join(snapshot, name), '{}')
    const { out } = await kaiyuan('verify')
    expect(out).toMatch(/0 files of 3 right, 3 unknown \(their hub named no hash\), 0 bytes read\n$/)
    const file = join(machine.cache, 'hub-file')
    writeFileSync(file, '')
    await expect(openStore({ folder: file }).list()).rejects.toThrow(
      'hub-file: expected the folder of a cache; found a file',
    )
  })

  it('verify finds a changed byte, and a pull fetches that file again alone', async () => {
    const { open } = JSON.parse((await kaiyuan('pull', 'qwen3:0.6b', '--json')).out) as { open: string }
    const { chmodSync, realpathSync, writeFileSync } = await import('node:fs')
    const blob = realpathSync(open)
    const bytes = readFileSync(blob)
    bytes[bytes.length >> 1]! ^= 1
    chmodSync(blob, 0o644)
    writeFileSync(blob, bytes)
    const found = await kaiyuan('verify', 'qwen3:0.6b')
    expect(found.failure).toContain('is not what the hub has. kaiyuan verify --repair')
    expect((await kaiyuan('verify', 'qwen3:0.6b', '--repair')).failure).toContain('kaiyuan pull')
    expect((await kaiyuan('pull', 'qwen3:0.6b')).failure).toBeUndefined()
    expect((await kaiyuan('verify', 'qwen3:0.6b')).failure).toBeUndefined()
  })

  it('a lab in place of a conversion that is not there, and says so', async () => {
    machine.hub.repositories.delete('Qwen/Qwen3-0.6B-GGUF')
    const { err, failure } = await kaiyuan('pull', 'qwen3:0.6b')
    expect(failure).toBeUndefined()
    expect(err).toContain('trying Qwen/Qwen3-0.6B\n')
  })

  it('models, search and store know what is here and what runs here', async () => {
    knownSpeed(machine, 50e9)
    await kaiyuan('pull', 'qwen3:0.6b')
    const all = (await kaiyuan('models', '--all', '--json')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; here: boolean })
    expect(all.filter(({ here }) => here).map(({ name }) => name)).toEqual(['qwen3:0.6b'])
    const short = (await kaiyuan('models')).out.split('\n')
    expect(short.length).toBeLessThanOrEqual(14)
    expect(short.some((line) => /^qwen3:0\.6b .* yes +51 tok\/s +Apache-2\.0 +here$/.test(line))).toBe(true)
    expect((await kaiyuan('store')).out).toContain(': 1 model, ')
    expect((await kaiyuan('search', 'qwen')).failure).toBeUndefined()
  })
})

describe('the library by name', () => {
  it('loads a model that it fetches once', async () => {
    const engine = await loadEngine('Qwen/Qwen3-0.6B', { threads: 1 })
    expect(engine.info.vocabSize).toBeGreaterThan(0)
    await engine.close()
    const before = machine.asked()
    await (await loadEngine('Qwen/Qwen3-0.6B', { threads: 1 })).close()
    expect(machine.asked()).toBe(before)
  })

  it('plans one from the hub, and keeps nothing', async () => {
    const { architecture, fit } = await planModel('Qwen/Qwen3-0.6B')
    expect(architecture).toBe('deepseek_v3')
    expect(fit?.fits).toBe(true)
    expect(readdirSync(machine.cache)).toEqual([])
  })

  it('refuses a model that does not fit before its first byte', async () => {
    const config = JSON.parse(readFileSync(fixture('test/fixtures/golden/qwen3/config.json'), 'utf8')) as object
    const huge = {
      ...config,
      num_hidden_layers: 80,
      hidden_size: 32768,
      intermediate_size: 131072,
      head_dim: 128,
      num_attention_heads: 256,
      num_key_value_heads: 64,
    }
    machine.hub.add('org/huge', { 'config.json': JSON.stringify(huge), 'model.safetensors': 1000 })
    await expect(loadEngine('org/huge')).rejects.toMatchObject({
      code: 'out_of_memory',
    })
    expect(machine.hub.stats.ranges).toBe(0)
  })
})

describe('a command that needs a model of more than 2 GB', () => {
  const offer = { name: 'org/model', bytes: 3_000_000_000 }
  const desk = (typed?: string): Desk => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    if (typed !== undefined) input.end(typed)
    const isTTY = typed !== undefined
    return { input: Object.assign(input, { isTTY }), output: Object.assign(output, { isTTY }) }
  }

  it('asks before it fetches it', async () => {
    for (const typed of ['\n', 'y\n', ' Yes\n']) await askBefore(offer, undefined, askAt(desk(typed)))
    for (const typed of ['n\n', 'no\n', 'what?\n', ''])
      await expect(askBefore(offer, undefined, askAt(desk(typed)))).rejects.toMatchObject({
        code: 'aborted',
        message: expect.stringContaining('kaiyuan pull org/model') as string,
      })
  })

  it('does not where it was told to continue, or where it is less', async () => {
    await askBefore(offer, true, askAt(desk()))
    await askBefore({ ...offer, bytes: 1_900_000_000 }, undefined, askAt(desk()))
  })

  it('says that nothing was fetched to who says no, and asks by what has the terminal', async () => {
    const config = readFileSync(fixture('models/mini/config.json'))
    const { files } = machine.hub.add('org/large', { 'config.json': config, 'model.safetensors': 1000 })
    // Of a size that this machine need not have.
    Object.assign(files.get('model.safetensors')!, { bytes: { length: 2_500_000_000 } })
    const asked: string[] = []
    const mayAsk = (question: string): Promise<string> => {
      asked.push(question)
      return Promise.resolve('n')
    }
    await expect(fetchModel(storeName('org/large'), { force: true }, { mayAsk, force: true })).rejects.toMatchObject({
      code: 'aborted',
      message: 'org/large: nothing was fetched. Whenever it suits: kaiyuan pull org/large',
    })
    expect(asked).toEqual(['org/large: fetch 2.50 GB now? [Y/n] '])
  })

  it('refuses where nobody can be asked, with what to type', async () => {
    await expect(askBefore(offer, undefined, askAt(desk()))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/3(?:\.00?)? GB.*kaiyuan pull org\/model.*--yes/) as string,
    })
  })
})
