// Faults of servers and networks, and how much may be served, as a part of what is needed, until all is there.
import type { Faults } from './hub.mjs'

export interface FaultCase {
  readonly name: string
  readonly faults: Faults
  readonly most: number
}

export const FAULTS: readonly FaultCase[] = [
  { name: 'where every third answer is cut', faults: { cut: 0.3 }, most: 1.1 },
  { name: 'where servers fail and ask for pauses', faults: { p503: 0.3, p429: 0.3, hub503: 0.2 }, most: 1.1 },
  { name: 'where addresses live for a moment', faults: { expiryMs: 40, delayMs: 1 }, most: 1.1 },
  { name: 'where connections stall', faults: { stall: 0.2 }, most: 1.1 },
  { name: 'where a file is gone for a moment', faults: { gone: 0.2 }, most: 1.1 },
  // What the other side had sent before it was stopped counts too.
  { name: 'where ranges are ignored now and then', faults: { ignoreRange: 0.2 }, most: 3 },
  { name: 'where ranges are wrong', faults: { wrongRange: 0.3 }, most: 3 },
  { name: 'where the version seems to change', faults: { etag: 0.3 }, most: 3 },
  {
    name: 'with all of it at once',
    faults: { cut: 0.1, p503: 0.1, p429: 0.1, stall: 0.05, expiryMs: 500, gone: 0.05 },
    most: 1.2,
  },
]
