import { ApiError } from './api-error.js'
import { isLoopback } from './keys.js'

/**
 * The names under which a server without keys answers. A page of another site can have its own name lead to 127.0.0.1 (DNS
 * rebinding), and what it asks then is of its own origin for a browser: only the Host header tells.
 */
export class Hosts {
  private readonly names: ReadonlySet<string>

  /** @param names without ports, besides this machine's own */
  constructor(names: readonly string[]) {
    this.names = new Set(names.map((name) => bare(name)).filter((name) => !isLoopback(name)))
  }

  /** @param host the header; programs that send none are no browsers @throws ApiError 403 */
  check(host: string | undefined): void {
    if (host === undefined) return
    const name = bare(host)
    if (isLoopback(name) || this.names.has(name)) return
    const known = ['localhost', '127.0.0.1', '[::1]', ...this.names].join(', ')
    const remedy = 'allow_hosts (of the server) adds a name, and a server with keys answers to all'
    throw new ApiError(403, `expected one of ${known} as Host, found ${host.slice(0, 100)}; ${remedy}`, {
      code: 'host_not_allowed',
    })
  }
}

/** Without the port and the brackets of IPv6. */
function bare(host: string): string {
  const [, address, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? []
  return (address ?? name ?? host).toLowerCase().replace(/\.$/, '')
}
