import { words } from '../text/words.js'
import { scriptUrl } from './trusted.js'
import { say } from './ui.js'

const RELOADED = 'kaiyuan-reloaded'

/**
 * Starts the service worker of the static page: it keeps the page for visits without a network, and gives it the headers that threads
 * need where the host does not. The first visit then loads once more, and never again in this tab.
 */
export async function goOffline(): Promise<void> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
  if (!serviceWorker) return
  const registration = await serviceWorker.register(scriptUrl('./offline.js'))
  registration.addEventListener('updatefound', () => {
    const next = registration.installing
    next?.addEventListener('statechange', () => {
      if (next.state === 'installed' && serviceWorker.controller) offerReload(next)
    })
  })
  if (registration.waiting && serviceWorker.controller) offerReload(registration.waiting)
  await serviceWorker.ready
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null) return
  sessionStorage.setItem(RELOADED, '1')
  location.reload()
}

/** Not during an answer: the person says when. */
function offerReload(next: ServiceWorker): void {
  const { newVersion, reload } = words.value
  say(newVersion, {
    label: reload,
    run: () => {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
      next.postMessage('take-over')
    },
  })
}
