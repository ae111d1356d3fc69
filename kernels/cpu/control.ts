// What every kernel shares: who am I, the step's header, claiming work, and the barrier between ops. Where things lie
// in the control block at the beginning of every memory, and in a step's header, says kernels/contract.ts.
import {
  BARRIER_COUNT,
  BARRIER_GENERATION,
  BARRIER_WAITERS,
  CANCEL_ASKED,
  CANCEL_SEEN,
  OpRecord,
  PARTS,
  stepLogitRows,
  stepTokens,
} from './contract.generated'
import { storeHeld } from './held'
import { NIBBLES, productsOf } from './simd'

/** Most looks at the barrier before a thread sleeps; see threads.ts. */
let spins: i32 = 0
/**
 * Looks that are worth it now: fewer after each sleep, so that on a busy machine nobody is kept from a core by looking.
 */
let patience: i32 = 0
const LEAST_PATIENCE: i32 = 2000
/** Every so often the wait is as long as it may be: where the others then come, the machine is no longer busy. */
const PROBE_EVERY: i32 = 64
let waits: i32 = 0
let thread: i32 = 0
export let nThreads: i32 = 1
/** This thread's scratch memory. */
export let scratch: usize = 0
/** What the engine's product takes (simd.ts). */
export let products: i32 = 0
let fuses: boolean = false
/**
 * Whether the compiler makes 256-bit vectors of neighbours, so that twice as many sums fit into registers. Every one that does has relaxed
 * SIMD as well: the baseline module goes without the code for it. @inline
 */
export function fused(): boolean {
  return ASC_FEATURE_RELAXED_SIMD && fuses
}
/** Whether dot4 of eight bits is one instruction; without relaxed SIMD it is many. @inline */
export function dot4IsFast(): boolean {
  return ASC_FEATURE_RELAXED_SIMD && products != NIBBLES
}

/**
 * `known`: what the engine's product takes, or -1 to find out, where all calls of a relaxed instruction do the same.
 * `isFused`: whether it makes 256-bit vectors; a caller that leaves it out says no.
 */
export function init(index: i32, count: i32, scratchPtr: usize, known: i32, barrierSpins: i32, isFused: i32): void {
  thread = index
  nThreads = count
  spins = barrierSpins
  patience = barrierSpins
  scratch = scratchPtr
  fuses = isFused != 0
  turn = 0
  storeHeld()
  store<i64>(PARTS + ((<usize>index) << 6), 0)
  products = known < 0 ? productsOf(scratchPtr) : known
}

/** Rows of this step for a record: T, R, or a multiple (token and expert slot pairs). @inline */
export function rowsOf(rec: OpRecord): i32 {
  return (rec.rowKind == 0 ? stepTokens() : stepLogitRows()) * rec.multiple
}

/** Takes the next `count` units of an op; results never depend on which thread took them. @inline */
export function claim(rec: OpRecord, count: i32): i32 {
  return atomic.add<i32>(changetype<usize>(rec), count, offsetof<OpRecord>('counter'))
}

// Ops that do each row by itself share rows out once for all: what one of them left in a row, the next finds done by
// the same thread, and no barrier is needed between them (src/backends/plan/hazards.ts).

/** @inline */
export function firstOwn(rows: i32): i32 {
  return (rows * thread + nThreads - 1) / nThreads
}
/** @inline */
export function endOwn(rows: i32): i32 {
  return (rows * (thread + 1) + nThreads - 1) / nThreads
}

/** Units per claim: about eight claims a thread, so that a slow thread is not waited for. @inline */
export function claimSize(units: i32): i32 {
  return max(1, units / (nThreads * 8))
}

// Weights are streamed: each thread has a part of its own, takes pieces of it in order, so that memory is read ahead
// past the end of a piece, and only then takes what others have left. A part's word: the op's number, then the pieces
// taken.

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
    const owner = (thread + helped) % nThreads,
      from = (pieces * owner) / nThreads,
      size = (pieces * (owner + 1)) / nThreads - from
    const word = PARTS + ((<usize>owner) << 6)
    for (;;) {
      // A later number: its owner, or who helped it, has left this op, and so nothing of it is left.
      const seen = atomic.load<i64>(word),
        number = <i32>(seen >> 32),
        taken = number == turn ? <i32>seen : 0
      if (number - turn > 0 || taken >= size) break
      if (atomic.cmpxchg<i64>(word, seen, ((<i64>turn) << 32) | (<i64>(taken + 1))) == seen) return from + taken
    }
  }
  return -1
}

/** The end of the pieces that this thread takes in order, one of which is i: others have parts of theirs. */
export function partEnd(i: i32, pieces: i32): i32 {
  return helped > 0 ? i + 1 : (pieces * (thread + 1)) / nThreads
}

/**
 * All threads meet here. Sleepers are woken only if there are any. True, for all of them, where the host wants no more of
 * the step: the last one looks, and notes the generation, so that a thread that reads it after the host's next word sees the same.
 */
export function barrier(): boolean {
  if (nThreads == 1) return atomic.load<i32>(CANCEL_ASKED) != 0
  const generation = atomic.load<i32>(BARRIER_GENERATION),
    next = generation + 1
  if (atomic.add<i32>(BARRIER_COUNT, 1) == nThreads - 1) {
    const cancelled = atomic.load<i32>(CANCEL_ASKED) != 0
    atomic.store<i32>(BARRIER_COUNT, 0)
    atomic.store<i32>(CANCEL_SEEN, cancelled ? next : ~next)
    atomic.store<i32>(BARRIER_GENERATION, next)
    if (atomic.load<i32>(BARRIER_WAITERS) != 0) atomic.notify(BARRIER_GENERATION, -1)
    return cancelled
  }
  const limit = (++waits & (PROBE_EVERY - 1)) == 0 ? spins : patience
  let looks = 0,
    slept = false
  while (atomic.load<i32>(BARRIER_GENERATION) == generation) {
    if (++looks < limit) continue
    slept = true
    atomic.add<i32>(BARRIER_WAITERS, 1)
    atomic.wait<i32>(BARRIER_GENERATION, generation, -1)
    atomic.sub<i32>(BARRIER_WAITERS, 1)
  }
  if (slept) patience = max(LEAST_PATIENCE, patience >> 2)
  else patience = looks > patience ? spins : min(spins, patience + (patience >> 3))
  return atomic.load<i32>(CANCEL_SEEN) == next
}
