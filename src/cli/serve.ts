import { basename, resolve } from 'node:path'
import { MINI } from '../checkpoint/files/mini.js'
import { UserError } from '../errors.js'
import { readKeyFile } from '../server/http/keys.js'
import { createLog } from '../server/http/log.js'
import { serveModels } from '../server/serve-models.js'
import { loadOptions, type LoadFlags } from './flags.js'
import { VERSION } from '../server/version.js'

export interface ServeFlags extends LoadFlags {
  readonly host: string
  readonly port: number
  readonly apiKey?: string[]
  readonly apiKeyFile?: string
  readonly allowHost?: string[]
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly maxBody: number
  readonly cacheMemory?: number
  readonly cors?: string[]
  readonly logFormat: 'text' | 'json'
  readonly logPrompts?: boolean
  readonly shareCache?: boolean
  readonly strict?: boolean
  readonly drain: number
}

/** Serves models over HTTP until SIGTERM or SIGINT; then ends what runs and leaves with 0. */
export async function serve(models: readonly string[], flags: ServeFlags): Promise<void> {
  const log = createLog(flags.logFormat, (line) => process.stderr.write(line))
  const named = namedModels(models.length > 0 ? models : [MINI])
  const apiKeys = keysOf(flags)
  checkCounts(flags)
  const stopped = stopSignal()
  const server = await serveModels({
    models: Object.fromEntries(named),
    load: { ...loadOptions(flags), cacheMemory: flags.cacheMemory },
    host: flags.host,
    port: flags.port,
    allowHosts: flags.allowHost,
    apiKeys,
    maxConcurrency: flags.maxConcurrency,
    maxQueue: flags.maxQueue,
    maxBody: flags.maxBody,
    cors: flags.cors,
    log,
    logPrompts: flags.logPrompts,
    shareCache: flags.shareCache,
    strict: flags.strict,
  })
  process.stdout.write(`kaiyuan ${VERSION} listens on ${server.url}; ${server.url}/docs shows what it answers\n`)
  try {
    await Promise.race([server.loaded, stopped])
    const ready = `ready: ${named.map(([name]) => name).join(', ')}`
    server.loaded.then(() => log({ event: 'server', message: ready })).catch(() => undefined)
    await stopped
    log({ event: 'server', message: 'shutting down; requests that run are answered' })
  } finally {
    const cut = await server.close(flags.drain * 1000)
    log({ event: 'server', message: cut > 0 ? `ended; ${cut} answers were cut off` : 'ended' })
  }
}

/** Those of the flags, or else of the environment, which other users do not see as they see flags. @throws UserError */
function keysOf({ apiKey = [], apiKeyFile }: ServeFlags): string[] {
  const keys = [...apiKey, ...(apiKeyFile === undefined ? [] : readKeyFile(apiKeyFile))]
  if (keys.some((key) => key === ''))
    throw new UserError('--api-key: expected a key, found nothing', 'invalid_argument')
  if (keys.length > 0) return keys
  return (process.env['KAIYUAN_API_KEY'] ?? '').split(/[\s,]+/).filter((key) => key !== '')
}

/** NAME=PATH, or a path whose last part is the name. @throws UserError for names that come twice. */
function namedModels(models: readonly string[]): [name: string, path: string][] {
  const named = models.map((text): [string, string] => {
    const [, name, path] = /^([\w.:/-]+)=(.+)$/.exec(text) ?? []
    if (name !== undefined && path !== undefined) return [name, path]
    return [basename(resolve(text)).replace(/\.gguf$/, ''), text]
  })
  const names = named.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return named
  throw new UserError(`two models are called ${twice}; name them: NAME=PATH`, 'invalid_argument')
}

function checkCounts({ maxConcurrency, maxBody }: ServeFlags): void {
  for (const [flag, value] of Object.entries({ 'max-concurrency': maxConcurrency, 'max-body': maxBody })) {
    if (value < 1) throw new UserError(`--${flag}: expected at least 1, found ${value}`, 'invalid_argument')
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one does not wait. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.off(signal, stop)
        process.on(signal, () => process.exit(130))
      }
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
