/**
 * A path as routes are looked up: without /v1 before it and slashes after it, so that an address with or without /v1 is as good
 * as the other.
 */
export function canonicalPath(path: string): string {
  const bare = path.replace(/^(\/v1)+(?=\/|$)/, '').replace(/\/+$/, '')
  return bare === '' ? '/' : bare
}

/** A route's path as Hono writes it: /v1/models/{model} is /models/:model{.+}, since a model's name may hold slashes. */
export function honoPath(path: string): string {
  return canonicalPath(path)
    .replace(/\{model\}$/, ':model{.+}')
    .replace(/\{(\w+)\}/g, ':$1')
}

type Pattern = { readonly method: string; readonly pattern: RegExp }

/** Which methods a path has. */
export class PathMethods {
  private readonly patterns: readonly Pattern[]

  constructor(routes: readonly { readonly method: string; readonly path: string }[]) {
    this.patterns = routes.map(({ method, path }) => {
      const parts = canonicalPath(path).split(/(\{\w+\})/)
      const text = parts.map((part) => (part.startsWith('{') ? '[^/]+' : part.replace(/[.]/g, '\\.'))).join('')
      return { method, pattern: new RegExp(`^${text.replace(/\[\^\/\]\+$/, '.+')}$`) }
    })
  }

  /** As the header Allow has them; undefined for a path that does not exist. @param path a canonical one */
  allowed(path: string): string | undefined {
    const methods = this.patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (methods.length === 0) return undefined
    return [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].join(', ')
  }
}
