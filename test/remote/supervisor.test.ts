// An engine that gives no sign of life, and one whose compute threads have failed.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EngineInfo } from '../../src/engine/engine.js'
import type { ClientSide, FromEngine } from '../../src/remote/protocol.js'
import { EngineSupervisor } from '../../src/remote/supervisor.js'

/** An engine that loads, answers no call, and gives signs of life as long as it is told to. */
class Puppet {
  alive = true
  ended = false
  private handler: (message: FromEngine) => void = () => undefined

  readonly line: ClientSide = {
    send: (message) => {
      if (message.type === 'open') queueMicrotask(() => this.say({ type: 'loaded', info: { name: 'm' } as EngineInfo }))
      if (message.type === 'ping' && this.alive) queueMicrotask(() => this.say({ type: 'pong' }))
    },
    onMessage: (handler) => {
      this.handler = handler
    },
    onExit: () => undefined,
    terminate: () => {
      this.ended = true
      return Promise.resolve()
    },
  }

  say(message: FromEngine): void {
    this.handler(message)
  }
}

async function supervise() {
  const puppets: Puppet[] = []
  const connect = (): ClientSide => {
    puppets.push(new Puppet())
    return puppets.at(-1)!.line
  }
  const supervisor = new EngineSupervisor('m', { connect, report: () => undefined })
  await supervisor.loaded
  return { puppets, supervisor }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('an engine under supervision', () => {
  it('that answers heartbeats stays', async () => {
    const { puppets, supervisor } = await supervise()
    await vi.advanceTimersByTimeAsync(600_000)
    expect([puppets.length, supervisor.state, supervisor.crashes]).toEqual([1, 'ready', 0])
    await supervisor.close()
  })

  it('that stops answering is stalled, is ended with its calls, and is started again', async () => {
    const { puppets, supervisor } = await supervise()
    const call = supervisor.engine.likelihoods([1], 0).catch((error: unknown) => error)
    puppets[0]!.alive = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(supervisor.state).toBe('stalled')
    await vi.advanceTimersByTimeAsync(25_000)
    expect(await call).toMatchObject({ name: 'EngineUnavailable', reason: 'engine_stopped' })
    expect(puppets[0]!.ended).toBe(true)
    expect([puppets.length, supervisor.state, supervisor.crashes]).toEqual([2, 'ready', 1])
    await supervisor.close()
  })

  it('that answers again in time continues', async () => {
    const { puppets, supervisor } = await supervise()
    puppets[0]!.alive = false
    await vi.advanceTimersByTimeAsync(20_000)
    puppets[0]!.alive = true
    await vi.advanceTimersByTimeAsync(600_000)
    expect([puppets.length, supervisor.state, supervisor.crashes]).toEqual([1, 'ready', 0])
    await supervisor.close()
  })

  it('that says it cannot compute any more is started again', async () => {
    const { puppets, supervisor } = await supervise()
    const call = supervisor.engine.likelihoods([1], 0).catch((error: unknown) => error)
    puppets[0]!.say({ type: 'failed', reason: 'a trap' })
    expect(await call).toMatchObject({ name: 'EngineUnavailable', reason: 'engine_stopped' })
    await vi.advanceTimersByTimeAsync(1)
    expect(puppets[0]!.ended).toBe(true)
    expect([puppets.length, supervisor.state, supervisor.crashes]).toEqual([2, 'ready', 1])
    await supervisor.close()
  })
})
