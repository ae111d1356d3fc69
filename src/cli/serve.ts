import { basename, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { filesOf } from '../checkpoint/files/files.js'
import { MINI } from '../checkpoint/files/mini.js'
import { UserError } from '../errors.js'
import { readKeyFile } from '../server/http/keys.js'
import { createLog } from '../server/http/log.js'
import { startAllowed } from './mcp/allowed.js'
import { serveModels } from '../server/serve-models.js'
import { loadOptions, type LoadFlags } from './flags.js'
import { VERSION } from '../server/version.js'
import { interruptible } from './model.js'
import { localModel, modelNamed, withLocalDraft } from './store/local-model.js'

/**
 * How much the heaps of a server grow before what nobody needs is collected, in percent. By itself, V8 lets them become four times as
 * large where a machine has much memory, and one client with large requests keeps them there.
 */
const HEAP_GROWTH = 40

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
  readonly mcp?: string
  readonly drain: number
}

/** Serves models over HTTP until SIGTERM or SIGINT; then ends what runs and leaves with 0. */
export async function serve(models: readonly string[], flags: ServeFlags): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`)
  const log = createLog(flags.logFormat, (line) => process.stderr.write(line))
  const given = namedModels(models.length > 0 ? models : [MINI])
  const apiKeys = keysOf(flags)
  checkCounts(flags)
  const named = await localModels(given, flags)
  const local = await withLocalDraft(flags)
  const allowed = flags.mcp === undefined ? undefined : await startAllowed(flags.mcp)
  const stopped = stopSignal()
  const server = await serveModels({
    models: Object.fromEntries(named),
    load: { ...loadOptions(local), cacheMemory: flags.cacheMemory },
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
    mcp: allowed && Object.fromEntries(allowed.servers.map((server) => [server.name, server])),
  }).catch(async (error: unknown) => {
    await allowed?.close()
    throw error
  })
  const names = named.map(([name]) => name).join(', ')
  process.stdout.write(
    `kaiyuan ${VERSION} listens on ${server.url} and loads ${names}: open it to chat; ${server.url}/docs shows what it answers\n`,
  )
  try {
    await Promise.race([server.loaded, stopped])
    const ready = `ready: ${names}`
    server.loaded.then(() => log({ event: 'server', message: ready })).catch(() => undefined)
    await stopped
    log({ event: 'server', message: 'shutting down; requests that run are answered' })
  } finally {
    const cut = await server.close(flags.drain * 1000)
    await allowed?.close()
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
    return [servedName(text), text]
  })
  const names = named.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return named
  throw new UserError(`two models are called ${twice}; name them: NAME=PATH`, 'invalid_argument')
}

/** A name of the store as it is; of a path its last part. */
function servedName(text: string): string {
  const isPlace = text === MINI || modelNamed(text).kind === 'place' || /^https?:/.test(text)
  return isPlace ? basename(resolve(text)).replace(/\.gguf$/, '') : text
}

/** Models that are named are fetched before the server listens. */
async function localModels(named: readonly [string, string][], flags: ServeFlags): Promise<[string, string][]> {
  return interruptible(async (signal) => {
    const places: [string, string][] = []
    for (const [name, model] of named) {
      const place = await localModel(model, flags, signal)
      // It is told before the server says that it listens.
      await filesOf(place)
      places.push([name, place])
    }
    return places
  })
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
