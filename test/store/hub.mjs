// A fake hub, as the real ones answer: two servers on two hosts, one with lists and redirects, one with signed blobs. It speaks
// Hugging Face's API, ModelScope's and a plain folder's, and does what goes wrong on request. As a program it serves the
// repository that its argument describes: node test/store/hub.mjs '{"files": {"model.safetensors": 1000000}}'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

const MIB = 1 << 20
const CHUNK = 64 << 10
/** Files of git itself are smaller. */
const LARGE = 100_000
export const COMMIT = 'c0ffee'.padEnd(40, '0')

/** A generator of numbers in [0, 1) that begins the same every time (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes that look random and are the same for the same seed; no two MiB are alike. */
export function contentOf(seed, size) {
  const random = randomFrom(seed)
  const block = new Uint32Array(Math.min(size + 3, MIB) >>> 2).map(() => random() * 2 ** 32)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += MIB) {
    bytes.set(new Uint8Array(block.buffer).subarray(0, Math.min(block.byteLength, size - at)), at)
    if (size - at >= 8) bytes.writeDoubleLE(at + seed, at)
  }
  return bytes
}

const sha = (algorithm, ...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest('hex')

function fileOf(path, content, seed) {
  const bytes = typeof content === 'number' ? contentOf(seed, content) : Buffer.from(content)
  const isLarge = bytes.length >= LARGE || /\.(safetensors|gguf|bin)$/.test(path)
  const sha256 = sha('sha256', bytes)
  // Of a large file, git holds a pointer.
  const held = isLarge ? Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\n`) : bytes
  return { path, bytes, isLarge, sha256, gitSha1: sha('sha1', `blob ${held.length}\0`, held) }
}

export class FakeHub {
  faults = {}
  repositories = new Map()
  /** What was served; `leaked`: requests with a token to a host that it was not for. */
  stats = { api: 0, resolves: 0, renamed: 0, small: 0, ranges: 0, bytes: 0, leaked: 0, limited: 0, begun: new Map() }
  #random
  #servers = []
  #plans = []

  constructor({ seed = 1, pageSize = 2, chunk = CHUNK } = {}) {
    this.#random = randomFrom(seed)
    this.pageSize = pageSize
    this.chunk = chunk
  }

  /** `files`: text, bytes, or the size of made-up content. */
  add(id, files, options = {}) {
    const rows = Object.entries(files).map(([path, content], i) => fileOf(path, content, i + 1))
    const repository = { commit: COMMIT, gated: false, token: undefined, ...options }
    this.repositories.set(id, { ...repository, files: new Map(rows.map((file) => [file.path, file])) })
    return this.repositories.get(id)
  }

  async start() {
    this.endpoint = `http://localhost:${await this.#listen((q, r) => this.#hub(q, r), 'localhost')}`
    this.cdn = `http://127.0.0.1:${await this.#listen((q, r) => this.#blob(q, r), '127.0.0.1')}`
    return this
  }

  async #listen(answer, host) {
    const server = createServer((request, response) => {
      for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value)
      if (request.method === 'OPTIONS') return response.writeHead(204).end()
      answer(request, response)
    })
    this.#servers.push(server)
    await new Promise((resolve) => server.listen(0, host, resolve))
    return server.address().port
  }

  close() {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }

  /** Does something as soon as so many bytes were served. */
  after(bytes, action) {
    this.#plans.push({ bytes, action })
  }

  #count(bytes) {
    this.stats.bytes += bytes
    for (const plan of this.#plans.filter((one) => one.bytes <= this.stats.bytes)) {
      this.#plans.splice(this.#plans.indexOf(plan), 1)
      plan.action()
    }
  }

  #chance(name) {
    const fault = this.faults[name] ?? 0
    if (fault === 'once') {
      delete this.faults[name]
      return true
    }
    return this.#random() < fault
  }

  #hub(request, response) {
    const url = new URL(request.url, this.endpoint)
    if (this.#chance('portal')) return page(response)
    if (this.#chance('p429')) {
      this.stats.limited++
      const seconds = this.faults.limitSeconds ?? 0
      const head = { ratelimit: `"resolvers";r=0;t=${seconds}`, 'retry-after': String(seconds) }
      return response.writeHead(429, head).end('Too many requests')
    }
    if (this.#chance('hub503')) return response.writeHead(503).end()
    if (url.pathname === '/stats') return json(response, { ...this.stats, begun: [...this.stats.begun] })
    if (url.pathname === '/api/models') return this.#search(url, response)
    const path = decodeURIComponent(url.pathname)
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree|refs)(?:\/(.+))?$/.exec(path)
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path)
    const scope = /^\/api\/v1\/models\/([^/]+\/[^/]+)\/repo\/files$/.exec(path)
    const scoped = /^\/models\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path)
    const folder = /^\/folder\/([^/]+\/[^/]+)\/(.+)$/.exec(path)
    if (path === '/openapi/v1/models') return this.#scopeSearch(url, response)
    const [, id] = api ?? resolve ?? scope ?? scoped ?? folder ?? []
    const repository = this.repositories.get(id)
    if (repository?.renamed)
      return response.writeHead(307, { location: request.url.replace(id, repository.renamed) }).end()
    if (folder && !repository) return response.writeHead(404).end('not found')
    const refused = this.#refused(repository, request)
    if (refused) return refuse(response, ...refused)
    if (scope) return this.#scopeList(repository, url, response)
    if (scoped) return this.#direct(repository, scoped[3], request, response)
    if (folder) return this.#direct(repository, folder[2], request, response)
    if (api) return this.#api(repository, api, url, response)
    return this.#resolve(repository, resolve, response)
  }

  /** Signed out, the hub does not say whether there is such a model. */
  #refused(repository, request) {
    const token = request.headers.authorization
    if (!repository) return [token ? 404 : 401, 'RepoNotFound']
    if (repository.token && token !== `Bearer ${repository.token}`)
      return repository.gated ? [token ? 403 : 401, 'GatedRepo'] : [token ? 404 : 401, 'RepoNotFound']
    return undefined
  }

  #api(repository, [, id, kind, revision = 'main'], url, response) {
    this.stats.api++
    const isKnown =
      ['main', 'refs/pr/1', ...(repository.branches ?? [])].includes(revision) || revision === repository.commit
    if (!isKnown) return refuse(response, 404, 'RevisionNotFound')
    if (kind === 'revision') {
      const sha = repository.commit
      // The branch moves as soon as it has been asked for.
      if (this.#chance('moves')) repository.files = new Map(repository.later)
      return json(response, { id, sha, gated: repository.gated })
    }
    const rows = [...repository.files.values()]
    const at = Number(url.searchParams.get('cursor') ?? 0)
    const hasMore = at + this.pageSize < rows.length
    const next = `${this.listOrigin ?? this.endpoint}/api/models/${id}/tree/${revision}?recursive=true&cursor=${at + this.pageSize}`
    json(response, rows.slice(at, at + this.pageSize).map(treeRow), hasMore ? { link: `<${next}>; rel="next"` } : {})
  }

  #resolve(repository, resolve, response) {
    const file = resolve && repository.files.get(resolve[3])
    if (!file) return refuse(response, 404, 'EntryNotFound')
    this.stats.resolves++
    const etag = `"${file.isLarge ? file.sha256 : file.gitSha1}"`
    const head = { 'x-repo-commit': repository.commit, 'x-linked-size': file.bytes.length, 'x-linked-etag': etag }
    if (file.isLarge) {
      const end = Date.now() + (this.faults.expiryMs ?? 3_600_000)
      return response
        .writeHead(302, { ...head, location: `${this.cdn}/${file.sha256}?Signature=s3cret&end=${end}` })
        .end()
    }
    this.stats.small++
    // Without a length, as the hub compresses on the way.
    response.writeHead(200, { ...head, etag })
    response.end(this.#chance('flipSmall') ? flipped(file.bytes) : file.bytes)
    this.#count(file.bytes.length)
  }

  #scopeList(repository, url, response) {
    if (url.searchParams.get('Revision') !== 'master')
      return json(response, { Code: 10010205001, Message: 'no such revision', Success: false })
    const Files = [...repository.files.values()].map(({ path, bytes, sha256 }) => ({
      Path: path,
      Size: bytes.length,
      Type: 'blob',
      Sha256: sha256,
      Revision: repository.commit,
    }))
    json(response, { Code: 200, Data: { Files }, Success: true })
  }

  #scopeSearch(url, response) {
    const found = [...this.repositories.keys()].filter((id) => id.includes(url.searchParams.get('search') ?? ''))
    json(response, { success: true, data: { models: found.map((id) => ({ id, downloads: 5 })) } })
  }

  #search(url, response) {
    const words = (url.searchParams.get('search') ?? '').toLowerCase()
    const found = [...this.repositories].filter(([id]) => id.toLowerCase().includes(words))
    json(
      response,
      found.map(([id, { files, gated }]) => searchRow(id, [...files.keys()], gated)),
    )
  }

  /** With ranges, from the hub's own host. */
  #direct(repository, path, request, response) {
    const file = repository?.files.get(path)
    if (!file) return response.writeHead(404).end('not found')
    this.#send(file, request, response)
  }

  #blob(request, response) {
    const url = new URL(request.url, this.cdn)
    if (request.headers.authorization) this.stats.leaked++
    if (Date.now() > Number(url.searchParams.get('end'))) {
      response.writeHead(403, { 'content-type': 'application/xml' })
      return response.end('<Error><Code>AccessDenied</Code></Error>')
    }
    const rows = [...this.repositories.values()].flatMap(({ files }) => [...files.values()])
    const file = rows.find(({ sha256 }) => sha256 === url.pathname.slice(1))
    if (!file || this.#chance('gone')) return response.writeHead(404).end()
    if (this.#chance('p503')) return response.writeHead(503).end()
    this.#send(file, request, response)
  }

  #send({ bytes, sha256 }, request, response) {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const isRange = first !== undefined && !this.#chance('ignoreRange')
    const from = isRange ? Number(first) : 0
    const to = isRange && last ? Math.min(Number(last), bytes.length - 1) : bytes.length - 1
    if (from > to && bytes.length > 0)
      return response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    const renamed = this.#chance('etag')
    if (renamed) this.stats.renamed++
    const etag = renamed ? 'other' : (this.faults.version ?? sha256)
    const head = { 'content-length': to - from + 1, etag: `"${etag}"`, 'accept-ranges': 'bytes' }
    const shown = this.#chance('wrongRange') ? from + 1 : from
    if (isRange) head['content-range'] = `bytes ${shown}-${to}/${bytes.length}`
    response.writeHead(isRange ? 206 : 200, head)
    if (to - from > 0) this.stats.ranges++
    this.#write(bytes, sha256, from, to, response)
  }

  #write(bytes, sha256, from, to, response) {
    const somewhere = () => from + Math.floor(this.#random() * (to - from))
    const cut = this.#chance('cut') ? somewhere() : Infinity
    const stall = this.#chance('stall') ? somewhere() : Infinity
    let at = from
    const step = () => {
      while (at <= to) {
        if (response.destroyed) return
        if (at >= cut) return response.destroy()
        if (at >= stall) return
        const end = Math.min(at + this.chunk, to + 1)
        let part = bytes.subarray(at, end)
        if (at > 5e6 && this.#chance('flip')) part = flipped(part)
        this.#begun(sha256, at, end)
        at = end
        this.#count(part.length)
        const isTaken = response.write(part)
        const { delayMs } = this.faults
        const next = delayMs === undefined ? step : () => setTimeout(step, delayMs)
        if (!isTaken) return void response.once('drain', next)
        if (delayMs !== undefined) return void next()
      }
      response.end()
    }
    step()
  }

  /** How often the bytes of each block of a MiB were sent. */
  #begun(sha256, from, to) {
    if (!this.stats.begun.has(sha256)) this.stats.begun.set(sha256, [])
    const counts = this.stats.begun.get(sha256)
    const block = Math.floor(from / MIB)
    counts[block] = (counts[block] ?? 0) + (to - from)
  }
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, range',
  'access-control-expose-headers': 'content-range, etag, link, x-error-code, x-repo-commit, retry-after, ratelimit',
}

function flipped(bytes) {
  const other = Buffer.from(bytes)
  other[other.length >> 1] ^= 1
  return other
}

function treeRow({ path, bytes, isLarge, gitSha1, sha256 }) {
  const lfs = isLarge ? { lfs: { oid: sha256, size: bytes.length, pointerSize: 134 } } : {}
  return { type: 'file', path, size: bytes.length, oid: gitSha1, ...lfs }
}

function searchRow(id, paths, gated) {
  const weights = paths.some((path) => path.endsWith('.safetensors')) ? { safetensors: { total: 596_000_000 } } : {}
  const gguf = paths.some((path) => path.endsWith('.gguf'))
    ? { gguf: { total: 596_000_000, architecture: 'qwen3' } }
    : {}
  return { id, downloads: 7, likes: 3, gated, config: { model_type: 'qwen3' }, ...weights, ...gguf }
}

function json(response, value, head = {}) {
  response.writeHead(200, { 'content-type': 'application/json', ...head }).end(JSON.stringify(value))
}

function refuse(response, status, code) {
  response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' }).end('{"error":"refused"}')
}

function page(response) {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome to the hotel</title>')
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { id = 'org/model', files, faults = {}, ...options } = JSON.parse(process.argv[2] ?? '{}')
  const hub = await new FakeHub(options).start()
  hub.add(id, files)
  Object.assign(hub.faults, faults)
  console.log(JSON.stringify({ endpoint: hub.endpoint, cdn: hub.cdn }))
  // It ends with whoever started it.
  process.stdin.resume().on('end', () => process.exit())
}
