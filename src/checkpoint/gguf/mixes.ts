/** Which tensor gets which format: the named mixes of llama-quantize, and our own. */
import { FORMATS } from '../formats/formats.js'
import type { WrittenFormat } from '../formats/ggml-writers.js'

/** Where a matrix stands in the model. */
export interface MatrixPlace {
  /** Its name in GGUF, such as blk.3.ffn_down.weight. */
  readonly name: string
  readonly cols: number
  /** Layers of the model. */
  readonly layers: number
}

interface Mix {
  /** general.file_type of llama.cpp (llama.h, llama_ftype). */
  readonly fileType: number
  /** Of all that no other rule names. */
  readonly base: WrittenFormat
  /** Of the embeddings and of the output matrix. */
  readonly ends: WrittenFormat
  /** Of what small errors in hurt most: values, and the MLP's way down. */
  readonly sensitive?: WrittenFormat
  /** Layers in which they are: `some` as llama-quantize's M mixes have it, else all. */
  readonly in?: 'some'
}

const only = (fileType: number, base: WrittenFormat, ends: WrittenFormat = 'q6_k'): Mix => ({ fileType, base, ends })

/** Names of formats and mixes are llama-quantize's; those in lower case are ours, and give the most quality a byte. */
const MIXES = {
  q4: { fileType: 15, base: 'q4_k', ends: 'q8_0', sensitive: 'q6_k', in: 'some' },
  q5: { fileType: 17, base: 'q5_k', ends: 'q8_0', sensitive: 'q6_k', in: 'some' },
  q6: { fileType: 18, base: 'q6_k', ends: 'q8_0' },
  q8: only(7, 'q8_0', 'q8_0'),
  Q4_0: only(2, 'q4_0'),
  Q4_1: only(3, 'q4_1'),
  Q5_0: only(8, 'q5_0'),
  Q5_1: only(9, 'q5_1'),
  Q8_0: only(7, 'q8_0', 'q8_0'),
  IQ4_NL: only(25, 'iq4_nl'),
  Q4_K_S: only(14, 'q4_k'),
  Q4_K_M: { fileType: 15, base: 'q4_k', ends: 'q6_k', sensitive: 'q6_k', in: 'some' },
  Q5_K_S: only(16, 'q5_k'),
  Q5_K_M: { fileType: 17, base: 'q5_k', ends: 'q6_k', sensitive: 'q6_k', in: 'some' },
  Q6_K: only(18, 'q6_k'),
} as const satisfies Record<string, Mix>

/** What a model can be quantised to. */
export type QuantizeTarget = keyof typeof MIXES

/** All of them, in order of size within ours and llama-quantize's. */
export const QUANTIZE_TARGETS = Object.keys(MIXES) as readonly QuantizeTarget[]

/** general.file_type of a file in this mix. */
export function fileTypeOf(target: QuantizeTarget): number {
  return MIXES[target].fileType
}

/** Matrices that are multiplied with activations, or whose rows are embeddings; the others stay as they are published. */
const QUANTIZED =
  /^(token_embd|output|blk\.\d+\.(attn_(q|k|v|qkv|output|gate|q_a|q_b|kv_a_mqa|kv_b|k_b|v_b)|ffn_(gate|up|down|gate_up)(_exps|_shexp)?|ssm_(in|out)))\.weight$/

/** The format of a matrix, or undefined where it is left as it is. Rows that are no whole blocks of 256 take blocks of 32. */
export function formatOf(target: QuantizeTarget, place: MatrixPlace): WrittenFormat | undefined {
  if (!QUANTIZED.test(place.name) || place.cols % 32 !== 0) return undefined
  const wanted = wantedFormat(MIXES[target], place)
  return place.cols % FORMATS[wanted].blockCols === 0 ? wanted : IN_32[wanted]
}

function wantedFormat(mix: Mix, { name, layers }: MatrixPlace): WrittenFormat {
  if (!name.startsWith('blk.')) return mix.ends
  const layer = Number(/\d+/.exec(name)?.[0])
  const sensitive = /\.(attn_v|attn_qkv|ffn_down(_exps|_shexp)?)\.weight$/.test(name)
  return mix.sensitive && sensitive && (mix.in !== 'some' || isSome(layer, layers)) ? mix.sensitive : mix.base
}

/** The first and the last eighth of the layers, and every third between. */
function isSome(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8)
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2
}

/** What stands for formats of 256 columns where a matrix has others: the same as llama-quantize's, or the next better one. */
const IN_32: Readonly<Record<WrittenFormat, WrittenFormat>> = {
  ...{ q4_0: 'q4_0', q4_1: 'q4_1', q5_0: 'q5_0', q5_1: 'q5_1', q8_0: 'q8_0', iq4_nl: 'iq4_nl' },
  ...{ q4_k: 'q5_0', q5_k: 'q5_1', q6_k: 'q8_0' },
}
