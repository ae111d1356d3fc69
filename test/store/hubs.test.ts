// What hubs say, and what a person is told: names, permissions, networks, and lists that nobody should trust.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MODEL, QUICK, startHub, storeOf, temporaryFolder } from './fixture.js'

const TINY = { 'config.json': '{"model_type": "qwen3"}', 'model.safetensors': 200_000 }

describe('a hub refuses', () => {
  it('a name that it does not know, with and without a token', async () => {
    const hub = await startHub()
    const store = storeOf(hub)
    await expect(store.pull(MODEL)).rejects.toMatchObject({ code: 'model_not_found' })
    await expect(store.pull(MODEL)).rejects.toThrow(/org\/model: the hub knows no such model\. .*typo.*set HF_TOKEN/)
    await expect(store.pull(MODEL, { token: 'x' })).rejects.toThrow(/the token in use may not read it/)
  })

  it('a gated model, and says where to accept its terms', async () => {
    const hub = await startHub()
    hub.add('org/model', TINY, { gated: 'manual', token: 'good' })
    const store = storeOf(hub)
    await expect(store.pull(MODEL)).rejects.toMatchObject({ code: 'access_denied' })
    await expect(store.pull(MODEL)).rejects.toThrow(
      /Open https:\/\/huggingface\.co\/org\/model and accept them, then set HF_TOKEN/,
    )
    await expect(store.pull(MODEL, { token: 'bad' })).rejects.toThrow(
      /with the account that the token in use belongs to/,
    )
    expect(await store.pull(MODEL, { token: 'good' })).toMatchObject({ complete: true })
    expect(hub.stats.leaked).toBe(0)
  })

  it('a revision, and a file that is gone', async () => {
    const hub = await startHub()
    const { files } = hub.add('org/model', TINY)
    await expect(storeOf(hub).pull({ ...MODEL, revision: 'v9' })).rejects.toThrow(/there is no revision v9/)
    const store = storeOf(hub)
    const listing = await store.listing(MODEL)
    files.clear()
    await expect(listing.files[1]!.address()).rejects.toMatchObject({ code: 'file_changed' })
  })
})

describe('a token', () => {
  it('of the environment goes to the hub, and neither to a mirror nor to where the bytes are', async () => {
    const hub = await startHub()
    hub.add('org/model', TINY, { token: 'good' })
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'token'), 'good\n')
    const own = (more: Record<string, string>) =>
      storeOf(hub, temporaryFolder(), { environment: { HF_HOME: folder, HF_ENDPOINT: hub.endpoint, ...more } })
    expect(await own({}).pull(MODEL)).toMatchObject({ complete: true })
    expect(await own({ HF_TOKEN_PATH: '/nothing', HF_TOKEN: 'good' }).pull(MODEL)).toMatchObject({ complete: true })
    await expect(own({ HF_HUB_DISABLE_IMPLICIT_TOKEN: 'YES' }).pull(MODEL)).rejects.toThrow(/no such model/)
    expect(hub.stats.leaked).toBe(0)
    const asked: (string | null)[] = []
    const fetch = (_: string, init?: RequestInit) => {
      asked.push(new Headers(init?.headers).get('authorization'))
      return Promise.resolve(new Response('', { status: 401 }))
    }
    for (const endpoint of ['https://hf-mirror.com', 'https://huggingface.co', 'http://huggingface.co'])
      await expect(
        storeOf(endpoint, folder, { endpoint, fetch, environment: { HF_TOKEN: 'good' } }).pull(MODEL),
      ).rejects.toThrow()
    expect(asked).toEqual([null, 'Bearer good', null])
    await expect(
      storeOf('', folder, { endpoint: 'https://hf-mirror.com', fetch }).pull(MODEL, { token: 'given' }),
    ).rejects.toThrow()
    expect(asked.at(-1)).toBe('Bearer given')
  })
})

describe('a network', () => {
  it('without an answer is said so, with what to check', async () => {
    const store = storeOf('http://127.0.0.1:9')
    await expect(store.pull(MODEL)).rejects.toMatchObject({ code: 'network' })
    await expect(store.pull(MODEL)).rejects.toThrow(/no answer \(.*ECONNREFUSED.*\)\. Check the network, HTTPS_PROXY/)
  })

  it('that shows a page of its own is told from a hub', async () => {
    const hub = await startHub()
    hub.add('org/model', TINY)
    hub.faults.portal = 1
    await expect(storeOf(hub).pull(MODEL)).rejects.toThrow(/found a web page in place of the file.*login first/)
  })

  it('with a mirror continues there, also in the middle', async () => {
    const first = await startHub()
    const second = await startHub()
    for (const hub of [first, second]) hub.add('org/model', { ...TINY, 'model.safetensors': 6_000_000 })
    first.faults.delayMs = 1
    const folder = temporaryFolder()
    const environment = { HF_HOME: folder, HF_ENDPOINT: first.endpoint, KAIYUAN_MIRRORS: second.endpoint }
    first.after(4_000_000, () => first.close())
    const store = storeOf(first, folder, { environment })
    expect(await store.pull(MODEL, { lanes: 1 })).toMatchObject({ complete: true })
    expect(second.stats.bytes).toBeLessThan(6_100_000 - 3 * 2 ** 20)
    expect(await storeOf(first, temporaryFolder(), { environment }).pull(MODEL)).toMatchObject({ complete: true })
  })

  it('with a proxy goes through it, unless NO_PROXY names the host', async () => {
    const hub = await startHub()
    hub.add('org/model', TINY)
    const seen: string[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      seen.push(request.url!)
      const [host, port] = request.url!.split(':')
      void import('node:net').then(({ connect }) => {
        const onward = connect(Number(port), host, () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
          onward.pipe(socket).pipe(onward)
        })
        onward.on('error', () => socket.destroy())
        socket.on('error', () => onward.destroy())
      })
    })
    onTestFinished(() => void proxy.close())
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`
    const through = (more: Record<string, string>) =>
      storeOf(hub, temporaryFolder(), {
        environment: { HF_HOME: temporaryFolder(), HF_ENDPOINT: hub.endpoint, HTTP_PROXY: address, ...more },
      })
    expect(await through({}).pull(MODEL)).toMatchObject({ complete: true })
    const hosts = new Set(seen)
    expect(hosts).toEqual(new Set([new URL(hub.endpoint).host, new URL(hub.cdn).host]))
    seen.length = 0
    await through({ NO_PROXY: 'localhost,127.0.0.1' }).pull(MODEL)
    expect(seen).toEqual([])
  })
})

describe('a list', () => {
  it.each(['../escape.json', 'a//b.json', 'C:\\x.json', '/etc/x.json'])('with %s is not followed', async (path) => {
    const hub = await startHub({ pageSize: 100 })
    hub.add('org/model', { ...TINY, [path]: '{}' })
    const folder = temporaryFolder()
    await expect(storeOf(hub, folder).pull(MODEL, { include: ['**'] })).rejects.toThrow(
      /does not stay inside of its folder/,
    )
    expect(hub.stats.bytes).toBe(0)
  })

  it('with one file twice on many disks is refused, where both are needed', async () => {
    const hub = await startHub()
    hub.add('org/model', { ...TINY, 'Config.json': '{}' })
    await expect(storeOf(hub).pull(MODEL)).rejects.toThrow(/one file on many disks/)
  })

  it('of 5,000 files in many pages, some of them through the hub that a mirror leads to', async () => {
    const hub = await startHub({ pageSize: 250 })
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`other/${i}.txt`, 'x']))
    hub.add('org/model', { ...TINY, ...many })
    hub.listOrigin = 'https://huggingface.co'
    const listing = await storeOf(hub).listing(MODEL)
    expect(listing.files.length).toBe(5_002)
    expect(hub.stats.api).toBe(22)
  })

  it('that leads to a page that came already is not followed for ever, and to another host without a token', async () => {
    const asked: [string, string | null][] = []
    const pages = (next: string) => (url: string, init?: RequestInit) => {
      asked.push([new URL(url).host, new Headers(init?.headers).get('authorization')])
      if (asked.length > 20) return Promise.reject(new Error('too many'))
      if (url.includes('/revision/')) return Promise.resolve(Response.json({ sha: 'a'.repeat(40) }))
      return Promise.resolve(Response.json([], { headers: { link: `<${next}>; rel="next"` } }))
    }
    const listing = (next: string) => {
      const options = { endpoint: 'https://huggingface.co', fetch: pages(next), patience: { ...QUICK, tries: 1 } }
      return storeOf('', temporaryFolder(), options).listing(MODEL, { token: 'good' })
    }
    await expect(listing('?cursor=1')).rejects.toThrow(/expected the next page .* found one that came already/)
    asked.length = 0
    await expect(listing('https://example.org/pages')).rejects.toThrow(/found one that came already/)
    const good = 'Bearer good'
    expect(asked).toEqual([...['huggingface.co', 'huggingface.co'].map((host) => [host, good]), ['example.org', null]])
    await expect(listing('https://')).rejects.toThrow(/expected the address of a page/)
  })

  it('of a model that was renamed is found under its old name', async () => {
    const hub = await startHub()
    hub.add('org/new', TINY, { token: 'good' })
    hub.add('org/model', {}, { renamed: 'org/new' })
    expect(await storeOf(hub).pull(MODEL, { token: 'good' })).toMatchObject({ complete: true, name: 'org/model' })
  })
})

describe('other sources', () => {
  it('ModelScope: every file has its sha256, and shares the cache', async () => {
    const hub = await startHub()
    hub.add('org/model', TINY)
    const folder = temporaryFolder()
    const store = storeOf(hub, folder)
    const model = await store.pull({ source: 'modelscope', id: 'org/model' })
    expect(model).toMatchObject({ complete: true, name: 'modelscope://org/model' })
    const bytes = hub.stats.bytes
    expect(bytes).toBe(200_000 + TINY['config.json'].length)
    await store.pull(MODEL)
    // The weights are there by their sha256; the hub names small files by git's hash.
    expect(hub.stats.bytes - bytes).toBe(TINY['config.json'].length)
    await expect(store.pull({ source: 'modelscope', id: 'org/none' })).rejects.toMatchObject({
      code: 'model_not_found',
    })
    await expect(store.pull({ source: 'modelscope', id: 'org/model', revision: 'v9' })).rejects.toThrow(
      /ModelScope refuses \(code 10010205001/,
    )
    expect((await store.search('mod', { source: 'modelscope' })).map(({ name }) => name)).toEqual(['org/model'])
  })

  it('a web folder, by its index and its SHA256SUMS; and one GGUF file', async () => {
    const hub = await startHub()
    const index = JSON.stringify({
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
    })
    const files = {
      'config.json': '{}',
      'model.safetensors.index.json': index,
      'model-00001-of-00002.safetensors': 1_500_000,
    }
    const { files: rows } = hub.add('org/model', { ...files, 'model-00002-of-00002.safetensors': 100 })
    const sums = [...rows.values()].map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('')
    hub.add('org/summed', { ...files, 'model-00002-of-00002.safetensors': 100, SHA256SUMS: sums })
    hub.add('org/broken', files)
    hub.add('org/merged', { 'config.json': '{}', 'model.safetensors.index.json': index, 'model.safetensors': 1000 })
    hub.add('org/one', { 'm.gguf': 2_500_000, 's-00001-of-00002.gguf': 300_000, 's-00002-of-00002.gguf': 200_000 })
    const store = storeOf(hub)
    const at = (path: string) => ({ source: 'http', id: `${hub.endpoint}/folder/${path}` }) as const
    expect(await store.pull(at('org/model'))).toMatchObject({ complete: true })
    const summed = await store.pull(at('org/summed/'))
    expect((await store.verify(at('org/summed/'))).every(({ state }) => state === 'right')).toBe(true)
    expect(summed.files.length).toBe(4)
    await expect(store.pull(at('org/broken'))).rejects.toThrow(/there is no model-00002-of-00002\.safetensors/)
    expect((await store.pull(at('org/merged'))).files).toEqual(['model.safetensors', 'config.json'])
    await expect(store.pull(at('org/nothing'))).rejects.toMatchObject({ code: 'model_not_found' })
    expect((await store.pull(at('org/one/m.gguf?Signature=s3cret'))).open).toMatch(/m\.gguf$/)
    expect((await store.pull(at('org/one/s-00001-of-00002.gguf'))).files.length).toBe(2)
    expect((await store.list()).map(({ name }) => name).join()).not.toContain('s3cret')
  })

  it('a search finds what is published in a form that is read', async () => {
    const hub = await startHub()
    hub.add('org/Qwen3', TINY)
    hub.add('org/Qwen3-GGUF', { 'm-Q8_0.gguf': 10 }, { gated: 'auto' })
    hub.add('org/Qwen3-pickles', { 'pytorch_model.bin': 10 })
    const found = await storeOf(hub).search('qwen3')
    expect(found.map(({ name, format, family, gated }) => [name, format, family, gated])).toEqual([
      ['org/Qwen3', 'safetensors', 'qwen3', false],
      ['org/Qwen3-GGUF', 'gguf', 'qwen3', true],
    ])
  })

  it("Ollama's and LM Studio's models are found where they are", async () => {
    const folder = temporaryFolder()
    const digest = 'ab'.repeat(32)
    const put = (path: string, text: string) => {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const layer = (mediaType: string) => ({
      mediaType: `application/vnd.ollama.image.${mediaType}`,
      digest: `sha256:${digest}`,
    })
    put(
      'ollama/manifests/registry.ollama.ai/library/qwen3/0.6b',
      JSON.stringify({ layers: [layer('model'), layer('license')] }),
    )
    put('ollama/manifests/registry.ollama.ai/library/new/latest', JSON.stringify({ layers: [layer('tensor')] }))
    put(`ollama/blobs/sha256-${digest}`, 'GGUF')
    put('studio/models/org/some-GGUF/some-Q4_K_M.gguf', 'GGUF')
    put('llama/old-Q8_0.gguf', 'GGUF')
    const environment = {
      OLLAMA_MODELS: join(folder, 'ollama'),
      LMSTUDIO_HOME: join(folder, 'studio'),
      LLAMA_CACHE: join(folder, 'llama'),
    }
    const store = storeOf('http://127.0.0.1:9', folder, { environment })
    expect((await store.list()).map(({ name, origin }) => [name, origin])).toEqual([
      ['ollama:qwen3:0.6b', 'ollama'],
      ['org/some-GGUF:Q4_K_M', 'lm-studio'],
      ['old-Q8_0', 'llama.cpp'],
    ])
    expect((await store.find({ source: 'ollama', id: 'qwen3', tag: '0.6b' }))?.open).toBe(
      join(folder, 'ollama/blobs', `sha256-${digest}`),
    )
    expect(await store.find({ ...MODEL, id: 'org/some-GGUF', tag: 'q4_k_m' })).toMatchObject({ origin: 'lm-studio' })
    await expect(store.remove({ source: 'ollama', id: 'qwen3', tag: '0.6b' })).rejects.toThrow(/belongs to Ollama/)
  })
})

describe('before anything is fetched', () => {
  it('a config and headers are read by range', async () => {
    const hub = await startHub()
    hub.add('org/model', { 'config.json': '{"model_type": "qwen3"}', 'm-Q8_0.gguf': 5_000_000 }, { token: 'good' })
    const store = storeOf(hub)
    const listing = await store.listing(MODEL, { token: 'good' })
    const files = store.remote(listing, listing.files, { token: 'good' })
    expect(files.main).toBe('m-Q8_0.gguf')
    const source = (await files.open('m-Q8_0.gguf'))!
    const bytes = [...hub.repositories.get('org/model')!.files.values()][1]!.bytes
    expect(Buffer.from(await source.read(1_000_000, 2_200_000)).equals(bytes.subarray(1_000_000, 3_200_000))).toBe(true)
    expect(hub.stats).toMatchObject({ bytes: 4 * 2 ** 20, resolves: 1, leaked: 0 })
    expect(new TextDecoder().decode(await (await files.open('config.json'))!.read(0, 23))).toContain('qwen3')
    expect(await files.open('other.json')).toBeUndefined()
    hub.faults.expiryMs = -1
    await expect(source.read(4_500_000, 10)).resolves.toBeDefined()
  })
})
