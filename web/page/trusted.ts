/*
 * The page's policy of trusted types makes addresses of scripts, and only of those that the build made. There is none for HTML, so
 * that no text becomes HTML anywhere in the page.
 */

interface Policy {
  createScriptURL(url: string): unknown
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy
}

const { trustedTypes } = globalThis as { trustedTypes?: Factory }
const policy = trustedTypes?.createPolicy('kaiyuan', {
  createScriptURL(url) {
    const { origin, pathname } = new URL(url, location.href)
    const own = new URL('.', location.href).pathname
    if (origin !== location.origin || !(pathname.startsWith(`${own}assets/`) || pathname === `${own}offline.js`))
      throw new TypeError(`${url}: expected a script of this page`)
    return url
  },
})

/** The address as browsers with trusted types want it. */
export function scriptUrl(url: string): string {
  // Where there are trusted types, what is given is one of them, which the DOM's declarations do not know.
  return (policy ? policy.createScriptURL(url) : url) as string
}

export function startWorker(url: string): Worker {
  return new Worker(scriptUrl(url), { type: 'module' })
}
