// The whole step: every thread walks the same list of op records, meeting at barriers where the host asked for them.
import { attention, cacheAppend } from './attention'
import { RECORD, barrier, field, init } from './control'
import { add, embed, gatedMul, rmsNorm, rope, selectRows } from './elementwise'
import { headLinear, linear, linear_experts } from './linear'
import { quantize } from './quantize'
import { combineExperts, planExperts, route } from './route'

export { init, barrier }

/** Runs `count` records. Flag bit 0: meet before this op. All threads meet at the end. */
export function run(records: usize, count: i32): void {
  for (let i = 0; i < count; i++, records += RECORD) {
    if (field(records, 1) & 1) barrier()
    switch (field(records, 0)) {
      case 0: embed(records); break
      case 1: rmsNorm(records); break
      case 2: quantize(records); break
      case 3: linear(records); break
      case 4: headLinear(records); break
      case 5: rope(records); break
      case 6: cacheAppend(records); break
      case 7: attention(records); break
      case 8: route(records); break
      case 9: planExperts(records); break
      case 10: linear_experts(records); break
      case 11: gatedMul(records); break
      case 12: add(records); break
      case 13: selectRows(records); break
      case 14: combineExperts(records); break
      default: unreachable()
    }
  }
  barrier()
}
