/** FP4 e2m1, two codes in a byte, the low nibble first, with scales of 32 or 16 columns. */
import { shortText } from '../../../json.js'
import type { StoredTensor } from '../../checkpoint.js'
import { sameShape } from '../../shape.js'
import { missingTensor, unsupportedFormat } from '../../tensor-errors.js'
import { storedTensor } from '../../tensor.js'
import { mismatch, type FileTensor } from '../file-tensor.js'
import type { SchemeContext } from './context.js'
import { scaleGrid } from './scale-grids.js'

/** Values per scale in MXFP4 and in NVFP4. */
const MX_GROUP = 32
const NV_GROUP = 16

/** gpt-oss: U8 X_blocks [N, K / 32, 16]; U8 X_scales [N, K / 32]. */
export function mxfp4Blocks(blocks: FileTensor, context: SchemeContext): StoredTensor {
  const [n = 0, k = 0] = context.shape
  return fp4(blocks, [n, k / MX_GROUP, MX_GROUP / 2], MX_GROUP, context, '_scales', context.find('_scales'))
}

/** compressed-tensors mxfp4-pack-quantized: U8 X.weight_packed [N, K / 2]; U8 X.weight_scale [N, K / 32]. */
export function mxfp4Packed(packed: FileTensor, context: SchemeContext): StoredTensor {
  const { name, quantization } = context
  const method = quantization?.['format']
  const scale = context.find('_scale')
  if (scale?.entry.dtype === 'F8_E4M3' || (method !== undefined && method !== 'mxfp4-pack-quantized'))
    throw unsupportedFormat(name, packed.source.name, `weight_packed of ${shortText(method ?? 'NVFP4')}`)
  return fp4(packed, halfColumns(context), MX_GROUP, context, '_scale', scale)
}

/** DeepSeek-V4: I8 X.weight [N, K / 2]; F8_E8M0 X.scale [N, K / 32]. */
export function deepseekFp4(located: FileTensor, context: SchemeContext): StoredTensor {
  return fp4(located, halfColumns(context), MX_GROUP, context, '.scale', context.sibling('scale'))
}

/** ModelOpt: U8 X.weight [N, K / 2]; F8_E4M3 X.weight_scale [N, K / 16]; F32 X.weight_scale_2 for all. */
export function nvfp4(located: FileTensor, context: SchemeContext): StoredTensor {
  const whole = context.find('_scale_2')
  if (!whole) throw missingTensor(`${context.name}_scale_2`, located.source.name)
  const scale = context.find('_scale')
  if (scale && scale.entry.dtype !== 'F8_E4M3')
    throw unsupportedFormat(context.name, scale.source.name, `NVFP4 with scales of ${scale.entry.dtype}`)
  return fp4(located, halfColumns(context), NV_GROUP, context, '_scale', scale, whole)
}

function halfColumns({ shape }: SchemeContext): readonly number[] {
  return [...shape.slice(0, -1), (shape.at(-1) ?? 0) / 2]
}

function fp4(
  located: FileTensor,
  stored: readonly number[],
  group: number,
  { name, shape }: SchemeContext,
  ending: string,
  scale: FileTensor | undefined,
  whole?: FileTensor,
): StoredTensor {
  const { entry, source } = located
  if (entry.dtype !== 'U8' && entry.dtype !== 'I8')
    throw unsupportedFormat(name, source.name, `${entry.name} of ${entry.dtype}`)
  if (!scale)
    throw missingTensor(name.replace(/\.weight$/, ending.startsWith('.') ? '' : '.weight') + ending, source.name)
  const [n = 0, k = 0] = shape
  if (shape.length !== 2 || !sameShape(entry.shape, stored)) throw mismatch(located, stored)
  const scales = scaleGrid(scale, { n, k, blockRows: 1, blockCols: group }, whole)
  return storedTensor({ name, format: 'fp4', shape, source, offset: entry.start, scales })
}
