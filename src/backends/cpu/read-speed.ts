import { kernels, threadsOf } from './machine.js'
import { sharesMemory } from './platform.js'
import { CONTROL_BLOCK, RECORD_BYTES } from '../contract.generated.js'
import { writeSpan } from './records.js'
import { ThreadPool, ownThread, startThreads } from './threads.js'

/** More than caches hold. */
const PROBED_BYTES = 2 ** 29

/** Bytes per second at which all threads together read memory and do nothing else: the limit of decoding, before a load. */
export async function measureReadSpeed(asked?: number): Promise<number> {
  const nThreads = threadsOf(asked)
  const { module, uniform, fused } = await kernels()
  const data = CONTROL_BLOCK.end + 4096
  const memory = new WebAssembly.Memory({
    initial: (PROBED_BYTES + 65536) / 65536,
    maximum: 65536,
    shared: sharesMemory(),
  })
  // Pages that were never written are all the same one.
  new Uint8Array(memory.buffer, data, PROBED_BYTES).fill(1)
  const record = CONTROL_BLOCK.end
  const probe = [{ bank: 0, first: 0, records: record, count: 1, copies: [] }]
  const setup = { module, memories: [memory], segments: [], draft: [], probe, uniform, fused }
  const own = (thread: number): { scratch: number[]; times: undefined } => ({
    scratch: [record + RECORD_BYTES + 16 * (thread + 1)],
    times: undefined,
  })
  const threads = sharesMemory() ? await ThreadPool.start(startThreads(nThreads), setup, own) : ownThread(setup, own(0))
  try {
    let best = 0
    for (let round = 0; round < 4; round++) {
      writeSpan(memory, record, 'readMemory', data, PROBED_BYTES)
      const started = performance.now()
      await threads.probe()
      best = Math.max(best, (PROBED_BYTES / (performance.now() - started)) * 1000)
    }
    return best
  } finally {
    await threads.close()
  }
}
