import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { nodeFiles } from '../checkpoint/files-node.js'
import { openCheckpoint } from '../checkpoint/open.js'
import { countParameters, programWeights, storedBytes } from '../engine/parameters.js'
import type { Program } from '../graph/program.js'
import { buildProgram } from '../models/registry.js'
import { modelPath, printJson } from './model.js'

export interface InspectFlags {
  readonly tensors?: boolean
  readonly json?: boolean
}

/** What a checkpoint is, from its headers alone: a step's tensors, not the layers that predict further tokens (MTP). */
export async function inspect(model: string | undefined, flags: InspectFlags): Promise<void> {
  const checkpoint = await openCheckpoint(await nodeFiles(modelPath(model)))
  try {
    const program = await buildProgram(checkpoint)
    const tensors = [...programWeights(program).values()].map((weight) => {
      const tensor = checkpoint.tensor(weight.name, weight.shape, weight.part)
      const { name, shape, format, file } = tensor
      const published = checkpoint.has(weight.name) ? weight.name : (weight.part?.tensor ?? weight.name)
      return { name, published, shape, format, bytes: storedBytes(tensor), file }
    })
    const bytesByFormat: Record<string, number> = {}
    for (const { format, bytes } of tensors) bytesByFormat[format] = (bytesByFormat[format] ?? 0) + bytes
    const facts = { ...factsOf(checkpoint, program), bytesByFormat, unusedTensors: unusedOf(checkpoint, tensors) }
    if (flags.json) return printJson(flags.tensors ? { ...facts, tensors } : facts)
    for (const [key, value] of Object.entries(facts)) process.stdout.write(`${key.padEnd(18)}${shown(value)}\n`)
    if (!flags.tensors) return
    for (const t of tensors)
      process.stdout.write(`${t.name}  [${t.shape.join(', ')}]  ${t.format}  ${t.bytes} bytes  ${t.file}\n`)
  } finally {
    await checkpoint.close()
  }
}

function factsOf(checkpoint: Checkpoint, program: Program): Record<string, string | number> {
  const parameters = countParameters(program)
  return {
    name: checkpoint.name,
    kind: checkpoint.kind,
    architecture: String(checkpoint.config['model_type']),
    parameters: parameters.total,
    activeParameters: parameters.active,
    layers: program.nLayers,
    vocabSize: program.vocabSize,
    contextLength: program.contextLength,
  }
}

/** Tensors that no step reads. */
function unusedOf(checkpoint: Checkpoint, tensors: readonly { published: string }[]): number {
  const used = new Set(tensors.map(({ published }) => published))
  return [...checkpoint.names()].filter((name) => !used.has(name)).length
}

function shown(value: string | number | Record<string, number>): string {
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([format, bytes]) => `${format} ${(bytes / 1e6).toFixed(2)} MB`)
    .join(', ')
}
