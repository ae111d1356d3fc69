import type { ClientSide, EngineSide, FromEngine, ToEngine } from './protocol.js'

/** What can carry a line: a MessagePort, a Web Worker, or the global scope inside of one. */
export interface PortLike {
  postMessage(message: unknown): void
  addEventListener(
    type: 'message' | 'error',
    listener: (event: { readonly data?: unknown; readonly message?: string }) => void,
  ): void
  start?(): void
  close?(): void
  terminate?(): void
}

/**
 * Either end of a line over a port or a Web Worker. A worker says when it cannot continue; a port does not say when its other end
 * is lost.
 *
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { connectEngine, hostEngine, portLine } from 'kaiyuan/worker'
 *
 * const { port1, port2 } = new MessageChannel()
 * const engine = await loadEngine('mini')
 * hostEngine(engine, portLine(port1))
 * const client = await connectEngine(portLine(port2))
 * console.log(client.info.name === engine.info.name) // true
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
    onExit: (handler) =>
      port.addEventListener('error', ({ message }) => handler(message ? message : 'its file cannot be run')),
    terminate: async () => (port.terminate ? port.terminate() : port.close?.()),
  }
}
