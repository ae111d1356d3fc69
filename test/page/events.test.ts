import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventData } from '../../web/engine/events.js'

/** A stream that comes in pieces of these lengths. */
function streamOf(text: string, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return new ReadableStream({
    start(controller) {
      for (const [i, place] of places.entries()) if (i > 0) controller.enqueue(bytes.slice(places[i - 1], place))
      controller.close()
    },
  })
}

it('reads the data of events, however the bytes are cut', async () => {
  const texts = fc.array(fc.stringMatching(/^[a-z汉😀 :]{1,12}$/u), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.nat(), { maxLength: 8 }), async (all, cuts) => {
      const text = all.map((data) => `: waiting\n\nevent: x\ndata: ${data}\n\n`).join('')
      const found: string[] = []
      for await (const data of eventData(streamOf(text, cuts))) found.push(data)
      expect(found).toEqual(all)
    }),
    { numRuns: 100 },
  )
})
