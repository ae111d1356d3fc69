/** AWQ and GPTQ: INT4 stored by columns, eight codes a word, with a zero point and an F16 scale for each group. */
import { shortText } from '../../../json.js'
import type { ScaleGrid, Scales, StoredTensor } from '../../checkpoint.js'
import type { HeldBytes } from '../../part.js'
import { missingTensor, unsupportedFormat } from '../../tensor-errors.js'
import { checkRows } from '../../tensor.js'
import type { FileTensor } from '../file-tensor.js'
import type { SchemeContext } from './context.js'
import { checkOrder, checkWords, readWords } from './group-order.js'
import { PLAIN, scaleGrid } from './scale-grids.js'

/** The smallest group that kernels multiply with one scale. */
const LEAST_GROUP = 32
/** Bytes of qweight that are read at a time. */
const PIECE_BYTES = 1 << 20
/** AWQ: nibble i of a word is column 8c + AWQ_ORDER[i]. */
const AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7] as const

/** The code of input k for output n, and the zero point of group g for output n. */
interface Arrangement {
  readonly weightShape: readonly [number, number]
  code(words: Uint32Array, k: number, n: number): number
  zero(words: Uint32Array, g: number, n: number): number
}

/**
 * I32 X.qweight, I32 X.qzeros [K / group, N / 8], F16 X.scales [K / group, N]; value = (code - zero) * scale. They become rows
 * of packed INT4: the codes are turned around when the first rows are asked for.
 */
export function columnsInt4(qweight: FileTensor, context: SchemeContext, held: HeldBytes): StoredTensor {
  const { name, shape, quantization } = context
  const file = qweight.source.name
  const [n, k] = shape
  const method = quantization?.['quant_method']
  const bits = quantization?.['bits'] ?? 4
  if ((method !== 'awq' && method !== 'gptq') || bits !== 4)
    throw unsupportedFormat(
      name,
      file,
      `qweight of ${shortText(method ?? 'an unknown quantiser')} with ${shortText(bits)} bits`,
    )
  if (n === undefined || k === undefined || shape.length !== 2)
    throw unsupportedFormat(name, file, `qweight of rank ${shape.length}`)
  const size = quantization?.['group_size'] ?? 128
  const group = size === -1 ? k : Number(size)
  if (!Number.isInteger(group) || group < LEAST_GROUP || group % LEAST_GROUP !== 0 || k % group !== 0 || n % 8 !== 0)
    throw unsupportedFormat(name, file, `${method} of [${n}, ${k}] in groups of ${shortText(size)}`)
  const how = method === 'awq' ? awq(n, k, context) : gptq(n, k, context)
  const stored = [how.weightShape[0], how.weightShape[1]]
  checkWords(qweight, stored)
  const scales = columnScales(context, n, k, group, how)
  const rowLength = k / 2
  const qweightWords = (n * k) / 8
  const turn = async (): Promise<Uint8Array> => {
    if (method === 'gptq') await checkOrder(context.sibling('g_idx'), name, k, group)
    const out = new Uint8Array(n * rowLength)
    // inputs at a time: whole rows of words
    const step = Math.max(8, 8 * Math.floor(PIECE_BYTES / (4 * n)))
    for (let first = 0; first < k; first += step) {
      const count = Math.min(step, k - first)
      const words = await readWords(qweight, (first / k) * qweightWords, (count / k) * qweightWords)
      for (let row = 0; row < n; row++)
        for (let i = 0; i < count / 2; i++)
          out[row * rowLength + first / 2 + i] = how.code(words, 2 * i, row) | (how.code(words, 2 * i + 1, row) << 4)
    }
    return out
  }
  const readRows = async (start: number, count: number): Promise<Uint8Array> => {
    checkRows(name, n, start, count)
    const all = await held.get(name, turn)
    if (start + count === n) held.release(name)
    return all.slice(start * rowLength, (start + count) * rowLength)
  }
  return { name, file, format: 'int4_packed', shape, rows: n, cols: k, byteLength: n * rowLength, scales, readRows }
}

const nibble = (words: Uint32Array, word: number, i: number): number => ((words[word] ?? 0) >>> (4 * i)) & 15

/** qweight [K, N / 8]; codes and zero points in AWQ's order. Only the order called gemm is published. */
function awq(n: number, k: number, { name, where, quantization }: SchemeContext): Arrangement {
  const version = quantization?.['version'] ?? 'gemm'
  if (version !== 'gemm' && version !== 'GEMM')
    throw unsupportedFormat(name, where, `awq version ${shortText(version)}`)
  const at = AWQ_ORDER.map((_, column) => AWQ_ORDER.findIndex((c) => c === column))
  const code = (words: Uint32Array, row: number, column: number): number =>
    nibble(words, (row * n) / 8 + (column >> 3), at[column & 7] ?? 0)
  return { weightShape: [k, n / 8], code, zero: code }
}

/** qweight [K / 8, N], nibble j of a word is input 8c + j; zero points are stored less one, unless the config says v2. */
function gptq(n: number, k: number, { quantization }: SchemeContext): Arrangement {
  const less = quantization?.['checkpoint_format'] === 'gptq_v2' ? 0 : 1
  return {
    weightShape: [k / 8, n],
    code: (words, row, column) => nibble(words, (row >> 3) * n + column, row & 7),
    zero: (words, g, column) => nibble(words, (g * n) / 8 + (column >> 3), column & 7) + less,
  }
}

/** [K / group, N] as a grid of rows [N, K / group], with zero points. */
function columnScales(context: SchemeContext, n: number, k: number, group: number, how: Arrangement): ScaleGrid {
  const located = context.sibling('scales')
  const zeros = context.sibling('qzeros')
  if (!located) throw missingTensor(context.name.replace(/weight$/, 'scales'), context.where)
  if (!zeros) throw missingTensor(context.name.replace(/weight$/, 'qzeros'), context.where)
  if (!PLAIN.has(located.entry.dtype))
    throw unsupportedFormat(located.entry.name, located.source.name, `scales of ${located.entry.dtype}`)
  const groups = k / group
  const columns = scaleGrid(located, { n: groups, k: n, blockRows: 1, blockCols: 1 })
  checkWords(zeros, [groups, n / 8])
  const read = async (): Promise<Scales> => {
    const [{ values }, words] = await Promise.all([columns.read(), readWords(zeros)])
    const turned = { values: new Float32Array(n * groups), multiplier: 1, zeros: new Uint8Array(n * groups) }
    for (let row = 0; row < n; row++)
      for (let g = 0; g < groups; g++) {
        turned.values[row * groups + g] = values[g * n + row] ?? NaN
        turned.zeros[row * groups + g] = how.zero(words, g, row)
      }
    return turned
  }
  return { blockRows: 1, blockCols: group, shape: [n, groups], kind: 'float', zeroPoints: true, read }
}
