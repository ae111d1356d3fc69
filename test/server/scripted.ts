import { MessageChannel } from 'node:worker_threads'
import type { Engine } from '../../src/engine/engine.js'
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/server.js'
import { hostEngine } from '../../src/remote/host.js'
import type { ClientSide, FromEngine, ToEngine } from '../../src/remote/protocol.js'
import { EngineSupervisor, type Supervised } from '../../src/remote/supervisor.js'

export { byteTokenizer, callText, scriptedEngine, type Prompt, type Script } from './scripted-engine.js'

/** The line to an engine in this thread: the same messages, copied in the same way, without a worker. */
export function localLine(engine: Engine | Promise<Engine>): ClientSide & { crash(): void } {
  const { port1, port2 } = new MessageChannel()
  let exited: (reason: string) => void = () => undefined
  void Promise.resolve(engine).then((loaded) =>
    hostEngine(loaded, {
      send: (message) => port2.postMessage(message),
      onMessage: (handler) => void port2.on('message', (message: ToEngine) => handler(message)),
    }),
  )
  const close = async (): Promise<void> => {
    await (await engine).close()
    port1.close()
  }
  return {
    send: (message) => port1.postMessage(message),
    onMessage: (handler) => void port1.on('message', (message: FromEngine) => handler(message)),
    onExit: (handler) => void (exited = handler),
    terminate: close,
    crash() {
      void close()
      exited('it was told to')
    },
  }
}

export interface TestServer extends RunningServer {
  readonly engine: EngineSupervisor
  readonly log: Record<string, unknown>[]
  stop(): Promise<void>
}

const DEFAULTS: ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  apiKeys: [],
  maxConcurrency: 8,
  maxQueue: 64,
  maxBody: 1_000_000,
  cors: [],
  logPrompts: false,
  version: 'test',
}

/** A server that listens, over an engine in this thread. */
export async function serveEngine(
  engine: Engine | Promise<Engine> | (() => ClientSide),
  options: Partial<ServerOptions> = {},
  name = 'scripted',
  load: Pick<Supervised, 'model' | 'options'> = {},
): Promise<TestServer> {
  const log: Record<string, unknown>[] = []
  const connect = typeof engine === 'function' ? engine : () => localLine(engine)
  const report = (message: string): void => void log.push({ event: 'engine', message })
  const remote = new EngineSupervisor(name, { connect, report, ...load })
  const server = await startServer([remote], { ...DEFAULTS, ...options }, (entry) => log.push(entry))
  await remote.loaded
  return {
    ...server,
    engine: remote,
    log,
    stop: async () => {
      await server.drain(0)
    },
  }
}
