import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject, shortText } from '../../json.js'
import type { StoredTensor, TensorPart } from '../checkpoint.js'
import type { FormatName } from '../formats/formats.js'
import { checkPart, HeldBytes, partOf, sliceShape } from '../part.js'
import { sameShape, shapeText } from '../shape.js'
import { missingTensor, unsupportedFormat } from '../tensor-errors.js'
import { storedTensor } from '../tensor.js'
import { mismatch, sliceOf, type FileTensor } from './file-tensor.js'
import { columnsInt4 } from './schemes/columns.js'
import type { SchemeContext } from './schemes/context.js'
import { deepseekFp4, mxfp4Blocks, mxfp4Packed, nvfp4 } from './schemes/fp4.js'
import { fp8 } from './schemes/fp8.js'
import { int4Packed } from './schemes/int4.js'
import { IDS, PLAIN } from './schemes/scale-grids.js'

/** Tensors that belong to `X.weight` and are not weights themselves. */
const COMPANIONS: readonly string[] = [
  ...['weight_scale_inv', 'weight_scale', 'weight_scale_2', 'weight_shape', 'weight_zero_point', 'weight_g_idx'],
  ...['input_scale', 'activation_scale', 'scale', 'qzeros', 'scales', 'g_idx'],
]

/** Endings of codes whose scales are in tensors of their own, instead of X itself. */
const CODES = ['_packed', '_blocks'] as const

/** Resolves a name to what labs store for it: plain values, FP8 with block scales, packed INT4 and FP4 with group scales. */
export class Weights {
  private readonly quantization: JsonObject | undefined
  private readonly held = new HeldBytes()

  constructor(
    private readonly where: string,
    config: JsonObject,
    private readonly tensors: ReadonlyMap<string, FileTensor>,
  ) {
    this.quantization = quantizationOf(config)
    refuseTransforms(this.quantization, where)
  }

  *names(): Iterable<string> {
    for (const name of this.tensors.keys()) {
      const codes = CODES.find((ending) => name.endsWith(ending))
      const dot = name.lastIndexOf('.')
      const weight = `${name.slice(0, dot + 1)}weight`
      const last = name.slice(dot + 1)
      if (codes) yield name.slice(0, -codes.length)
      else if (last === 'qweight') yield weight
      else if (!this.isCompanion(name, last, weight)) yield name
    }
  }

  private isCompanion(name: string, last: string, weight: string): boolean {
    if (COMPANIONS.includes(last) && this.has(weight)) return true
    const of = /^(.*)_(scales|scale_inv|scale|activation_scale)$/.exec(name)?.[1]
    return of !== undefined && this.has(of)
  }

  has(name: string): boolean {
    if (this.tensors.has(name) || CODES.some((ending) => this.tensors.has(name + ending))) return true
    return name.endsWith('.weight') && this.tensors.has(name.replace(/weight$/, 'qweight'))
  }

  /** @throws UserError: missing, of another shape, or in a format that cannot be read. */
  tensor(name: string, shape: readonly number[], part?: TensorPart): StoredTensor {
    if (shape.includes(0)) throw emptyShape(name, this.where, shape)
    if (!part || this.has(name)) return this.resolve(name, shape, (found) => this.tensors.get(found))
    checkPart(name, shape, part)
    const { tensor, index } = part
    const stack = part.shape[0] ?? 0
    const slice = this.resolve(tensor, sliceShape(part), (found) => {
      const located = this.tensors.get(found)
      return located && index !== undefined ? sliceOf(located, stack, index) : located
    })
    return partOf(slice, name, shape, part, this.held)
  }

  /** `locate` gives a tensor of the files, or its part for one expert. */
  private resolve(
    name: string,
    shape: readonly number[],
    locate: (name: string) => FileTensor | undefined,
  ): StoredTensor {
    const context: SchemeContext = {
      ...{ name, shape, where: this.where, quantization: this.quantization },
      find: (ending) => locate(name + ending),
      sibling: (last) => (name.endsWith('.weight') ? locate(name.slice(0, -'weight'.length) + last) : undefined),
    }
    const found = context.find('')
    if (found) return stored(found, context)
    const packed = context.find('_packed')
    if (packed) return packed.entry.dtype === 'U8' ? mxfp4Packed(packed, context) : int4Packed(packed, context)
    const blocks = context.find('_blocks')
    if (blocks) return mxfp4Blocks(blocks, context)
    const columns = context.sibling('qweight')
    if (columns) return columnsInt4(columns, context, this.held)
    throw this.otherScheme(name) ?? missingTensor(name, this.where)
  }

  /** Says what is there instead of X.weight, where a known quantiser stores its codes under another name. */
  private otherScheme(name: string): UserError | undefined {
    const base = name.replace(/\.?weight$/, '')
    for (const suffix of ['.weight_blocks', '.weight_scale', '.scale', '_scales']) {
      const found = this.tensors.get(base + suffix)
      if (!found) continue
      const method = shortText(this.quantization?.['quant_method'] ?? 'an unknown quantiser')
      return unsupportedFormat(name, found.source.name, `${found.entry.name} (${found.entry.dtype}) of ${method}`)
    }
    return undefined
  }
}

/** A tensor that bears the weight's own name. */
function stored(found: FileTensor, context: SchemeContext): StoredTensor {
  const { dtype } = found.entry
  const format = PLAIN.get(dtype) ?? IDS.get(dtype)
  if (format) return plain(found, format, context.shape)
  if (dtype === 'F8_E4M3') return fp8(found, context)
  if (dtype === 'I8' && context.sibling('scale')) return deepseekFp4(found, context)
  if (dtype === 'U8' && (context.find('_scale') ?? context.find('_scale_2'))) return nvfp4(found, context)
  throw unsupportedFormat(context.name, found.source.name, dtype)
}

function plain(located: FileTensor, format: FormatName, shape: readonly number[]): StoredTensor {
  const { entry, source } = located
  if (!sameShape(entry.shape, shape)) throw mismatch(located, shape)
  return storedTensor({ name: entry.name, format, shape, source, offset: entry.start })
}

function emptyShape(name: string, where: string, shape: readonly number[]): UserError {
  return new UserError(
    `${where}: config.json gives tensor ${name} the shape ${shapeText(shape)}, which has no elements.`,
    'tensor_mismatch',
  )
}

/** quantization_config, of the model or of its text part. */
export function quantizationOf(config: JsonObject): JsonObject | undefined {
  const text = isJsonObject(config['text_config']) ? config['text_config'] : undefined
  const found = config['quantization_config'] ?? text?.['quantization_config']
  return isJsonObject(found) ? found : undefined
}

/**
 * compressed-tensors can multiply activations by a matrix (QuIP, SpinQuant's R3 and R4), against which the stored weights are turned:
 * without that they give nonsense. Turns that are within the weights alone (weight_input, weight_output) are in what is stored.
 * @throws UserError unsupported_format
 */
export function refuseTransforms(quantization: JsonObject | undefined, where: string): void {
  const found = quantization?.['transform_config']
  const groups =
    isJsonObject(found) && isJsonObject(found['config_groups']) ? Object.entries(found['config_groups']) : []
  for (const [name, group] of groups) {
    const all: unknown[] = isJsonObject(group) && Array.isArray(group['apply']) ? group['apply'] : []
    const online = all.filter(isJsonObject).find(({ location }) => !/^weight_/.test(String(location)))
    if (!online) continue
    throw new UserError(
      `${where}: config.json: quantization_config.transform_config.${name}: expected transforms of weights alone, found one of ` +
        `${shortText(online['location'])}, which would have to be computed with every step and is not supported. Choose a variant without it.`,
      'unsupported_format',
    )
  }
}
