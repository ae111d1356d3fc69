import prettyBytes from 'pretty-bytes'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { UserError } from '../../errors.js'
import { weightsOf, type WeightUse } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import { atOnce, inSlices, yieldToEvents, type Steps } from '../../slices.js'
import { type Backend, type BackendOptions, type MemoryNeeds, type PlannedOptions, type Runner } from '../backend.js'
import { MAX_BANK_BYTES, assignBanks } from './banks.js'
import { cacheFormatOf, statePageBytes, type CacheFormat } from '../formats/cache-format.js'
import { FreshPages } from './load/fresh-pages.js'
import { LoadTasks } from './load/load-tasks.js'
import { Lowering } from '../plan/lower/lowering.js'
import { layOut, timesBytes, type Layout, type NewLayout } from './layout.js'
import { available, kernels, settled, threadsOf } from './machine.js'
import { collectGarbage, sharesMemory } from './platform.js'
import { WeightLoader, stagingBytes } from './load/load-weights.js'
import { StagingQueue } from './load/staging-queue.js'
import { measureReadSpeed } from './read-speed.js'
import { CpuRunner } from './runner.js'
import { ThreadPool, ownThread, startThreads, type Threads } from './threads.js'
import { align } from '../align.js'
import { planWeight } from '../formats/weights.js'
import { unplaced, type PlacedWeight } from './places.js'

/** CPU kernels in WebAssembly: SIMD, threads over shared memory, the whole step inside; memories of at most 4 GiB each. */
export const cpuBackend: Backend = {
  name: 'cpu',
  capabilities: { exact: true, kvCaches: ['f16', 'q8'], chooses: false, hidden: true, draft: true, profile: true },
  available,
  settled,
  plan,
  measureReadSpeed: ({ cpu }) => measureReadSpeed(cpu?.threads),
  load,
}

/** Room kept free in each bank for activations and tables when layers are dealt out. */
const ACTIVATION_RESERVE = 256 << 20
/** A plan lays out no more banks than these, since that takes seconds; for others it reckons with what a bank of large models takes. */
const LAID_OUT_BANKS = 4
const BANK_WORK = 160 << 20

async function load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Runner> {
  const weights = planWeights(program, checkpoint, options)
  const nThreads = threadsFor(program, weights, options)
  const needs = needsOf(program, weights, cacheFormatOf(program, options))
  // What is far too large is refused before it is laid out, which takes seconds.
  options.admit?.({ ...needs, workBytes: 0 })
  const waiting = sharesMemory() ? startThreads(nThreads) : undefined
  let threads: Threads | undefined
  try {
    const { write, ...layout } = await inSlices(layOutIn(program, weights, nThreads, options))
    options.admit?.({ ...needs, workBytes: workBytes(layout, weights) })
    const { module, uniform, fused } = await kernels()
    // Nothing but this in its slice: it cannot be divided.
    await yieldToEvents()
    collectGarbage()
    await yieldToEvents()
    const memories = layout.banks.map((_, bank) => newMemory(loadedBytes(layout, bank, weights)))
    await inSlices(write(memories))
    const probe = layout.banks.map((b, bank) => ({ bank, first: 0, records: b.probe.record, count: 1, copies: [] }))
    const setup = {
      module,
      memories,
      segments: layout.segments,
      draft: layout.draft?.segments ?? [],
      probe,
      uniform,
      fused,
    }
    const memoryOf = memoryOfThreads(layout, options.profile ?? false)
    threads = waiting ? await ThreadPool.start(waiting, setup, memoryOf) : ownThread(setup, memoryOf(0))
    const tasks = new LoadTasks(layout.banks, memories, threads)
    const loaders = layout.banks.map(
      ({ poolAddress }, bank) =>
        new WeightLoader(module, bank, memories[bank]!, poolAddress, weightsOfBank(weights, bank), tasks),
    )
    await loadWeights(weights, loaders, waiting && new FreshPages(weights.values(), tasks), options)
    const bytes = { weightBytes: sumBytes(weights), activeWeightBytes: activeBytes(program, weights) }
    return new CpuRunner(program, layout, memories, threads, nThreads, options.profile ?? false, options, bytes)
  } catch (error) {
    if (threads) await threads.close()
    else await Promise.all((waiting ?? []).map(({ thread }) => thread.terminate()))
    throw error
  }
}

interface ThreadMemory {
  readonly scratch: number[]
  readonly times: number[] | undefined
}

/** Alone, since functions of one scope keep alive what any of them uses: in the loader's, the checkpoint and its metadata. */
function memoryOfThreads(layout: Layout, profile: boolean): (thread: number) => ThreadMemory {
  return (thread) => ({
    scratch: layout.banks.map((b) => b.scratchAddress + thread * layout.scratchBytes),
    times: profile ? layout.banks.map((b) => b.timesAddress + thread * timesBytes(b.nRecords)) : undefined,
  })
}

/** What one core reads in about 200 us: a token of such a model is done before other threads are awake. */
const ONE_THREAD_BYTES = 4e6

/** @throws UserError where this many threads are not available */
function threadsFor(
  program: Program,
  weights: ReadonlyMap<string, PlacedWeight>,
  { cpu }: Pick<BackendOptions, 'cpu'>,
): number {
  const threads = threadsOf(cpu?.threads)
  return cpu?.threads === undefined && activeBytes(program, weights) < ONE_THREAD_BYTES ? 1 : threads
}

/** Deals layers out to banks, and leaves more room for activations (of many tokens a step) where there was too little. */
function* layOutIn(
  program: Program,
  weights: ReadonlyMap<string, PlacedWeight>,
  nThreads: number,
  options: BackendOptions,
): Steps<NewLayout> {
  const bankBytes = Math.min(options.cpu?.bankBytes ?? MAX_BANK_BYTES, MAX_BANK_BYTES)
  const cache = cacheFormatOf(program, options)
  for (let reserve = Math.min(ACTIVATION_RESERVE, bankBytes / 4); ;) {
    const banks = assignBanks(program, weights, bankBytes, reserve, 1, cache)
    const lowering = new Lowering(weights, options.precision === 'fast', cache)
    const layout = yield* layOut(lowering, weights, banks, nThreads, options)
    const most = layout.banks.map((_, bank) => loadedBytes(layout, bank, weights)).reduce((a, b) => Math.max(a, b))
    if (most <= MAX_BANK_BYTES) return layout
    reserve += most - MAX_BANK_BYTES
  }
}

/** Bytes of a bank while it is loaded: rows on their way lie where cache pages will be. */
function loadedBytes(layout: Layout, bank: number, weights: ReadonlyMap<string, PlacedWeight>): number {
  return layout.banks[bank]!.poolAddress + stagingBytes(weightsOfBank(weights, bank))
}

function weightsOfBank(weights: ReadonlyMap<string, PlacedWeight>, bank: number): PlacedWeight[] {
  return [...weights.values()].filter((w) => w.bank === bank)
}

function plan(program: Program, checkpoint: Checkpoint, options: PlannedOptions): MemoryNeeds {
  const weights = planWeights(program, checkpoint, options)
  const cache = cacheFormatOf(program, options)
  try {
    const { count } = assignBanks(program, weights, MAX_BANK_BYTES, ACTIVATION_RESERVE, 1, cache)
    const nThreads = sharesMemory() ? threadsFor(program, weights, options) : 1
    const work =
      count > LAID_OUT_BANKS
        ? count * BANK_WORK
        : workBytes(atOnce(layOutIn(program, weights, nThreads, options)), weights)
    return { ...needsOf(program, weights, cache), workBytes: work }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { ...needsOf(program, weights, cache), workBytes: BANK_WORK, refusal: error }
  }
}

function needsOf(
  program: Program,
  weights: ReadonlyMap<string, PlacedWeight>,
  cache: CacheFormat,
): Omit<MemoryNeeds, 'workBytes'> {
  const pages = program.states.map((state) => statePageBytes(state, cache))
  return {
    weightBytes: sumBytes(weights),
    activeWeightBytes: activeBytes(program, weights),
    pageBytes: pages.reduce((sum, { keys, values }) => sum + keys + values, 0),
    slotBytes: program.recurrents.reduce((sum, { floats }) => sum + align(floats * 4), 0),
  }
}

/** Bytes of all banks while they are loaded, but for the weights. */
function workBytes(layout: Layout, weights: ReadonlyMap<string, PlacedWeight>): number {
  const all = layout.banks.reduce((sum, _, bank) => sum + loadedBytes(layout, bank, weights), 0)
  return all - sumBytes(weights)
}

/** Every weight of the program with its format, once, whatever the number of ops that read it. */
function planWeights(
  program: Program,
  checkpoint: Checkpoint,
  options: Pick<BackendOptions, 'precision' | 'quantize'>,
): Map<string, PlacedWeight> {
  const uses = new Map<string, Set<WeightUse>>()
  for (const { op } of allOps(program))
    for (const weight of weightsOf(op)) {
      const set = uses.get(weight.name) ?? new Set()
      set.add(weight.use)
      uses.set(weight.name, set)
    }
  const weights = new Map<string, PlacedWeight>()
  for (const { op } of allOps(program))
    for (const weight of weightsOf(op))
      if (!weights.has(weight.name)) {
        const stored = checkpoint.tensor(weight.name, weight.shape, weight.part)
        weights.set(weight.name, unplaced(planWeight(weight, stored, uses.get(weight.name)!, options)))
      }
  return weights
}

async function loadWeights(
  weights: ReadonlyMap<string, PlacedWeight>,
  loaders: readonly WeightLoader[],
  fresh: FreshPages | undefined,
  options: BackendOptions,
): Promise<void> {
  const totalBytes = [...weights.values()].reduce((sum, w) => sum + w.stored.byteLength, 0)
  let loadedBytes = 0
  const ahead = new StagingQueue()
  for (const placed of weights.values()) {
    await fresh?.ready(placed)
    await loaders[placed.bank]!.load(placed, ahead, options.signal)
    loadedBytes += placed.stored.byteLength
    options.onProgress?.({ loadedBytes, totalBytes, tensor: placed.weight.name })
  }
  await ahead.end()
}

/** Memory for everything but cache pages, which it grows by later. */
function newMemory(bytes: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536), maximum: 65536, shared: sharesMemory() })
  } catch (cause) {
    throw new UserError(
      `out of memory: the model needs a WebAssembly memory of ${prettyBytes(bytes)}, which this machine refuses`,
      'out_of_memory',
      { cause, remedies: [{ option: 'quantize', value: 'q4' }, { advice: 'a smaller model' }] },
    )
  }
}

function sumBytes(weights: ReadonlyMap<string, PlacedWeight>): number {
  return [...weights.values()].reduce((sum, w) => sum + w.bytes, 0)
}

/** Bytes of weights that one decoded token reads: every matrix it multiplies with, topK of the experts. */
function activeBytes(program: Program, weights: ReadonlyMap<string, PlacedWeight>): number {
  let bytes = 0
  for (const { op } of program.ops) {
    if (op.op === 'embed') continue
    const own = weightsOf(op).reduce((sum, w) => sum + weights.get(w.name)!.bytes, 0)
    bytes += op.op === 'experts' ? (own * op.topK) / op.gate.length : own
  }
  return bytes
}
