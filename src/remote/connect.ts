import type { LoadOptions } from '../engine/options.js'
import { UserError } from '../errors.js'
import { EngineClient } from './client.js'
import type { EngineLike } from './engine-like.js'
import { PROTOCOL_VERSION, type ClientSide, type SentLoadOptions, type SentModel } from './protocol.js'
import { receivedError } from './sent-error.js'
import { EngineUnavailable } from './unavailable.js'

/** How a line is opened. */
export interface ConnectOptions {
  /** What the other end loads; undefined where an engine is there already. */
  readonly model?: SentModel | undefined
  readonly options?: SentLoadOptions | undefined
  readonly onProgress?: LoadOptions['onProgress']
  readonly onDownload?: LoadOptions['onDownload']
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

/** An engine at the other end of a line. */
export interface ConnectedEngine extends EngineLike {
  /** Resolves with the reason when the engine is lost; never after it was closed. */
  readonly gone: Promise<string>
}

/**
 * Opens a line and waits until the engine at its other end is loaded.
 * @throws UserError as loadEngine does; EngineUnavailable when the engine stops while it loads
 *
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { connectEngine, hostEngine, portLine } from 'kaiyuan/worker'
 *
 * const { port1, port2 } = new MessageChannel()
 * const engine = await loadEngine('mini')
 * hostEngine(engine, portLine(port1))
 * const client = await connectEngine(portLine(port2))
 * console.log(client.info.name)
 * await client.close()
 * await engine.close()
 */
export function connectEngine(line: ClientSide, connect: ConnectOptions = {}): Promise<ConnectedEngine> {
  return openLine(line, connect)
}

/** As {@link connectEngine}, with what a supervisor needs. */
export function openLine(line: ClientSide, connect: ConnectOptions): Promise<EngineClient> {
  const { model, options, onProgress, onDownload, signal } = connect
  return new Promise((resolve, reject) => {
    let client: EngineClient | undefined
    const cancel = (): void => fail(new UserError('cancelled', 'aborted'))
    const fail = (error: Error): void => {
      signal?.removeEventListener('abort', cancel)
      reject(error)
      line.send({ type: 'close' })
      void line.terminate()
    }
    if (signal?.aborted) return cancel()
    signal?.addEventListener('abort', cancel)
    line.onMessage((message) => {
      if (client) return client.receive(message)
      if (message.type === 'progress') return onProgress?.(message.progress)
      if (message.type === 'download') return onDownload?.(message.progress)
      if (message.type === 'not-loaded') return fail(receivedError(message.error))
      if (message.type !== 'loaded') return
      signal?.removeEventListener('abort', cancel)
      resolve((client = new EngineClient(message.info, line)))
    })
    line.onExit((reason) => {
      if (client) client.lost(reason)
      else fail(new EngineUnavailable(`the engine stopped while it was loaded (${reason})`, 'engine_stopped', 1))
    })
    line.send({
      type: 'open',
      version: PROTOCOL_VERSION,
      ...(model !== undefined && { model }),
      ...(options && { options }),
    })
  })
}
