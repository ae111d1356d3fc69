/** Whether a file that is going to be written will be the model that it is made of. */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { memoryFiles } from '../checkpoint/files/memory.js'
import type { GgufValue } from '../checkpoint/gguf/writer.js'
import { storedTensor } from '../checkpoint/tensor.js'
import { UserError } from '../errors.js'
import { weightsOf, type Weight } from '../graph/ops.js'
import { allOps, type Program } from '../graph/program.js'
import { GgufMetadata } from '../published/gguf-metadata.js'
import type { GgufForm, TensorShapes } from '../published/gguf.js'
import { buildProgram } from './registry.js'

interface Written {
  readonly form: GgufForm
  readonly keys: ReadonlyMap<string, GgufValue>
  readonly computed: ReadonlyMap<string, Float32Array>
  readonly shapes: TensorShapes
}

/**
 * Reads the metadata as that of any file and builds the program of it, which has to be the same, op by op.
 * @throws UserError where it is another: what the config says is then more than GGUF can.
 */
export async function checkReadBack(checkpoint: Checkpoint, program: Program, written: Written): Promise<void> {
  const { form, keys, computed, shapes } = written
  const values = [...keys].map(([key, [type, value]]) => [key, type === 'f32' ? Math.fround(value) : value] as const)
  const config = form.config(new GgufMetadata(checkpoint.name, new Map(values)), shapes)
  const again = await buildProgram(await asRead(checkpoint, program, config, computed))
  const [before, after] = [linesOf(program), linesOf(again)]
  const at = before.findIndex((line, i) => line !== after[i])
  if (at < 0 && before.length === after.length && sameTables(program, again)) return
  const what = at < 0 ? 'positions would be rotated in another way' : `op ${at} would be another`
  throw new UserError(
    `${checkpoint.name}: the config says more than a GGUF file of ${form.architecture} can: read back, ${what}`,
    'unsupported_model',
    { remedies: [{ advice: 'convert_hf_to_gguf.py of llama.cpp first' }] },
  )
}

/** The same weights with the config of the file. */
async function asRead(
  checkpoint: Checkpoint,
  program: Program,
  config: Checkpoint['config'],
  computed: Written['computed'],
): Promise<Checkpoint> {
  const bytes = [...computed].map(([name, { buffer }]) => [name, new Uint8Array(buffer as ArrayBuffer)] as const)
  const files = memoryFiles(checkpoint.name, Object.fromEntries(bytes))
  const extra = new Map(
    await Promise.all(
      [...computed].map(async ([name, { length }]) => {
        const source = (await files.open(name))!
        return [name, storedTensor({ name, format: 'f32', shape: [length], source, offset: 0 })] as const
      }),
    ),
  )
  const weights = new Map<string, Weight>()
  for (const { op } of allOps(program)) for (const weight of weightsOf(op)) weights.set(weight.name, weight)
  return {
    ...{ name: checkpoint.name, config },
    names: () => [...weights.keys(), ...extra.keys()],
    has: (name) => weights.has(name) || extra.has(name),
    tensor: (name, shape) => extra.get(name) ?? checkpoint.tensor(name, shape, weights.get(name)?.part),
    file: () => Promise.resolve(undefined),
    json: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  }
}

/** A line for each op, without the tensor that a weight is a part of and the numbers of the rotation. */
function linesOf({ ops, states, recurrents, contextLength, vocabSize }: Program): string[] {
  const left = (key: string, value: unknown): unknown => (key === 'part' || key === 'table' ? undefined : value)
  return [...ops, { states, recurrents, contextLength, vocabSize }].map((each) => JSON.stringify(each, left))
}

/** GGUF keeps the rotation's numbers as f32. */
function sameTables({ ropeTables: a }: Program, { ropeTables: b }: Program): boolean {
  const near = (x: number, y: number | undefined): boolean => Math.abs(x - (y ?? NaN)) <= 1e-5 * Math.abs(x)
  return (
    a.length === b.length &&
    a.every(({ attentionFactor, shift, invFreq }, i) => {
      const other = b[i]!
      const same = invFreq.length === other.invFreq.length && invFreq.every((value, k) => near(value, other.invFreq[k]))
      return same && shift === other.shift && near(attentionFactor, other.attentionFactor)
    })
  )
}
