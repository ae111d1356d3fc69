import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { LoadProgress } from '../../src/engine/options.js'
import { loadEngine } from '../../src/engine/load.js'
import { UserError } from '../../src/errors.js'
import { connectEngine } from '../../src/remote/connect.js'
import { hostEngine } from '../../src/remote/host.js'
import { workerThreadLine } from '../../src/remote/node.js'
import { portLine } from '../../src/remote/port.js'
import {
  PROTOCOL_VERSION,
  WINDOW,
  type ClientSide,
  type FromEngine,
  type SentLoadOptions,
} from '../../src/remote/protocol.js'
import { receivedError, sentError } from '../../src/remote/sent-error.js'
import { EngineSupervisor } from '../../src/remote/supervisor.js'
import { EngineUnavailable } from '../../src/remote/unavailable.js'
import { scriptedEngine } from '../server/scripted.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const WORKER = new URL('../../dist/remote/node-worker.js', import.meta.url)
const CRASHING = new URL('../server/crashing-worker.mjs', import.meta.url)
const SMALL = { threads: 1, contextLength: 256 } as const

describe('loading over a line', () => {
  it('tells how far it is', async () => {
    const seen: LoadProgress[] = []
    const line = workerThreadLine(WORKER)
    const engine = await connectEngine(line, { model: MINI, options: SMALL, onProgress: (p) => seen.push(p) })
    await engine.close()
    const { loadedBytes, totalBytes } = seen.at(-1)!
    expect(loadedBytes).toBe(totalBytes)
    expect(totalBytes).toBeGreaterThan(0)
  })

  it('fails with the UserError of the other end', async () => {
    const missing = connectEngine(workerThreadLine(WORKER), { model: '/no/such/model' })
    await expect(missing).rejects.toMatchObject({ name: 'UserError', code: 'file_not_found' })
    const wrong = connectEngine(workerThreadLine(WORKER), { model: MINI, options: { threads: 0 } })
    await expect(wrong).rejects.toMatchObject({ name: 'UserError', code: 'invalid_argument' })
    await expect(connectEngine(workerThreadLine(WORKER))).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('can be cancelled', async () => {
    const cancelled = { name: 'UserError', code: 'aborted' }
    const load = { model: MINI, options: SMALL }
    await expect(
      connectEngine(workerThreadLine(WORKER), { ...load, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject(cancelled)
    const controller = new AbortController()
    const loading = connectEngine(workerThreadLine(WORKER), { ...load, signal: controller.signal })
    controller.abort()
    await expect(loading).rejects.toMatchObject(cancelled)
  })

  it('refuses an end of another version', async () => {
    const { port1, port2 } = new MessageChannel()
    hostEngine(
      scriptedEngine(() => 'x'),
      portLine(port1),
    )
    const honest = portLine(port2)
    const old: ClientSide = {
      ...honest,
      send: (message) => honest.send(message.type === 'open' ? { ...message, version: PROTOCOL_VERSION + 1 } : message),
    }
    const refused = connectEngine(old)
    await expect(refused).rejects.toMatchObject({ name: 'UserError', code: 'unsupported_platform' })
    await expect(refused).rejects.toThrow(
      `the engine speaks version ${PROTOCOL_VERSION} of the protocol and the client version ${PROTOCOL_VERSION + 1}; ` +
        'use one version of kaiyuan on both ends',
    )
  })

  it('takes every option of loadEngine but progress and signal', () => {
    const options: Required<SentLoadOptions> = {
      precision: 'fast',
      quantize: 'q8',
      kvCache: 'q8',
      threads: 1,
      backend: 'cpu',
      contextLength: 1,
      stepTokens: 1,
      maxTokens: 1,
      maxConcurrency: 1,
      cacheMemory: 1,
      speculate: 'mtp',
      prepareGrammars: true,
      profile: true,
      force: true,
    }
    expect(structuredClone(options)).toEqual(options)
  })
})

describe('a lost engine', () => {
  it.each([
    ['ends', 'crash', 'exit code 3'],
    ['throws', 'throw', 'thrown in the worker'],
  ])('that %s fails its open calls and all further ones with EngineUnavailable', async (_, prompt, reason) => {
    const engine = await connectEngine(workerThreadLine(CRASHING), { model: MINI, options: SMALL })
    const running = engine.complete('abc', { ignoreEos: true })
    await running.begun
    const unavailable = { name: 'EngineUnavailable', reason: 'engine_stopped', retryAfter: 1 }
    await expect(engine.complete(prompt).result).rejects.toMatchObject(unavailable)
    await expect(running.result).rejects.toMatchObject(unavailable)
    await expect(engine.encode('abc')).rejects.toMatchObject(unavailable)
    expect(await engine.gone).toBe(reason)
    await engine.close()
  })
})

describe('a client that is slow', () => {
  it('has at most a window of messages on their way, and misses nothing', async () => {
    const { port1, port2 } = new MessageChannel()
    const text = 'abcdefghij'.repeat(60)
    hostEngine(
      scriptedEngine(() => text),
      portLine(port1),
    )
    const line = portLine(port2)
    const held: FromEngine[] = []
    let deliver: (message: FromEngine) => void = () => undefined
    let holding = false
    const slow: ClientSide = {
      ...line,
      onMessage(handler) {
        deliver = handler
        line.onMessage((message: FromEngine) =>
          holding && message.type === 'pieces' ? held.push(message) : handler(message),
        )
      },
    }
    const engine = await connectEngine(slow)
    holding = true
    const generation = engine.chat([{ role: 'user', content: 'x' }])
    const other = engine.chat([{ role: 'user', content: 'y' }])
    // The other end works on: it waits for nobody. Its result is not held up, but comes after the pieces in this test.
    await Promise.all([generation.result, other.result])
    const own = held.filter((message) => message.type === 'pieces' && message.id === 0)
    expect(own.length).toBeLessThanOrEqual(WINDOW + 1)
    const pieces = own.flatMap((message) => (message.type === 'pieces' ? message.pieces : []))
    expect(pieces).toHaveLength(text.length)
    holding = false
    for (const message of held) deliver(message)
    await engine.close()
  })
})

describe('an error on its way', () => {
  it('arrives as what it was', () => {
    const errors = [
      new UserError('too long', 'context_length_exceeded'),
      new EngineUnavailable('gone', 'engine_stopped', 1),
      new EngineUnavailable('gone for good', 'model_unavailable'),
      new Error('a bug'),
    ]
    for (const error of errors) {
      const arrived = receivedError(structuredClone(sentError(error)))
      expect(arrived).toEqual(error)
      expect(arrived.constructor).toBe(error.constructor)
    }
    expect(receivedError(sentError(errors[3])).stack).toBe(errors[3]!.stack)
  })

  it('is a UserError for an option that a message cannot carry', async () => {
    const { port1, port2 } = new MessageChannel()
    hostEngine(loadEngine, portLine(port1))
    const engine = await connectEngine(portLine(port2), { model: MINI, options: SMALL })
    const constraint = { mask: (scores: Float32Array) => scores, accept: () => undefined }
    const options: object = { constraint }
    await expect(engine.complete('abc', options).result).rejects.toMatchObject({
      name: 'UserError',
      code: 'invalid_argument',
      message: expect.stringMatching(/^an option cannot be sent to another thread: DataCloneError: /) as string,
    })
    await engine.close()
  })
})

describe('a model that cannot be asked', () => {
  it('is being loaded, failed, or is closed', async () => {
    const quiet: ClientSide = {
      send: () => undefined,
      onMessage: () => undefined,
      onExit: () => undefined,
      terminate: () => Promise.resolve(),
    }
    const refusal = ({ engine }: EngineSupervisor): unknown => engine
    const report = (): void => undefined
    const loading = new EngineSupervisor('slow', { connect: () => quiet, report })
    const unavailable = (message: string, reason: string) => expect.objectContaining({ message, reason }) as Error
    expect(() => refusal(loading)).toThrow(unavailable('slow is being loaded; try again', 'model_loading'))
    await loading.close()
    expect(() => refusal(loading)).toThrow(unavailable('slow is closed', 'model_unavailable'))
    await expect(loading.loaded).rejects.toMatchObject({ code: 'aborted', message: 'the server is shutting down' })
    const { port1, port2 } = new MessageChannel()
    hostEngine(loadEngine, portLine(port1))
    const failed = new EngineSupervisor('none', { connect: () => portLine(port2), model: '/no/such/model', report })
    await expect(failed.loaded).rejects.toMatchObject({ code: 'file_not_found' })
    expect(() => refusal(failed)).toThrow(unavailable('none could not be loaded', 'model_unavailable'))
    await failed.close()
    port2.close()
  })
})
