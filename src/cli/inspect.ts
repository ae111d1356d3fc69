import { nodeFiles } from '../checkpoint/files-node.js'
import { openCheckpoint } from '../checkpoint/open.js'
import { countParameters } from '../engine/parameters.js'
import { weightsOf } from '../graph/ops.js'
import { buildProgram } from '../models/registry.js'
import { modelPath, printJson } from './model.js'

/** What a checkpoint is, from its headers alone: a step's tensors, not the layers that predict further tokens (MTP). */
export async function inspect(model: string | undefined, flags: { tensors?: boolean; json?: boolean }): Promise<void> {
  const checkpoint = await openCheckpoint(await nodeFiles(modelPath(model)))
  try {
    const program = await buildProgram(checkpoint)
    const weights = new Map(
      program.ops.flatMap(({ op }) => weightsOf(op)).map((w) => [w.name, checkpoint.tensor(w.name, w.shape)]),
    )
    const tensors = [...weights.values()].map(({ name, shape, format, byteLength, file }) => ({
      name,
      shape,
      format,
      bytes: byteLength,
      file,
    }))
    const bytesByFormat: Record<string, number> = {}
    for (const { format, bytes } of tensors) bytesByFormat[format] = (bytesByFormat[format] ?? 0) + bytes
    const parameters = countParameters(program)
    const facts = {
      name: checkpoint.name,
      kind: checkpoint.kind,
      architecture: String(checkpoint.config['model_type']),
      parameters: parameters.total,
      activeParameters: parameters.active,
      layers: program.nLayers,
      vocabSize: program.vocabSize,
      contextLength: program.contextLength,
      bytesByFormat,
      unusedTensors: [...checkpoint.names()].filter((name) => !weights.has(name)).length,
    }
    if (flags.json) return printJson(flags.tensors ? { ...facts, tensors } : facts)
    for (const [key, value] of Object.entries(facts))
      process.stdout.write(
        `${key.padEnd(18)}${
          typeof value === 'object'
            ? Object.entries(value)
                .map(([f, b]) => `${f} ${(b / 1e6).toFixed(2)} MB`)
                .join(', ')
            : String(value)
        }\n`,
      )
    if (flags.tensors)
      for (const t of tensors)
        process.stdout.write(`${t.name}  [${t.shape.join(', ')}]  ${t.format}  ${t.bytes} bytes\n`)
  } finally {
    await checkpoint.close()
  }
}
