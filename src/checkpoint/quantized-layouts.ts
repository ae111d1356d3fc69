import { UserError } from '../errors.js'
import type { JsonObject, StoredTensor, TensorPart } from './checkpoint.js'
import type { FormatName } from './formats.js'
import { isJsonObject, shortText } from './json.js'
import { mismatch, sliceOf, type Located } from './located.js'
import { checkPart, HeldBytes, partOf, sliceShape } from './parts.js'
import { PLAIN, scaleGrid } from './scale-grids.js'
import { missingTensor, sameShape, shapeText, storedTensor, unsupportedFormat, wrongShape } from './stored.js'

/** Tensors that belong to `X.weight` and are not weights themselves. */
const COMPANIONS = [
  'weight_scale_inv',
  'weight_scale',
  'weight_shape',
  'input_scale',
  'weight_zero_point',
  'weight_g_idx',
]

/** Values per scale in compressed-tensors INT4 as Kimi publishes it. */
const INT4_GROUP = 32
/** Values per scale in MXFP4. */
const FP4_GROUP = 32
const LARGEST_BLOCK = 2 ** 20

/** Endings of codes that are stored beside their scales, instead of X itself. */
const CODES = ['_packed', '_blocks'] as const

/** Resolves a name to what labs store for it: plain values, FP8 with block scales, packed INT4 and FP4 with group scales. */
export class QuantizedLayouts {
  private readonly quantization: JsonObject | undefined
  private readonly held = new HeldBytes()

  constructor(
    private readonly where: string,
    config: JsonObject,
    private readonly tensors: ReadonlyMap<string, Located>,
  ) {
    this.quantization = quantizationOf(config)
  }

  *names(): Iterable<string> {
    for (const name of this.tensors.keys()) {
      const codes = CODES.find((ending) => name.endsWith(ending))
      const dot = name.lastIndexOf('.')
      if (codes) yield name.slice(0, -codes.length)
      else if (name.endsWith('_scales') && this.tensors.has(name.replace(/_scales$/, '_blocks'))) continue
      else if (!COMPANIONS.includes(name.slice(dot + 1)) || !this.has(`${name.slice(0, dot + 1)}weight`)) yield name
    }
  }

  has(name: string): boolean {
    return this.tensors.has(name) || CODES.some((ending) => this.tensors.has(name + ending))
  }

  /** @throws UserError: missing, of another shape, or in a format that cannot be read. */
  tensor(name: string, shape: readonly number[], part?: TensorPart): StoredTensor {
    if (shape.includes(0)) throw emptyShape(name, this.where, shape)
    if (!part || this.has(name)) return this.resolve(name, shape, (ending) => this.tensors.get(name + ending))
    checkPart(name, shape, part)
    const { tensor, index } = part
    const stack = part.shape[0] ?? 0
    const slice = this.resolve(tensor, sliceShape(part), (ending) => {
      const found = this.tensors.get(tensor + ending)
      return found && index !== undefined ? sliceOf(found, stack, index) : found
    })
    return partOf(slice, name, shape, part, this.held)
  }

  /** `find` gives the tensor of the name with an ending, or its part for one expert. */
  private resolve(name: string, shape: readonly number[], find: Find): StoredTensor {
    const found = find('')
    if (found) {
      const format = PLAIN.get(found.entry.dtype)
      if (format) return plain(found, format, shape)
      if (found.entry.dtype === 'F8_E4M3') return this.fp8(found, shape, find)
      throw unsupportedFormat(name, found.source.name, found.entry.dtype)
    }
    const packed = find('_packed')
    if (packed) return this.int4(name, packed, shape, find)
    const blocks = find('_blocks')
    if (blocks) return mxfp4Blocks(name, blocks, shape, find)
    throw this.otherLayout(name) ?? missingTensor(name, this.where)
  }

  /** F8_E4M3 X.weight [N, K], F32 or BF16 X.weight_scale_inv [ceil(N / bo), ceil(K / bi)]; value = code * scale. */
  private fp8(located: Located, shape: readonly number[], find: Find): StoredTensor {
    const { entry, source } = located
    const { name } = entry
    if (!sameShape(entry.shape, shape)) throw mismatch(located, shape)
    const scale = find('_scale_inv')
    if (!scale) {
      const why = find('_scale') ? 'with one scale per row or tensor (weight_scale)' : 'without scales'
      throw unsupportedFormat(name, source.name, `F8_E4M3 ${why}`)
    }
    const [n, k] = shape
    if (n === undefined || k === undefined || shape.length !== 2) {
      throw unsupportedFormat(name, source.name, `F8_E4M3 of rank ${shape.length}`)
    }
    const [blockRows, blockCols] = this.fp8Blocks(name, source.name)
    const scales = scaleGrid(scale, n, k, blockRows, blockCols)
    return storedTensor({ name, format: 'fp8_e4m3', shape, source, offset: entry.start, scales })
  }

  private fp8Blocks(name: string, file: string): readonly [number, number] {
    const method = this.quantization?.['quant_method'] ?? 'fp8'
    if (method !== 'fp8') throw unsupportedFormat(name, file, `F8_E4M3 of quantization method ${shortText(method)}`)
    const size = this.quantization?.['weight_block_size'] ?? [128, 128]
    if (Array.isArray(size) && size.length === 2 && size.every(isBlockSize)) return [Number(size[0]), Number(size[1])]
    throw new UserError(
      `${this.where}: config.json: expected quantization_config.weight_block_size as [rows, columns], ` +
        `found ${shortText(size)}.`,
      'invalid_file',
    )
  }

  /** I32 X.weight_packed [N, K / 8], X.weight_scale [N, K / 32], X.weight_shape [2]; value = (code - 8) * scale. */
  private int4(name: string, packed: Located, shape: readonly number[], find: Find): StoredTensor {
    const { entry, source } = packed
    this.checkInt4(name, packed)
    const [n, k] = shape
    const [rows, words] = entry.shape
    if (rows === undefined || words === undefined || entry.shape.length !== 2) {
      throw new UserError(
        `${source.name}: tensor ${entry.name}: expected shape [N, K / 8], found ${shapeText(entry.shape)}.`,
        'tensor_mismatch',
      )
    }
    if (n !== rows || k !== words * 8 || shape.length !== 2)
      throw wrongShape(name, source.name, shape, [rows, words * 8])
    const scale = find('_scale')
    if (!scale) throw missingTensor(`${name}_scale`, this.where)
    const grid = scaleGrid(scale, n, k, 1, INT4_GROUP)
    const scales = { ...grid, read: async () => (await this.checkWeightShape(name, n, k), grid.read()) }
    return storedTensor({ name, format: 'int4_packed', shape, source, offset: entry.start, scales })
  }

  private checkInt4(name: string, { entry, source }: Located): void {
    if (entry.dtype !== 'I32') throw unsupportedFormat(name, source.name, `weight_packed of ${entry.dtype}`)
    const method = this.quantization?.['quant_method'] ?? 'compressed-tensors'
    if (method !== 'compressed-tensors') {
      throw unsupportedFormat(name, source.name, `weight_packed of quantization method ${shortText(method)}`)
    }
    if (this.tensors.has(`${name}_zero_point`)) throw unsupportedFormat(name, source.name, 'asymmetric INT4')
    const groups = this.quantization?.['config_groups']
    for (const group of isJsonObject(groups) ? Object.values(groups) : []) {
      const weights = isJsonObject(group) ? group['weights'] : undefined
      if (!isJsonObject(weights)) continue
      const { num_bits: bits = 4, group_size: size = INT4_GROUP, symmetric = true, type = 'int' } = weights
      if (bits === 4 && size === INT4_GROUP && symmetric === true && type === 'int') continue
      const what = `${symmetric === true ? '' : 'asymmetric '}type ${shortText(type)} of ${shortText(bits)} bits in groups of ${shortText(size)}`
      throw unsupportedFormat(name, source.name, `compressed-tensors ${what}`)
    }
  }

  private async checkWeightShape(name: string, n: number, k: number): Promise<void> {
    const found = this.tensors.get(`${name}_shape`)
    if (!found) return
    const { entry, source } = found
    const wide = entry.dtype === 'I64'
    if ((!wide && entry.dtype !== 'I32') || !sameShape(entry.shape, [2])) {
      throw new UserError(
        `${source.name}: tensor ${entry.name}: expected I32 [2], found ${entry.dtype} ${shapeText(entry.shape)}.`,
        'tensor_mismatch',
      )
    }
    const bytes = await source.read(entry.start, entry.end - entry.start)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const at = (i: number): number => (wide ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true))
    if (at(0) !== n || at(1) !== k) throw wrongShape(name, source.name, [n, k], [at(0), at(1)])
  }

  /** Says what is there instead of X.weight, where a known quantiser stores its codes under another name. */
  private otherLayout(name: string): UserError | undefined {
    const base = name.replace(/\.?weight$/, '')
    for (const suffix of ['.qweight', '_blocks', '.weight_blocks', '.weight_scale', '.scale']) {
      const found = this.tensors.get(base + suffix)
      if (!found) continue
      const method = shortText(this.quantization?.['quant_method'] ?? 'an unknown quantiser')
      return unsupportedFormat(name, found.source.name, `${found.entry.name} (${found.entry.dtype}) of ${method}`)
    }
    return undefined
  }
}

type Find = (ending: string) => Located | undefined

function plain(located: Located, format: FormatName, shape: readonly number[]): StoredTensor {
  const { entry, source } = located
  if (!sameShape(entry.shape, shape)) throw mismatch(located, shape)
  return storedTensor({ name: entry.name, format, shape, source, offset: entry.start })
}

/** gpt-oss: U8 X_blocks [N, K / 32, 16], two e2m1 codes a byte, low nibble first; U8 X_scales [N, K / 32], e8m0. */
function mxfp4Blocks(name: string, blocks: Located, shape: readonly number[], find: Find): StoredTensor {
  const { entry, source } = blocks
  if (entry.dtype !== 'U8') throw unsupportedFormat(name, source.name, `${entry.name} of ${entry.dtype}`)
  const [n = 0, k = 0] = shape
  const stored = [n, k / FP4_GROUP, FP4_GROUP / 2]
  if (shape.length !== 2 || !sameShape(entry.shape, stored)) throw mismatch(blocks, stored)
  const scale = find('_scales')
  if (!scale) throw missingTensor(`${name}_scales`, source.name)
  const scales = scaleGrid(scale, n, k, 1, FP4_GROUP)
  return storedTensor({ name, format: 'fp4', shape, source, offset: entry.start, scales })
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

function isBlockSize(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= LARGEST_BLOCK
}
