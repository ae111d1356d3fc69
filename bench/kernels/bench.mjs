// One kernel in one thread in a memory of its own: checked against plain loops, then timed.
// Times are the least of many calls, so that other programs on the machine count little.
import { compileKernels } from '../../dist/backends/cpu/platform.js'
import { RECORD_BYTES, STEP_HEADER } from '../../dist/backends/contract.generated.js'
import { writeHeader, writeRecord } from '../../dist/backends/cpu/records.js'

/** KERNELS names another build of dist/backends/cpu/kernels-relaxed.generated.js, to compare two on one machine at one time. */
const { RELAXED_WASM } = await import(process.env.KERNELS ?? '../../dist/backends/cpu/kernels-relaxed.generated.js')

const FIRST_FREE = 65536
const begun = await compileKernels([async () => Uint8Array.from(Buffer.from(RELAXED_WASM, 'hex'))])
if (!begun) throw new Error('this JavaScript engine has no WebAssembly SIMD with threads')
const { module, fused } = await begun.made

export class KernelBench {
  /** With a clock, threads find out whether reading ahead is faster (kernels/cpu/linear/read-ahead.ts). */
  constructor(bytes, hasClock = false) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) + 40, maximum: 65536, shared: true })
    const env = { memory: this.memory, abort: () => undefined, clock: () => (hasClock ? performance.now() : 0) }
    this.kernels = new WebAssembly.Instance(module, { env }).exports
    this.next = FIRST_FREE
    this.record = this.take(RECORD_BYTES)
    this.scratch = this.take(1 << 20)
    this.kernels.init(0, 1, this.scratch, -1, 0, fused ? 1 : 0)
  }

  get buffer() {
    return this.memory.buffer
  }

  take(bytes) {
    const address = this.next
    this.next = Math.ceil((address + bytes) / 64) * 64
    if (this.next > this.buffer.byteLength) this.memory.grow(Math.ceil((this.next - this.buffer.byteLength) / 65536))
    return address
  }

  /** Values of [count] numbers at a new address. */
  floats(count, value) {
    const address = this.take(count * 4)
    const array = new Float32Array(this.buffer, address, count)
    for (let i = 0; i < count; i++) array[i] = value(i)
    return address
  }

  /** The step's header, by the names of kernels/contract.ts; what is not given is 0. */
  step(header) {
    const none = Object.fromEntries(Object.keys(STEP_HEADER).map((name) => [name, 0]))
    writeHeader(this.buffer, { ...none, ...header })
  }

  /** The record that run() runs; fields by the names of kernels/contract.ts. */
  set(kernel, fields) {
    writeRecord(this.buffer, this.record, { kernel, rows: 'T', multiple: 1, fields }, false)
  }

  run() {
    new Int32Array(this.buffer, this.record, 3)[2] = 0
    this.kernels.run(this.record, 1)
  }

  /** Least seconds of one call, for about `seconds` of trying. */
  time(seconds = 0.5) {
    this.run()
    let best = Infinity
    const end = performance.now() + seconds * 1000
    for (let calls = 0; calls < 5 || performance.now() < end; calls++) {
      const [start, used] = [performance.now(), process.cpuUsage()]
      this.run()
      const wall = performance.now() - start
      const { user, system } = process.cpuUsage(used)
      // a long call is interrupted on a busy machine; the processor's own time does not count that, but it is coarse
      best = Math.min(best, wall > 2 ? Math.min(wall, (user + system) / 1000) : wall)
    }
    return best / 1000
  }
}

/** xorshift32: the same numbers every time, uniform in [-1, 1). */
export function random(seed) {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
}

/** Fails unless the relative distance of `got` from `expected` is below `limit`. */
export function check(name, got, expected, limit) {
  let [difference, size] = [0, 0]
  expected.forEach((e, i) => {
    difference += (got[i] - e) ** 2
    size += e ** 2
  })
  const distance = Math.sqrt(difference / size)
  if (!(distance < limit)) throw new Error(`${name}: distance ${distance} from plain loops, expected below ${limit}`)
  return distance
}
