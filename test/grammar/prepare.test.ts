import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { think } from '../../src/chat/dialects/families.js'
import { loadEngine } from '../../src/engine/load.js'
import { Grammars } from '../../src/grammar/grammars.js'
import { EngineSupervisor, type Supervised } from '../../src/remote/supervisor.js'
import { modelHandler } from '../../src/server.js'
import { END, bytes } from './vocabulary.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))

afterEach(() => vi.restoreAllMocks())

/** Grammars, and how often each token was read. */
function countedGrammars() {
  const read = vi.fn(bytes.bytesOf.bind(bytes))
  return { grammars: new Grammars({ ...bytes, bytesOf: read }, END + 1, new Set([END]), think), read }
}

describe('grammars that are prepared', () => {
  it('read the vocabulary once, however many ask for it', async () => {
    const { grammars, read } = countedGrammars()
    const [form] = await Promise.all([grammars.constraint({ kind: 'json' }), grammars.prepare(), grammars.prepare()])
    expect(form.follow(bytes.encode('{"a": 1}'))).toBe(8)
    const reads = read.mock.calls.length
    expect(read.mock.calls.filter(([id]) => id === 65)).toHaveLength(1)
    await grammars.prepare()
    await grammars.constraint({ kind: 'regex', pattern: 'a' })
    expect(read.mock.calls).toHaveLength(reads)
    expect(grammars.bytes).toBeGreaterThan(0)
  })

  it('are compiled, or refused, before the vocabulary is read', async () => {
    const { grammars, read } = countedGrammars()
    await expect(grammars.begin({ kind: 'regex', pattern: '(' })).rejects.toMatchObject({ code: 'invalid_grammar' })
    expect(read).not.toHaveBeenCalled()
    const { inner, ready } = await grammars.begin({ kind: 'json' })
    expect(() => inner.allowed()).toThrow(/waits for its vocabulary/)
    await ready
    expect(inner.follow(bytes.encode('{"a": 1}'))).toBe(8)
    // Who comes later finds it there.
    const again = await grammars.begin({ kind: 'json' })
    expect(again.inner.allowed()).toBeDefined()
  })

  it('keep no grammar that nobody asked for', async () => {
    const { grammars } = countedGrammars()
    await grammars.prepare()
    expect(grammars.bytes).toBe(0)
  })

  it('end when they are closed meanwhile', async () => {
    const { grammars } = countedGrammars()
    const preparing = grammars.prepare()
    grammars.close()
    await expect(preparing).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a loaded model', () => {
  it('is prepared for grammars where that is asked for, and can be closed meanwhile', async () => {
    const prepare = vi.spyOn(Grammars.prototype, 'prepare')
    await (await loadEngine(MINI, { threads: 1 })).close()
    expect(prepare).not.toHaveBeenCalled()
    const engine = await loadEngine(MINI, { threads: 1, prepareGrammars: true })
    expect(prepare).toHaveBeenCalledOnce()
    await engine.close()
    await expect(prepare.mock.results[0]!.value).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is prepared by a server, unless that says otherwise', async () => {
    const options: Supervised['options'][] = []
    const start = vi.spyOn(EngineSupervisor.prototype as unknown as { start(): void }, 'start')
    start.mockImplementation(function (this: { supervised: Supervised }) {
      options.push(this.supervised.options)
    })
    for (const load of [undefined, { prepareGrammars: false }]) {
      const { close, loaded } = modelHandler({ models: { mini: MINI }, load })
      loaded.catch(() => undefined)
      await close()
    }
    expect(options.map((one) => one?.prepareGrammars)).toEqual([true, false])
  })
})
