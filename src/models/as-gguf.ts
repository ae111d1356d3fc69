/** What the GGUF file of a published checkpoint would hold: its metadata but for the tokenizer, and its tensors by their names there. */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { GgufValue } from '../checkpoint/gguf/writer.js'
import { UserError } from '../errors.js'
import { weightsOf, type Weight } from '../graph/ops.js'
import { allOps, type Program } from '../graph/program.js'
import { rowOrder, type RowOrder } from '../published/gguf-rows.js'
import type { GgufForm } from '../published/gguf.js'
import { ownName } from '../published/names.js'
import { checkReadBack } from './read-back.js'
import { MODELS, buildProgram, familyOf } from './registry.js'

export interface AsGguf {
  readonly program: Program
  readonly keys: ReadonlyMap<string, GgufValue>
  /** Vectors that conversion computes, by their names. */
  readonly computed: ReadonlyMap<string, Float32Array>
  readonly tensors: readonly TensorAsGguf[]
}

export interface TensorAsGguf {
  readonly name: string
  /** One, or the experts of a layer. */
  readonly weights: readonly Weight[]
  readonly order: RowOrder
}

const ELSEWHERE = { remedies: [{ advice: 'convert_hf_to_gguf.py of llama.cpp first' }] }

/**
 * @throws UserError for a family of which no file can be made, and for a model whose config says more than a file of its family
 *   can: the metadata is read back, and has to give the same program.
 */
export async function asGguf(checkpoint: Checkpoint): Promise<AsGguf> {
  const form = writableForm(checkpoint)
  const program = await buildProgram(checkpoint)
  const written = form.write(checkpoint.config)
  const { architecture } = form
  const keys = new Map<string, GgufValue>([
    ['general.architecture', ['string', architecture]],
    ...Object.entries(written.keys).map(([key, value]) => [`${architecture}.${key}`, value] as const),
  ])
  const tensors = tensorsOf(checkpoint, program, form)
  const computed = new Map(Object.entries(written.tensors))
  await checkReadBack(checkpoint, program, { form, keys, computed, shapes: shapesOf(tensors) })
  return { program, keys, computed, tensors }
}

type Writable = GgufForm & { readonly write: NonNullable<GgufForm['write']> }
const isWritable = (form: GgufForm): form is Writable => form.write !== undefined

function writableForm({ config, name }: Checkpoint): Writable {
  const type = String(config['model_type'])
  const form = familyOf(type)?.published?.gguf?.find(isWritable)
  if (form) return form
  const able = MODELS.filter(({ published }) => published?.gguf?.some(isWritable)).flatMap(
    ({ modelTypes }) => modelTypes,
  )
  throw new UserError(
    `${name}: expected a GGUF file, or a folder of ${able.join(', ')}; found a folder of ${type}, of which no GGUF file can be ` +
      'made here',
    'unsupported_model',
    ELSEWHERE,
  )
}

function tensorsOf(checkpoint: Checkpoint, program: Program, { architecture, names }: GgufForm): TensorAsGguf[] {
  const tensors = new Map<string, { name: string; weights: Weight[]; order: RowOrder }>()
  for (const { weight, published } of weightsByName(program)) {
    const own = ownName(names, published)
    const order = own && rowOrder(own.transform, weight.shape[0] ?? 1, checkpoint.config)
    if (!own || !order)
      throw new UserError(
        `${checkpoint.name}: the tensor ${weight.name} has no place in a GGUF file of ${architecture}`,
        'unsupported_model',
        ELSEWHERE,
      )
    const tensor = tensors.get(own.name) ?? { name: own.name, weights: [], order }
    tensor.weights[own.expert ?? 0] = weight
    tensors.set(own.name, tensor)
  }
  return [...tensors.values()]
}

/** Each weight once. Tied models may publish the head in place of the embeddings. */
function weightsByName(program: Program): { weight: Weight; published: string }[] {
  const weights = new Map<string, { weight: Weight; published: string }>()
  for (const { op } of allOps(program))
    for (const weight of weightsOf(op)) {
      const published = op.op === 'embed' ? 'model.embed_tokens.weight' : weight.name
      if (!weights.has(weight.name)) weights.set(weight.name, { weight, published })
    }
  return [...weights.values()]
}

/** The shape of a tensor in the file. */
export function shapeAsGguf({ weights: [first, ...others] }: TensorAsGguf): readonly number[] {
  const shape = first?.shape ?? []
  return others.length > 0 ? [others.length + 1, ...shape] : shape
}

function shapesOf(tensors: readonly TensorAsGguf[]): Map<string, readonly number[]> {
  return new Map(tensors.map((tensor) => [tensor.name, shapeAsGguf(tensor)]))
}
