import { RECORD_BYTES } from '../contract.generated.js'
import type { Buffer, Call } from '../plan/calls.js'
import type { Crossing } from '../plan/buffer-assignment.js'
import type { BankLayout } from './bank-layout.js'
import { headerAddress } from './records.js'
import type { BankCopy, Segment } from './threads.js'

/** Runs of calls in one bank, with the copies that bring their inputs: those of a step, and from call `draftFrom` on the draft's. */
export function segmentsOf(
  calls: readonly Call[],
  draftFrom: number,
  crossings: readonly Crossing[],
  banks: readonly Pick<BankLayout, 'recordsAddress'>[],
  addressOf: (buffer: Buffer, bank: number) => number,
): { step: Segment[]; draft: Segment[] } {
  const [step, draft]: [Segment[], Segment[]] = [[], []]
  const done = banks.map(() => 0)
  calls.forEach((call, i) => {
    const copies = crossings
      .filter((c) => c.before === i)
      .map((c): BankCopy => {
        const rowsAt = headerAddress(c.from.buffer.rows === 'T' ? 'stepTokens' : 'stepLogitRows')
        const [from, to] = [addressOf(c.from.buffer, c.from.bank), addressOf(c.to.buffer, c.to.bank)]
        return { fromBank: c.from.bank, from, to, rowBytes: c.from.buffer.rowBytes, rowsAt }
      })
    const segments = i < draftFrom ? step : draft
    const current = segments.at(-1)
    if (current && current.bank === call.bank && copies.length === 0)
      segments[segments.length - 1] = { ...current, count: current.count + 1 }
    else {
      const first = done[call.bank]!
      const records = banks[call.bank]!.recordsAddress + first * RECORD_BYTES
      segments.push({ bank: call.bank, first, records, count: 1, copies })
    }
    done[call.bank]!++
  })
  return { step, draft }
}
