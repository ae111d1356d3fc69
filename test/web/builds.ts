import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { serve } from '../browser/server.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The static build in a folder that goes with the tests of the file. */
export function staticBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-page-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  execFileSync(process.execPath, ['tools/build-page.mjs', '--static', folder], { cwd: root, stdio: 'pipe' })
  return folder
}

/** A static host. @param isolated whether it sends the headers that threads need */
export async function host(folder: string, isolated: boolean): Promise<string> {
  const server = await serve({ '': folder }, { isolated, index: true })
  afterAll(() => server.close())
  return `${server.origin}/`
}

/** A hub on another origin, which sends a file in small parts, and what ranges it was asked for. */
export async function slowHub(bytes: Buffer): Promise<{ origin: string; ranges: string[] }> {
  const ranges: string[] = []
  const server = createServer((request, response) => {
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'etag', etag: '"1"' }
    if (request.method === 'OPTIONS')
      return void response.writeHead(204, { ...headers, 'access-control-allow-headers': 'range, if-range' }).end()
    if (request.url?.startsWith('/missing')) return void response.writeHead(404, headers).end()
    const { range = '' } = request.headers
    ranges.push(range)
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0)
    response.writeHead(range === '' ? 200 : 206, { ...headers, 'content-length': bytes.length - from })
    let at = from
    const timer = setInterval(() => {
      response.write(bytes.subarray(at, at + 40_000))
      at += 40_000
      if (at < bytes.length) return
      clearInterval(timer)
      response.end()
    }, 40)
    response.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges }
}
