import { describe, expect, it } from 'vitest'
import { KeptStream } from '../src/kept-stream.js'

/** Work that pushes 1, 2 and 3 and ends with their sum, or as it is told to. */
function counting(
  end: (signal: AbortSignal) => Promise<number> = () => Promise.resolve(6),
): KeptStream<number, number> {
  return new KeptStream(async (push, signal) => {
    push(1)
    await Promise.resolve()
    push(2)
    push(3)
    return end(signal)
  })
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('what is done in the background', () => {
  it('is followed from its first item by readers of any time', async () => {
    const stream = counting()
    expect(await Promise.all([all(stream.each()), all(stream.each())])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(await stream.result).toBe(6)
    expect(await all(stream.each())).toEqual([1, 2, 3])
    expect(await all(stream.newest())).toEqual([3])
  })

  it('fails in every reader after what came, and in the result, and nobody has to listen', async () => {
    const stream = counting(() => Promise.reject(new Error('broken')))
    await new Promise((resolve) => setTimeout(resolve, 0))
    const found: number[] = []
    const read = async (): Promise<void> => {
      for await (const item of stream.each()) found.push(item)
    }
    await expect(read()).rejects.toThrow('broken')
    expect(found).toEqual([1, 2, 3])
    await expect(stream.result).rejects.toThrow('broken')
  })

  it('is asked to end by a reader that leaves', async () => {
    const stream = counting((signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(-1))))
    for await (const item of stream.each()) if (item === 2) break
    expect(await stream.result).toBe(-1)
  })

  it('is not asked to end once it has', async () => {
    let asked: AbortSignal | undefined
    const stream = counting((signal) => {
      asked = signal
      return Promise.resolve(0)
    })
    await stream.result
    stream.abort()
    expect(asked!.aborted).toBe(false)
  })
})
