// Serves folders to a browser: byte ranges as a plain web server answers them, and the headers that isolate a page.
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/**
 * @param {Record<string, string>} folders by the first part of the path; '' holds the rest
 * @param {{ isolated?: boolean, ranges?: boolean, page?: boolean, index?: boolean, list?: boolean }} options page: unknown paths get a page, as in
 *   development servers; index: `/` is index.html; list: other folders are pages of links
 * @returns {Promise<{ origin: string, close(): void }>}
 */
export async function serve(
  folders,
  { isolated = true, ranges = true, page = false, index = false, list = false } = {},
) {
  const server = createServer((request, response) => {
    const path =
      normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)).slice(1) ||
      (index ? 'index.html' : '')
    const [first = '', ...rest] = path.split('/')
    const file = first in folders ? join(folders[first], ...rest) : join(folders[''] ?? '', path)
    const found = statSync(file, { throwIfNoEntry: false })
    const headers = { ...(isolated && ISOLATION), 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }
    if (list && path && found?.isDirectory()) {
      const links = readdirSync(file).map((name) => `<a href="${encodeURIComponent(name)}">${name}</a>`)
      response.writeHead(200, { ...headers, 'content-type': 'text/html' }).end(links.join('\n'))
      return
    }
    if (!found?.isFile() || !path) {
      response.writeHead(page ? 200 : 404, { ...headers, 'content-type': 'text/html' }).end('<!doctype html><p>nothing')
      return
    }
    const [, from, to] = (ranges && /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')) || []
    if (from === undefined) {
      response.writeHead(200, { ...headers, 'content-length': found.size })
      if (request.method === 'HEAD') response.end()
      else createReadStream(file).pipe(response)
      return
    }
    const start = Number(from)
    const end = Math.min(Number(to), found.size - 1)
    if (start > end) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${found.size}` }).end()
      return
    }
    const length = { 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${found.size}` }
    response.writeHead(206, { ...headers, ...length })
    createReadStream(file, { start, end }).pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
