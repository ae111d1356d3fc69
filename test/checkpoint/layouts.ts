/** Small folders in every way in which labs store quantised weights, with the values that they mean. */
import { bf16, concat, f32, json, ramp, safetensors, type RawTensor } from './build.js'

export interface StoredCase {
  readonly name: string
  readonly config: object
  readonly tensors: Readonly<Record<string, RawTensor>>
  /** Of x.weight. */
  readonly shape: readonly [number, number]
  readonly value: (row: number, col: number) => number
}

const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6]
const u8 = (...values: number[]): Uint8Array => Uint8Array.from(values)
const tensor = (dtype: string, shape: number[], bytes: Uint8Array): RawTensor => ({ dtype, shape, bytes })
/** e4m3 codes of 1, 2, 4, 8 in turn. */
const POWERS = [0x38, 0x40, 0x48, 0x50]
const fp8 = (n: number, k: number): RawTensor =>
  tensor(
    'F8_E4M3',
    [n, k],
    Uint8Array.from({ length: n * k }, (_, i) => POWERS[i % 4] ?? 0),
  )
const power = (row: number, col: number, k: number): number => 2 ** ((row * k + col) % 4)
const block = (...size: number[]): object => ({
  quantization_config: { quant_method: 'fp8', weight_block_size: size },
})
const ct = (weights: object, format?: string): object => ({
  quantization_config: { quant_method: 'compressed-tensors', format, config_groups: { group_0: { weights } } },
})
const nibble = (bytes: Uint8Array, index: number): number => ((bytes[index >> 1] ?? 0) >> (4 * (index & 1))) & 15
const i32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)
/** f16 of powers of two. */
const f16 = (...exponents: number[]): Uint8Array => concat(...exponents.map((e) => u8(0, (e + 15) << 2)))

const FP4 = ramp(2 * 32, 11)
const fp4 = (row: number, col: number): number => E2M1[nibble(FP4, row * 64 + col)] ?? NaN

/** Codes of AWQ and GPTQ for inputs k of [16 outputs, 64 inputs], their zero points and scales for groups of 32. */
const [N, K] = [16, 64]
const code = (n: number, k: number): number => (3 * n + 5 * k) % 16
const zero = (n: number, g: number): number => 1 + ((n + 7 * g) % 15)
const packed = (rows: number, words: number, nibbleOf: (row: number, word: number, i: number) => number): Uint8Array =>
  i32(
    ...Array.from({ length: rows * words }, (_, at) =>
      Array.from({ length: 8 }, (_, i) => i).reduce(
        (all, i) => all | (nibbleOf(Math.floor(at / words), at % words, i) << (4 * i)),
        0,
      ),
    ),
  )
const AWQ = [0, 2, 4, 6, 1, 3, 5, 7]
const columnScales = tensor('F16', [2, N], f16(...Array.from({ length: 2 * N }, (_, i) => (i % 5) - 3)))
const int4Value = (n: number, k: number): number => {
  const g = k >> 5
  return (code(n, k) - zero(n, g)) * 2 ** (((g * N + n) % 5) - 3)
}

export const STORED: readonly StoredCase[] = [
  {
    name: 'FP8 with e8m0 scales by blocks (DeepSeek-V4)',
    config: block(2, 4),
    tensors: { 'x.weight': fp8(3, 8), 'x.scale': tensor('F8_E8M0', [2, 2], u8(127, 126, 128, 120)) },
    shape: [3, 8],
    value: (r, c) => power(r, c, 8) * ([1, 0.5, 2, 2 ** -7][2 * (r >> 1) + (c >> 2)] ?? NaN),
  },
  {
    name: 'FP8 with one scale per row (compressed-tensors)',
    config: ct({ num_bits: 8, type: 'float', strategy: 'channel' }, 'float-quantized'),
    tensors: { 'x.weight': fp8(3, 5), 'x.weight_scale': tensor('BF16', [3, 1], bf16(1, 0.5, 4)) },
    shape: [3, 5],
    value: (r, c) => power(r, c, 5) * ([1, 0.5, 4][r] ?? NaN),
  },
  {
    name: 'FP8 with one scale per row (fbgemm)',
    config: { quantization_config: { quant_method: 'fbgemm_fp8' } },
    tensors: { 'x.weight': fp8(2, 5), 'x.weight_scale': tensor('F32', [2], f32(3, 5)) },
    shape: [2, 5],
    value: (r, c) => power(r, c, 5) * (r ? 5 : 3),
  },
  {
    name: 'FP8 with one scale per tensor (Mistral)',
    config: { quantization_config: { quant_method: 'fp8', weight_block_size: null } },
    tensors: {
      'x.weight': fp8(200, 3),
      'x.weight_scale_inv': tensor('BF16', [], bf16(0.25)),
      'x.activation_scale': tensor('F32', [], f32(1)),
    },
    shape: [200, 3],
    value: (r, c) => power(r, c, 3) / 4,
  },
  {
    name: 'FP8 by blocks of 128 (compressed-tensors)',
    config: ct({ num_bits: 8, type: 'float', strategy: 'block' }, 'float-quantized'),
    tensors: { 'x.weight': fp8(130, 4), 'x.weight_scale': tensor('F32', [2, 1], f32(1, 2)) },
    shape: [130, 4],
    value: (r, c) => power(r, c, 4) * (r < 128 ? 1 : 2),
  },
  {
    name: 'MXFP8',
    config: block(1, 32),
    tensors: { 'x.weight': fp8(2, 64), 'x.weight_scale_inv': tensor('U8', [2, 2], u8(127, 128, 129, 1)) },
    shape: [2, 64],
    value: (r, c) => power(r, c, 64) * ([1, 2, 4, 2 ** -126][2 * r + (c >> 5)] ?? NaN),
  },
  {
    name: 'MXFP4 (compressed-tensors)',
    config: ct({ num_bits: 4, type: 'float' }, 'mxfp4-pack-quantized'),
    tensors: {
      'x.weight_packed': tensor('U8', [2, 32], FP4),
      'x.weight_scale': tensor('U8', [2, 2], u8(127, 129, 0, 200)),
    },
    shape: [2, 64],
    value: (r, c) => fp4(r, c) * ([1, 4, 2 ** -127, 2 ** 73][2 * r + (c >> 5)] ?? NaN),
  },
  {
    name: 'FP4 (DeepSeek-V4)',
    config: block(128, 128),
    tensors: { 'x.weight': tensor('I8', [2, 32], FP4), 'x.scale': tensor('F8_E8M0', [2, 2], u8(120, 121, 122, 123)) },
    shape: [2, 64],
    value: (r, c) => fp4(r, c) * 2 ** (2 * r + (c >> 5) - 7),
  },
  {
    name: 'NVFP4 (ModelOpt)',
    config: { quantization_config: { quant_method: 'modelopt', quant_algo: 'NVFP4' } },
    tensors: {
      'x.weight': tensor('U8', [2, 32], FP4),
      'x.weight_scale': tensor('F8_E4M3', [2, 4], u8(0x38, 0x39, 0x48, 0x49, 0x50, 0x51, 0x20, 0x21)),
      'x.weight_scale_2': tensor('F32', [], f32(0.1)),
      'x.input_scale': tensor('F32', [], f32(1)),
    },
    shape: [2, 64],
    value: (r, c) => {
      const scale = [1, 1.125, 4, 4.5, 8, 9, 0.125, 0.140625][4 * r + (c >> 4)] ?? NaN
      return Math.fround(fp4(r, c) * Math.fround(scale * Math.fround(0.1)))
    },
  },
  {
    name: 'INT4 in groups of 64 (compressed-tensors)',
    config: ct({ num_bits: 4, group_size: 64, symmetric: true, type: 'int' }, 'pack-quantized'),
    tensors: {
      'x.weight_packed': tensor('I32', [2, 8], FP4),
      'x.weight_scale': tensor('F16', [2, 1], f16(-1, 2)),
    },
    shape: [2, 64],
    value: (r, c) => (nibble(FP4, 64 * r + c) - 8) * (r ? 4 : 0.5),
  },
  {
    name: 'AWQ',
    config: {
      quantization_config: { quant_method: 'awq', bits: 4, group_size: 32, version: 'gemm', zero_point: true },
    },
    tensors: {
      'x.qweight': tensor(
        'I32',
        [K, N / 8],
        packed(K, N / 8, (k, w, i) => code(8 * w + (AWQ[i] ?? 0), k)),
      ),
      'x.qzeros': tensor(
        'I32',
        [2, N / 8],
        packed(2, N / 8, (g, w, i) => zero(8 * w + (AWQ[i] ?? 0), g)),
      ),
      'x.scales': columnScales,
    },
    shape: [N, K],
    value: int4Value,
  },
  {
    name: 'GPTQ',
    config: { quantization_config: { quant_method: 'gptq', bits: 4, group_size: 32, desc_act: false } },
    tensors: {
      'x.qweight': tensor(
        'I32',
        [K / 8, N],
        packed(K / 8, N, (w, n, i) => code(n, 8 * w + i)),
      ),
      'x.qzeros': tensor(
        'I32',
        [2, N / 8],
        packed(2, N / 8, (g, w, i) => zero(8 * w + i, g) - 1),
      ),
      'x.scales': columnScales,
      'x.g_idx': tensor('I32', [K], i32(...Array.from({ length: K }, (_, k) => k >> 5))),
    },
    shape: [N, K],
    value: int4Value,
  },
]

/** The folder of a case, with other tensors or without some (undefined). */
export function folderOf(
  { config, tensors }: StoredCase,
  changes: Readonly<Record<string, RawTensor | undefined>> = {},
): Record<string, Uint8Array> {
  const all = Object.entries({ ...tensors, ...changes }).filter((entry): entry is [string, RawTensor] => !!entry[1])
  return { 'config.json': json(config), 'model.safetensors': safetensors(Object.fromEntries(all)) }
}
