import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StopText } from '../../src/engine/answer/stop.js'
import { UserError } from '../../src/errors.js'

function feed(stops: string[], pieces: string[]): { out: string[]; stopped: boolean } {
  const stop = new StopText(stops)
  const out: string[] = []
  for (const piece of pieces) {
    const { text, stopped } = stop.push(piece)
    out.push(text)
    if (stopped) return { out, stopped }
  }
  out.push(stop.flush())
  return { out, stopped: false }
}

describe('StopText', () => {
  it('holds back what may become a stop string, and gives it out when it does not', () => {
    expect(feed(['END'], ['a E', 'N', 'x', ' E'])).toEqual({ out: ['a ', '', 'ENx', ' ', 'E'], stopped: false })
  })

  it('finds a stop string across pieces and gives out nothing of it', () => {
    expect(feed(['END'], ['a E', 'N', 'D b'])).toEqual({ out: ['a ', '', ''], stopped: true })
  })

  it('takes the stop string that is complete first', () => {
    expect(feed(['abc', 'b'], ['xabc']).out).toEqual(['xa'])
  })

  it('passes everything without stop strings', () => {
    expect(feed([], ['a', 'b'])).toEqual({ out: ['a', 'b', ''], stopped: false })
  })

  it('refuses an empty stop string', () => {
    expect(() => new StopText([''])).toThrow(UserError)
  })

  it('gives the same text however the input is cut, with no stop string in it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 })
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(stops, fc.array(letters, { maxLength: 8 }), (stop, pieces) => {
        const text = pieces.join('')
        const cut = feed(stop, pieces)
        const single = feed(stop, Array.from(text))
        expect(cut.out.join('')).toBe(single.out.join(''))
        expect(cut.stopped).toBe(stop.some((s) => text.includes(s)))
        for (const s of stop) expect(cut.out.join('')).not.toContain(s)
      }),
      { numRuns: 2000 },
    )
  })
})
