// The service worker of the static page. The build puts the names of its files and their digest in place of the two constants.
const FILES = self.KAIYUAN_FILES
const VERSION = self.KAIYUAN_VERSION
const CACHE = `kaiyuan-${VERSION}`
/** How long the network may take for the page before the kept one is shown. */
const PATIENCE_MS = 2000

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()))
})

self.addEventListener('message', ({ data }) => {
  if (data === 'take-over') void self.skipWaiting()
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return
  event.respondWith(answer(request).then(isolated))
})

async function forgetOthers() {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith('kaiyuan-') && name !== CACHE).map((name) => caches.delete(name)),
  )
}

/** The page from the network if that is quick, all else from what is kept. */
async function answer(request) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(request, { ignoreSearch: true })
  if (request.mode !== 'navigate') return kept ?? fetchAndKeep(request, cache)
  const late = new Promise((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS))
  const fetched = await Promise.race([fetch(request).catch(() => undefined), late])
  return fetched ?? kept ?? (await cache.match('./')) ?? Response.error()
}

/** Files that are loaded on first use have names with a digest: they are kept as they come. */
async function fetchAndKeep(request, cache) {
  const response = await fetch(request)
  if (response.ok && new URL(request.url).pathname.includes('/assets/')) await cache.put(request, response.clone())
  return response
}

/** With the headers that let the page share memory with threads. */
function isolated(response) {
  if (response.status === 0 || response.redirected) return response
  const headers = new Headers(response.headers)
  headers.set('cross-origin-opener-policy', 'same-origin')
  headers.set('cross-origin-embedder-policy', 'require-corp')
  headers.set('cross-origin-resource-policy', 'same-origin')
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}
