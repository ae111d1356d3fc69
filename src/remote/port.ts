import type { ClientSide, EngineSide, FromEngine, ToEngine } from './protocol.js'

/** What can carry a line: a MessagePort, a Web Worker, or the global scope inside of one. */
export interface PortLike {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  start?(): void
  close?(): void
}

/**
 * Either end of a line over a port. A port does not say when its other end is lost; a worker does.
 *
 * @example
 * import { connectEngine, hostEngine, portLine } from 'kaiyuan/worker'
 * import { loadEngine } from 'kaiyuan'
 *
 * const { port1, port2 } = new MessageChannel()
 * const engine = await loadEngine('mini')
 * hostEngine(engine, portLine(port1))
 * const client = await connectEngine(portLine(port2))
 * await client.close()
 * await engine.close()
 */
export function portLine(port: PortLike): ClientSide & EngineSide {
  return {
    send: (message: ToEngine | FromEngine) => port.postMessage(message),
    onMessage(handler: (message: never) => void) {
      // The two ends of one version say what the protocol says; the first message checks the version.
      port.addEventListener('message', ({ data }) => handler(data as never))
      port.start?.()
    },
    onExit: () => undefined,
    terminate: async () => port.close?.(),
  }
}
