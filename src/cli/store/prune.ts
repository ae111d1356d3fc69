import { openStore } from '../../store/open.js'
import { inBytes } from '../../store/wording.js'
import { printJson } from '../model.js'

export interface PruneFlags {
  readonly dryRun?: boolean
  readonly keepParts?: boolean
  readonly json?: boolean
}

/** Deletes what no model needs. */
export async function prune(flags: PruneFlags): Promise<void> {
  const { bytes, paths } = await openStore().prune({ dryRun: flags.dryRun, parts: !flags.keepParts })
  if (flags.json) return printJson({ bytes, paths })
  for (const path of paths) process.stdout.write(`${path}\n`)
  process.stdout.write(`${inBytes(bytes)} ${flags.dryRun ? 'would be' : 'are'} free again\n`)
}
