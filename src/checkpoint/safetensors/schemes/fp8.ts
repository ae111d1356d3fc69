/** FP8 e4m3 with scales in a tensor of their own: by blocks, by rows, for the whole tensor. */
import { UserError } from '../../../errors.js'
import { shortText } from '../../../json.js'
import type { StoredTensor } from '../../checkpoint.js'
import { product, sameShape } from '../../shape.js'
import { unsupportedFormat } from '../../tensor-errors.js'
import { storedTensor } from '../../tensor.js'
import { mismatch, type FileTensor } from '../file-tensor.js'
import type { SchemeContext } from './context.js'
import { scaleGrid, type Blocks } from './scale-grids.js'

const LARGEST_BLOCK = 2 ** 20
/** Values per scale in MXFP8. */
const MX_GROUP = 32
/** All of them mean code * scale; what they say of activations is not followed. */
const METHODS: readonly unknown[] = ['fp8', 'compressed-tensors', 'fbgemm_fp8', 'modelopt', 'mxfp8']

/**
 * F8_E4M3 X.weight [N, K]; value = code * scale. The scales are
 * - X.weight_scale_inv: one per block of the config's size (DeepSeek, Qwen, GLM), one for all (Mistral), or U8 [N, K / 32] (MXFP8),
 * - X.scale: the same as powers of two (DeepSeek-V4),
 * - X.weight_scale: [N, 1] or [N], one for all, or by blocks (compressed-tensors, fbgemm, ModelOpt).
 */
export function fp8(located: FileTensor, context: SchemeContext): StoredTensor {
  const { name, shape } = context
  const { entry, source } = located
  if (!sameShape(entry.shape, shape)) throw mismatch(located, shape)
  const scale = context.find('_scale_inv') ?? context.sibling('scale') ?? context.find('_scale')
  if (!scale) throw unsupportedFormat(name, source.name, 'F8_E4M3 without scales')
  const method = context.quantization?.['quant_method'] ?? 'fp8'
  if (!METHODS.includes(method))
    throw unsupportedFormat(name, source.name, `F8_E4M3 of quantization method ${shortText(method)}`)
  const [n, k] = shape
  if (n === undefined || k === undefined || shape.length !== 2)
    throw unsupportedFormat(name, source.name, `F8_E4M3 of rank ${shape.length}`)
  const [grid, blocks] = blocksOf(scale, n, k, context)
  return storedTensor({ name, format: 'fp8_e4m3', shape, source, offset: entry.start, scales: scaleGrid(grid, blocks) })
}

/** Which blocks the scales belong to, by their shape; and the scales as a grid of two dimensions. */
function blocksOf(scale: FileTensor, n: number, k: number, context: SchemeContext): [FileTensor, Blocks] {
  const { shape } = scale.entry
  const as = (...grid: number[]): FileTensor => ({ ...scale, entry: { ...scale.entry, shape: grid } })
  const size = context.quantization?.['weight_block_size'] ?? undefined
  if (product(shape) === 1 && (shape.length < 2 || size === undefined))
    return [as(1, 1), { n, k, blockRows: n, blockCols: k }]
  const [blockRows, blockCols] = blockSize(size ?? [128, 128], context.where)
  const byConfig = [Math.ceil(n / blockRows), Math.ceil(k / blockCols)]
  if (!sameShape(shape, byConfig)) {
    if (sameShape(shape, [n]) || sameShape(shape, [n, 1])) return [as(n, 1), { n, k, blockRows: 1, blockCols: k }]
    if (sameShape(shape, [n, Math.ceil(k / MX_GROUP)])) return [scale, { n, k, blockRows: 1, blockCols: MX_GROUP }]
  }
  return [scale, { n, k, blockRows, blockCols }]
}

function blockSize(size: unknown, where: string): readonly [number, number] {
  if (Array.isArray(size) && size.length === 2 && size.every(isBlockSize)) return [Number(size[0]), Number(size[1])]
  throw new UserError(
    `${where}: config.json: expected quantization_config.weight_block_size as [rows, columns], ` +
      `found ${shortText(size)}.`,
    'invalid_file',
  )
}

function isBlockSize(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= LARGEST_BLOCK
}
