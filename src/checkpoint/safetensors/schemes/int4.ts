/** Symmetric INT4 as compressed-tensors packs it. */
import { UserError } from '../../../errors.js'
import { isJsonObject, shortText } from '../../../json.js'
import type { ScaleGrid, StoredTensor } from '../../checkpoint.js'
import { sameShape, shapeText } from '../../shape.js'
import { missingTensor, unsupportedFormat, wrongShape } from '../../tensor-errors.js'
import { storedTensor } from '../../tensor.js'
import type { FileTensor } from '../file-tensor.js'
import type { SchemeContext } from './context.js'
import { checkOrder } from './group-order.js'
import { scaleGrid } from './scale-grids.js'

/** Values per scale as Kimi publishes it; its multiples are read too. */
const GROUP = 32

/** I32 X.weight_packed [N, K / 8], X.weight_scale [N, K / group], X.weight_shape [2]; value = (code - 8) * scale. */
export function int4Packed(packed: FileTensor, context: SchemeContext): StoredTensor {
  const { name, shape } = context
  const { entry, source } = packed
  const group = checkedGroup(packed, context)
  const [n, k] = shape
  const [rows, words] = entry.shape
  if (rows === undefined || words === undefined || entry.shape.length !== 2) {
    throw new UserError(
      `${source.name}: tensor ${entry.name}: expected shape [N, K / 8], found ${shapeText(entry.shape)}.`,
      'tensor_mismatch',
    )
  }
  if (n !== rows || k !== words * 8 || shape.length !== 2) throw wrongShape(name, source.name, shape, [rows, words * 8])
  const scale = context.find('_scale')
  if (!scale) throw missingTensor(`${name}_scale`, context.where)
  const grid = scaleGrid(scale, { n, k, blockRows: 1, blockCols: group })
  const read: ScaleGrid['read'] = async () => {
    await checkWeightShape(context, n, k)
    await checkOrder(context.find('_g_idx'), name, k, group)
    return grid.read()
  }
  const scales = { ...grid, read }
  return storedTensor({ name, format: 'int4_packed', shape, source, offset: entry.start, scales })
}

/** The group of the config; all of its groups must be ones that this scheme is for. */
function checkedGroup({ entry, source }: FileTensor, { name, quantization, find }: SchemeContext): number {
  if (entry.dtype !== 'I32') throw unsupportedFormat(name, source.name, `weight_packed of ${entry.dtype}`)
  const method = quantization?.['quant_method'] ?? 'compressed-tensors'
  if (method !== 'compressed-tensors') {
    throw unsupportedFormat(name, source.name, `weight_packed of quantization method ${shortText(method)}`)
  }
  if (find('_zero_point')) throw unsupportedFormat(name, source.name, 'asymmetric INT4')
  const groups = quantization?.['config_groups']
  let found: number | undefined
  for (const group of isJsonObject(groups) ? Object.values(groups) : []) {
    const weights = isJsonObject(group) ? group['weights'] : undefined
    if (!isJsonObject(weights)) continue
    const { num_bits: bits = 4, group_size: size = GROUP, symmetric = true, type = 'int' } = weights
    const known = typeof size === 'number' && size >= GROUP && size % GROUP === 0 && (found ?? size) === size
    if (bits === 4 && known && symmetric === true && type === 'int') found = size
    else {
      const what = `${symmetric === true ? '' : 'asymmetric '}type ${shortText(type)} of ${shortText(bits)} bits in groups of ${shortText(size)}`
      throw unsupportedFormat(name, source.name, `compressed-tensors ${what}`)
    }
  }
  return found ?? GROUP
}

async function checkWeightShape({ name, find }: SchemeContext, n: number, k: number): Promise<void> {
  const found = find('_shape')
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
