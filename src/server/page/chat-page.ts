import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Hono } from 'hono'

/** Where the build puts the page (web/vite.config.ts), seen from src and from dist alike. */
const FOLDER = fileURLToPath(new URL('../../../dist/page', import.meta.url))
const INDEX = 'index.html'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

/** What the page may do: run the scripts of this server, ask this server, and make no HTML of any text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types kaiyuan',
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), clipboard-read=()',
}

/**
 * The chat page at `/`, for browsers; whoever does not ask for HTML gets what was there before. A checkout that was not built has no
 * page, and then there is none.
 */
export function chatPage(app: Hono): void {
  const files = filesOf(FOLDER)
  if (!files.includes(INDEX)) return
  app.get('/', async (context, next) => {
    if (!context.req.header('accept')?.includes('text/html')) return next()
    return respond(INDEX)
  })
  for (const file of files.filter((name) => name !== INDEX)) app.get(`/${file}`, () => respond(file))
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/'),
      )
  } catch {
    return []
  }
}

async function respond(file: string): Promise<Response> {
  // Names of what the build made have a hash of what is in it.
  const isFixed = file.startsWith('assets/')
  return new Response(await readFile(join(FOLDER, file)), {
    headers: {
      ...HEADERS,
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': isFixed ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept',
    },
  })
}
