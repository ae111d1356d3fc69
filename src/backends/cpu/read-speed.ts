import { kernels, threadsOf } from './machine.js'
import { sharesMemory } from './platform.js'
import { CONTROL_BLOCK } from '../contract.generated.js'
import { writeSpan } from './records.js'
import { ThreadPool, ownThread, startThreads } from './threads.js'

/** More than caches hold. */
const PROBED_BYTES = 2 ** 29
/** Of each of at most 64 threads, far enough from the next that none writes to another's lines. */
const SCRATCH_BYTES = 1024
/** Before what is read: the record and all of that. */
const OWN_BYTES = 2 ** 17

/** Bytes per second of reading `bytes` bytes, by the faster way on this machine. */
export async function fastestRead(
  bytes: number,
  read: (kernel: 'readMemory' | 'readPages') => Promise<void>,
): Promise<number> {
  let best = 0
  for (let round = 0; round < 2; round++)
    for (const kernel of ['readPages', 'readMemory'] as const) {
      const started = performance.now()
      await read(kernel)
      best = Math.max(best, (bytes / (performance.now() - started)) * 1000)
    }
  return best
}

/** Bytes per second at which all threads together read memory and do nothing else: the limit of decoding, before a load. */
export async function measureReadSpeed(asked?: number): Promise<number> {
  const nThreads = threadsOf(asked)
  const { module, uniform, fused } = await kernels()
  const data = CONTROL_BLOCK.end + OWN_BYTES
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((data + PROBED_BYTES) / 65536),
    maximum: 65536,
    shared: sharesMemory(),
  })
  // Pages that were never written are all the same one.
  new Uint8Array(memory.buffer, data, PROBED_BYTES).fill(1)
  const record = CONTROL_BLOCK.end
  const probe = [{ bank: 0, first: 0, records: record, count: 1, copies: [] }]
  const setup = { module, memories: [memory], segments: [], draft: [], probe, uniform, fused }
  const own = (thread: number): { scratch: number[]; times: undefined } => ({
    scratch: [record + SCRATCH_BYTES * (thread + 1)],
    times: undefined,
  })
  const threads = sharesMemory() ? await ThreadPool.start(startThreads(nThreads), setup, own) : ownThread(setup, own(0))
  try {
    return await fastestRead(PROBED_BYTES, async (kernel) => {
      writeSpan(memory, record, kernel, data, PROBED_BYTES)
      await threads.probe()
    })
  } finally {
    await threads.close()
  }
}
