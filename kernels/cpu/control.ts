// What every kernel shares: who am I, the step's header, claiming work, and the barrier between ops.
// Mirrored on the host by src/backends/cpu/records.ts; the two must agree word by word.
import { storeHeld } from './held'
import { productsOf } from './simd'

/** Bytes of one op record. */
export const RECORD: usize = 160

// The control block lies at a fixed address of every bank; see also held.ts.
const BARRIER_COUNT: usize = 1024
const BARRIER_GENERATION: usize = 1088
const BARRIER_WAITERS: usize = 1152
/** What is taken of each thread's part of an op: i64, a cache line for each of at most 64 threads. */
const PARTS: usize = 4096
/** The step's header: i32 words, written by the host before each step. */
const STEP: usize = 2048

/** Most looks at the barrier before a thread sleeps; see threads.ts. */
let spins: i32 = 0
/** Looks that are worth it now: fewer after each sleep, so that on a busy machine nobody is kept from a core by looking. */
let patience: i32 = 0
const LEAST_PATIENCE: i32 = 2000
/** Every so often the wait is as long as it may be: where the others then come, the machine is no longer busy. */
const PROBE_EVERY: i32 = 64
let waits: i32 = 0
let thread: i32 = 0
let nThreads: i32 = 1
/** This thread's scratch memory. */
export let scratch: usize = 0
/** What the engine's product takes (simd.ts). */
export let products: i32 = 0

/** `known`: what the engine's product takes, or -1 to find out, where all calls of a relaxed instruction do the same. */
export function init(index: i32, count: i32, scratchPtr: usize, known: i32, barrierSpins: i32): void {
  thread = index
  nThreads = count
  spins = barrierSpins
  patience = barrierSpins
  scratch = scratchPtr
  turn = 0
  storeHeld()
  store<i64>(PARTS + (<usize>index << 6), 0)
  products = known < 0 ? productsOf(scratchPtr) : known
}

// @ts-ignore: decorator
@inline export function stepTokens(): i32 { return load<i32>(STEP) }
// @ts-ignore: decorator
@inline export function stepLogitRows(): i32 { return load<i32>(STEP, 4) }
// @ts-ignore: decorator
@inline export function tokensPtr(): usize { return load<u32>(STEP, 8) }
// @ts-ignore: decorator
@inline export function positionsPtr(): usize { return load<u32>(STEP, 12) }
// @ts-ignore: decorator
@inline export function sequencesPtr(): usize { return load<u32>(STEP, 16) }
// @ts-ignore: decorator
@inline export function logitRowsPtr(): usize { return load<u32>(STEP, 20) }
/** [sequences] pointers to page tables. */
// @ts-ignore: decorator
@inline export function pageTablesPtr(): usize { return load<u32>(STEP, 24) }
/** Where cache page 0 begins, and the bytes of a page (all states of the bank). */
// @ts-ignore: decorator
@inline export function poolPtr(): usize { return load<u32>(STEP, 28) }
// @ts-ignore: decorator
@inline export function pageBytes(): usize { return load<u32>(STEP, 32) }
/** [sequences] pointers to slots of recurrent states. */
// @ts-ignore: decorator
@inline export function slotsPtr(): usize { return load<u32>(STEP, 36) }
/** [T] where the text that each token is a part of ends. */
// @ts-ignore: decorator
@inline export function endsPtr(): usize { return load<u32>(STEP, 40) }
/** [T] 1 where an indexer chose among equal scores. */
// @ts-ignore: decorator
@inline export function tiesPtr(): usize { return load<u32>(STEP, 44) }

/** Field `i` of an op record. Word 0 is the opcode, 1 the flags, 2 the work counter, 3 the row kind, 4 its multiplier. */
// @ts-ignore: decorator
@inline export function field(rec: usize, i: i32): i32 { return load<i32>(rec + (<usize>i << 2)) }
// @ts-ignore: decorator
@inline export function fieldPtr(rec: usize, i: i32): usize { return <usize>load<u32>(rec + (<usize>i << 2)) }
// @ts-ignore: decorator
@inline export function fieldF32(rec: usize, i: i32): f32 { return load<f32>(rec + (<usize>i << 2)) }

/** Rows of this step for a record: T, R, or a multiple (token and expert slot pairs). */
// @ts-ignore: decorator
@inline export function rowsOf(rec: usize): i32 {
  return (field(rec, 3) == 0 ? stepTokens() : stepLogitRows()) * field(rec, 4)
}

/** Takes the next `count` units of an op; results never depend on which thread took them. */
// @ts-ignore: decorator
@inline export function claim(rec: usize, count: i32): i32 {
  return atomic.add<i32>(rec, count, 8)
}

// Ops that do each row by itself share rows out once for all: what one of them left in a row, the next finds done by the
// same thread, and no barrier is needed between them (src/backends/plan/memory-plan.ts).

// @ts-ignore: decorator
@inline export function firstOwn(rows: i32): i32 { return (rows * thread + nThreads - 1) / nThreads }
// @ts-ignore: decorator
@inline export function endOwn(rows: i32): i32 { return (rows * (thread + 1) + nThreads - 1) / nThreads }

/** Units per claim: about eight claims a thread, so that a slow thread is not waited for. */
// @ts-ignore: decorator
@inline export function claimSize(units: i32): i32 {
  return max(1, units / (nThreads * 8))
}

// Weights are streamed: each thread has a part of its own, takes pieces of it in order, so that memory is read ahead past
// the end of a piece, and only then takes what others have left. A part's word: the op's number, then the pieces taken.

/** The number of the op; threads walk the same list, so they agree on it. */
let turn: i32 = 0
let helped: i32 = 0

/** Begins an op whose pieces are given out by nextPiece. */
export function beginPieces(): void {
  turn++
  helped = 0
}

/** The next of `pieces` pieces for this thread, or -1 when all are taken. */
export function nextPiece(pieces: i32): i32 {
  for (; helped < nThreads; helped++) {
    const owner = (thread + helped) % nThreads, from = pieces * owner / nThreads, size = pieces * (owner + 1) / nThreads - from
    const word = PARTS + (<usize>owner << 6)
    for (;;) {
      // A later number: its owner, or who helped it, has left this op, and so nothing of it is left.
      const seen = atomic.load<i64>(word), number = <i32>(seen >> 32), taken = number == turn ? <i32>seen : 0
      if (number - turn > 0 || taken >= size) break
      if (atomic.cmpxchg<i64>(word, seen, (<i64>turn << 32) | <i64>(taken + 1)) == seen) return from + taken
    }
  }
  return -1
}

/** All threads meet here. Sleepers are woken only if there are any. */
export function barrier(): void {
  if (nThreads == 1) return
  const generation = atomic.load<i32>(BARRIER_GENERATION)
  if (atomic.add<i32>(BARRIER_COUNT, 1) == nThreads - 1) {
    atomic.store<i32>(BARRIER_COUNT, 0)
    atomic.store<i32>(BARRIER_GENERATION, generation + 1)
    if (atomic.load<i32>(BARRIER_WAITERS) != 0) atomic.notify(BARRIER_GENERATION, -1)
    return
  }
  const limit = (++waits & (PROBE_EVERY - 1)) == 0 ? spins : patience
  let looks = 0, slept = false
  while (atomic.load<i32>(BARRIER_GENERATION) == generation) {
    if (++looks < limit) continue
    slept = true
    atomic.add<i32>(BARRIER_WAITERS, 1)
    atomic.wait<i32>(BARRIER_GENERATION, generation, -1)
    atomic.sub<i32>(BARRIER_WAITERS, 1)
  }
  if (slept) patience = max(LEAST_PATIENCE, patience >> 2)
  else patience = looks > patience ? spins : min(spins, patience + (patience >> 3))
}
