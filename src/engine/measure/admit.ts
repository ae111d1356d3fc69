import type { Backend, MemoryNeeds } from '../../backends/backend.js'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import type { Remedy } from '../../errors.js'
import type { Program } from '../../graph/program.js'
import type { LoadOptions } from '../options.js'
import { doesNotFit, memoryFit, remediesOf, type MemoryFit } from './fit.js'
import { machineMemory, type MachineMemory } from './memory.js'
import { needsOf } from './plan.js'

export interface Admission {
  /** In place of that of this machine. */
  readonly memory?: MachineMemory | undefined
  /** What else may help, such as a smaller quantisation of the same model. */
  readonly others?: ((fit: MemoryFit) => Remedy[]) | undefined
}

/**
 * What refuses a load for which the memory of this machine is too small, before a byte of weights is read, with both numbers and
 * the smallest change with which it would fit. Nothing is refused where the memory is not known, and nothing with `force`.
 */
export function admission(
  backend: Backend,
  program: Program,
  checkpoint: Checkpoint,
  options: LoadOptions,
  { memory = machineMemory(), others = () => [] }: Admission = {},
): (needs: MemoryNeeds) => void {
  return (needs) => {
    if (options.force || !memory) return
    const fitOf = (changed: MemoryNeeds): MemoryFit => memoryFit(changed, program.contextLength, memory, options)
    const fit = fitOf(needs)
    if (fit.fits) return
    const canChange = options.precision !== 'exact' && backend.plan !== undefined
    const found = remediesOf(fit, options.contextLength, (change) =>
      canChange ? fitOf(needsOf(backend, program, checkpoint, { ...options, ...change })) : undefined,
    )
    throw doesNotFit(checkpoint.name, fit, found.length > 0 ? found : others(fit))
  }
}
