// Models behind HTTP and models that a user chose, read in Node; test/browser reads them in a browser.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rangeCache } from '../../src/checkpoint/files/range-cache.js'
import { blobFiles } from '../../src/checkpoint/files/blob.js'
import { filesOf } from '../../src/checkpoint/files/files.js'
import { httpFiles } from '../../src/checkpoint/files/http.js'
import { openCheckpoint } from '../../src/models/open.js'
import { tinyFolder, tinyLlamaGguf } from '../checkpoint/build.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** Answers ranges of `bytes`, and keeps what was asked for. */
function ranges(bytes: Uint8Array, asked: string[] = [], shown = true) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.headers.range ?? ''}`)
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-length': bytes.length }).end()
      return
    }
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range!)!.map(Number) as [number, number, number]
    const part = bytes.subarray(from, to + 1)
    const total = shown ? { 'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}` } : {}
    response.writeHead(206, total).end(part)
  }
}

const numbered = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255)

describe('files behind an address', () => {
  it('opens a folder and a .gguf file, and asks for nothing twice', async () => {
    const files: Record<string, Uint8Array> = { ...tinyFolder(), 'llama.gguf': tinyLlamaGguf() }
    const asked: string[] = []
    const origin = await serve((request, response) => {
      const name = request.url!.slice('/a%20model/'.length)
      asked.push(name)
      const bytes = files[name.replace(/\?.*/, '')]
      if (bytes) ranges(bytes)(request, response)
      else response.writeHead(404).end()
    })
    const folder = await openCheckpoint(await filesOf(`${origin}/a model`))
    expect(folder.embedded).toBeUndefined()
    expect(await folder.file('tokenizer.model')).toBeUndefined()
    expect(asked.length).toBe(new Set(asked).size)
    await folder.close()
    const gguf = await openCheckpoint(await filesOf(`${origin}/a%20model/llama.gguf?download=true`))
    expect(gguf.embedded).toBeDefined()
    expect(asked).toContain('llama.gguf?download=true')
    await gguf.close()
  })

  it('asks for nothing that a list of the folder does not have, and for all of it where there is no list', async () => {
    const files: Record<string, Uint8Array> = tinyFolder()
    const links = [
      '../',
      '/up/',
      './config.json',
      '/m%20x/model.safetensors?raw',
      'a%26b.txt',
      'https://example.org/tokenizer.model',
    ]
    let page = `<!doctype html><ul>${links.map((link) => `<li><a class=x href="${link}">x</a>`).join('')}</ul>`
    const missing: string[] = []
    const origin = await serve((request, response) => {
      const name = request.url!.slice('/m%20x/'.length)
      const bytes = files[name]
      if (name === '') response.writeHead(page === '' ? 403 : 200, { 'content-type': 'text/html' }).end(page)
      else if (bytes) ranges(bytes)(request, response)
      else {
        missing.push(name)
        response.writeHead(404).end()
      }
    })
    const optional = ['tokenizer.model', 'chat_template.jinja', 'model.safetensors.index.json']
    const listed = httpFiles(`${origin}/m x/`, { lists: true })
    expect(await listed.list()).toEqual(['config.json', 'model.safetensors'])
    for (const name of optional) expect(await listed.open(name)).toBeUndefined()
    expect(missing).toEqual([])
    page = ''
    const unlisted = httpFiles(`${origin}/m x/`, { lists: true })
    for (const name of optional) expect(await unlisted.open(name)).toBeUndefined()
    expect(missing).toEqual(optional)
    missing.length = 0
    const named = await filesOf(['config.json', 'model.safetensors'].map((name) => `${origin}/m x/${name}`))
    await (await openCheckpoint(named)).close()
    expect(missing).toEqual([])
    await expect(filesOf([`${origin}/m x/config.json`, `${origin}/other/model.safetensors`])).rejects.toThrow(
      /expected a file of .*m%20x/,
    )
  })

  it('reads large files in blocks', async () => {
    const bytes = numbered(20_000_000)
    const asked: string[] = []
    const origin = await serve(ranges(bytes, asked))
    const source = (await (await filesOf(`${origin}/m.gguf`)).open('m.gguf'))!
    expect(source.size).toBe(bytes.length)
    for (let at = 0; at < 19_000_000; at += 1_000_003)
      expect(Buffer.compare(await source.read(at, 900_000), bytes.subarray(at, at + 900_000))).toBe(0)
    const into = new Uint8Array(17_000_000)
    expect((await source.read(2_000_000, 17_000_000, into)).buffer).toBe(into.buffer)
    expect(Buffer.compare(into, bytes.subarray(2_000_000, 19_000_000))).toBe(0)
    expect(asked.length).toBe(4)
    await expect(source.read(19_999_999, 2)).rejects.toThrow(/the file has 20000000 bytes/)
  })

  it('asks for the size where another origin hides it', async () => {
    const origin = await serve(ranges(numbered(100_000), [], false))
    expect((await (await filesOf(`${origin}/m.gguf`)).open('m.gguf'))!.size).toBe(100_000)
  })

  it('asks a hub for a name once, and again when the address that it gave has ended', async () => {
    const bytes = numbered(40_000_000)
    const asked: string[] = []
    let life = 0
    const blobs = await serve((request, response) => {
      asked.push(request.url!)
      if (request.url !== `/blob?signature=${life}`) response.writeHead(403).end()
      else ranges(bytes)(request, response)
    })
    const hub = await serve((request, response) => {
      asked.push(request.url!)
      response.writeHead(302, { location: `${blobs}/blob?signature=${life}` }).end()
    })
    const source = (await (await filesOf(`${hub}/resolve/m.gguf`)).open('m.gguf'))!
    await source.read(0, 20_000_000)
    expect(asked.filter((url) => url.includes('resolve')).length).toBe(1)
    life++
    expect(Buffer.compare(await source.read(32_000_000, 8_000_000), bytes.subarray(32_000_000))).toBe(0)
    expect(asked.filter((url) => url.includes('resolve')).length).toBe(2)
  })

  it('does not mix two versions of a file', async () => {
    let version = 1
    const origin = await serve((request, response) => {
      response.setHeader('etag', `"${version}"`)
      ranges(numbered(100_000))(request, response)
    })
    const source = (await (await filesOf(`${origin}/m.gguf`)).open('m.gguf'))!
    version++
    await expect(source.read(0, 10)).rejects.toThrow(/has changed/)
  })

  it('takes no other part of a file than the one that it asked for', async () => {
    const bytes = numbered(20 << 20)
    const origin = await serve((request, response) => {
      const isFirst = request.headers.range?.startsWith('bytes=0-') === true
      const { length } = bytes
      if (isFirst) return ranges(bytes)(request, response)
      response.writeHead(206, { 'content-range': `bytes 0-${(8 << 20) - 1}/${length}` }).end(bytes.subarray(0, 8 << 20))
    })
    const source = (await httpFiles(`${origin}/`).open('model.safetensors'))!
    await expect(source.read(9 << 20, 4)).rejects.toThrow(
      /model.safetensors: expected bytes from 8388608 on, found bytes 0-8388607\/20971520\. The server or a proxy/,
    )
  })

  it('opens a file whatever its name is, also where a percent sign is one', async () => {
    const origin = await serve(ranges(tinyLlamaGguf()))
    for (const name of ['llama3:8b.gguf', '100%.gguf', 'a%20b.gguf']) {
      const checkpoint = await openCheckpoint(await filesOf(`${origin}/100%/${name}`))
      expect(checkpoint.embedded).toBeDefined()
      await checkpoint.close()
    }
  })

  it("sends the hub's token to the hub and to nobody else", async () => {
    const asked: [string, string | null][] = []
    vi.stubEnv('HF_TOKEN', 'secret')
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      asked.push([url, new Headers(init.headers).get('authorization')])
      return Promise.resolve(new Response(null, { status: 404 }))
    })
    try {
      for (const origin of ['https://huggingface.co', 'http://huggingface.co', 'https://example.org'])
        await (await filesOf(`${origin}/m.gguf`)).open('m.gguf')
    } finally {
      vi.unstubAllGlobals()
      vi.unstubAllEnvs()
    }
    expect(asked.map(([, token]) => token)).toEqual(['Bearer secret', null, null])
  })

  it('tries again what passes by itself', async () => {
    let failures = 2
    const answer = ranges(numbered(10))
    const origin = await serve((request, response) => {
      if (failures-- > 0) response.writeHead(503).end()
      else answer(request, response)
    })
    expect((await (await filesOf(`${origin}/m.gguf`)).open('m.gguf'))!.size).toBe(10)
  })

  it('says what is wrong: no permission, a file that changes, nothing there', async () => {
    const closed = await serve((_, response) => response.writeHead(403).end())
    await expect((await filesOf(`${closed}/m.gguf?token=secret`)).open('m.gguf')).rejects.toThrow(
      /m\.gguf: expected a part of the file, found 403 Forbidden/,
    )
    const sizes = [100_000, 100_001]
    const changing = await serve((request, response) => ranges(numbered(sizes.shift()!))(request, response))
    const source = (await (await filesOf(`${changing}/m.gguf`)).open('m.gguf'))!
    await expect(source.read(0, 10)).rejects.toThrow(/has changed/)
    await expect(filesOf('https://')).rejects.toThrow(/expected the address/)
  })

  it('says that a server hides the size, or that there is no server', async () => {
    const hidden = ranges(numbered(100_000), [], false)
    const silent = await serve((request, response) => {
      if (request.method === 'HEAD') response.writeHead(200).end()
      else hidden(request, response)
    })
    await expect((await filesOf(`${silent}/m.gguf?token=secret`)).open('m.gguf')).rejects.toMatchObject({
      code: 'invalid_file',
      message:
        `${silent}/m.gguf: the server does not say how large the file is. ` +
        'Let it send Access-Control-Expose-Headers: Content-Range.',
    })
    const broken = await serve((request, response) => {
      if (request.method === 'HEAD') response.destroy()
      else hidden(request, response)
    })
    await expect((await filesOf(`${broken}/m.gguf?token=secret`)).open('m.gguf')).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringMatching(
        /^http:[^?]*\/m\.gguf: cannot be fetched \(the connection was closed\)\. Check the address and the network\.$/,
      ) as string,
    })
  })

  it('does not take all of a large file for a part, whether its length is announced or not', async () => {
    const announced = await serve((_, response) => response.writeHead(200, { 'content-length': 2 ** 31 }).end())
    const endless = await serve((_, response) => {
      const more = (): void => {
        while (response.write(new Uint8Array(1 << 20)));
      }
      response.on('drain', more)
      more()
    })
    for (const origin of [announced, endless])
      await expect((await filesOf(`${origin}/m.gguf`)).open('m.gguf')).rejects.toThrow(
        `${origin}/m.gguf: expected a server that sends parts of a file (HTTP range requests), found one that sends all of it. ` +
          'Use another server, or choose the file from the disk.',
      )
  })

  it('says that an answer breaks off, and that a later part is refused', async () => {
    for (const status of [200, 206]) {
      const origin = await serve((_, response) => {
        response.writeHead(status, { 'content-length': 1000, 'content-range': 'bytes 0-999/1000' })
        response.write(numbered(10), () => response.destroy())
      })
      await expect((await filesOf(`${origin}/m.gguf`)).open('m.gguf')).rejects.toMatchObject({
        code: 'invalid_file',
        message: expect.stringContaining(`${origin}/m.gguf: cannot be fetched (`) as string,
      })
    }
    const answers = [ranges(numbered(100_000)), (_: unknown, response: ServerResponse) => response.writeHead(403).end()]
    const origin = await serve((request, response) => answers.shift()!(request, response))
    const source = (await (await filesOf(`${origin}/m.gguf`)).open('m.gguf'))!
    await expect(source.read(90_000, 10)).rejects.toThrow(
      `${origin}/m.gguf: expected a part of the file, found 403 Forbidden. Check the address and who may read it.`,
    )
  })
})

describe('files that a user chose', () => {
  const file = (name: string, bytes: Uint8Array, path = ''): File =>
    Object.assign(new File([Uint8Array.from(bytes)], name), { webkitRelativePath: path })

  it('opens one file, and a folder with or without its own name', async () => {
    const gguf = await openCheckpoint(await filesOf(file('llama.gguf', tinyLlamaGguf())))
    expect(gguf.embedded).toBeDefined()
    for (const prefix of ['', 'tiny/']) {
      const chosen = Object.entries(tinyFolder()).map(([n, bytes]) => file(n, bytes, prefix && prefix + n))
      expect((await openCheckpoint(await filesOf(chosen))).embedded).toBeUndefined()
    }
  })

  it('says so when a file cannot be read any more', async () => {
    const gone = { arrayBuffer: () => Promise.reject(new Error('the file is gone')) }
    const chosen = Object.assign(file('a.gguf', numbered(9)), { slice: () => gone })
    const source = (await blobFiles([chosen]).open('a.gguf'))!
    await expect(source.read(0, 4)).rejects.toMatchObject({
      code: 'invalid_file',
      message:
        'a.gguf: 9 bytes at offset 0 cannot be read (the file is gone). The file may have changed: choose it again.',
    })
  })

  it('refuses none and two of one name', () => {
    expect(() => blobFiles([])).toThrow(/no files/)
    expect(() => blobFiles([file('a.gguf', numbered(1)), file('a.gguf', numbered(1))])).toThrow(
      /two files are called a\.gguf/,
    )
  })
})

describe('blocks', () => {
  it('does not keep a failure', async () => {
    let calls = 0
    const source = rangeCache('m', 10, async (_, length) => {
      if (calls++ === 0) throw new Error('once')
      return numbered(length)
    })
    await expect(source.read(0, 10)).rejects.toThrow('once')
    expect(await source.read(3, 2)).toEqual(numbered(10).slice(3, 5))
  })
})
