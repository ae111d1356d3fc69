/** A folder of safetensors as the GGUF file of the same model, with its tokenizer. */
import { templateSource } from '../../chat/template-source.js'
import type { Checkpoint, StoredTensor } from '../../checkpoint/checkpoint.js'
import { readJson } from '../../checkpoint/files/json.js'
import type { FileSet } from '../../checkpoint/files/source.js'
import { decodeRows } from '../../checkpoint/formats/decode.js'
import { ggufKey, type GgufValue } from '../../checkpoint/gguf/writer.js'
import { UserError } from '../../errors.js'
import { asGguf, shapeAsGguf, type TensorAsGguf } from '../../models/as-gguf.js'
import { openCheckpoint } from '../../models/open.js'
import { eosIdsOf, idsOf } from '../../tokenizer/eos-ids.js'
import { writtenVocabulary } from '../../tokenizer/gguf-writing.js'
import { loadTokenizer } from '../../tokenizer/load.js'
import type { QuantizeSource, SourceTensor } from './source.js'

type Keys = Map<string, GgufValue>

/** @throws UserError for a family or a tokenizer that no file can be made of, and for what was rounded before. */
export async function folderSource(files: FileSet): Promise<QuantizeSource> {
  const checkpoint = await openCheckpoint(files)
  try {
    const { program, keys: own, computed, tensors } = await asGguf(checkpoint)
    const keys = new Map<string, GgufValue>([
      ...own,
      ['general.type', ['string', 'model']],
      ['general.name', ['string', checkpoint.name.split(/[\\/]/).findLast((part) => part !== '') ?? checkpoint.name]],
      ...(await vocabularyKeys(checkpoint, program.vocabSize)),
    ])
    return {
      keys: new Map([...keys].map(([key, value]) => [key, ggufKey(key, value)])),
      tensors: [
        ...[...computed].map(([name, values]) => computedTensor(checkpoint.name, name, values)),
        ...tensors.map((tensor) => modelTensor(checkpoint, tensor)),
      ],
      ...{ layers: program.nLayers, alignment: 32 },
      close: () => checkpoint.close(),
    }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

async function vocabularyKeys(checkpoint: Checkpoint, count: number): Promise<Keys> {
  const json = await readJson((name) => checkpoint.file(name), 'tokenizer.json')
  const tokenizer = json && (await loadTokenizer(checkpoint))
  if (!tokenizer)
    throw new UserError(
      `${checkpoint.name}: expected tokenizer.json next to the weights, which a GGUF file holds too; found none`,
      'invalid_tokenizer',
    )
  const own = await writtenVocabulary(json, count, tokenizer, `${checkpoint.name}/tokenizer.json`)
  const config = (await checkpoint.json('tokenizer_config.json')) ?? {}
  const generation = (await checkpoint.json('generation_config.json')) ?? {}
  const named = (key: string): number | undefined => {
    const value = config[key]
    const text = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
    return typeof text === 'string' ? tokenizer.idOf(text) : undefined
  }
  const first = named('eos_token')
  const [eos, eot, eom] = new Set([...(first === undefined ? [] : [first]), ...eosIdsOf(checkpoint.config, generation)])
  const ids = {
    ...{ eos, eot, eom, padding: named('pad_token') },
    bos: named('bos_token') ?? idsOf(checkpoint.config['bos_token_id'])[0],
  }
  const template = await templateSource(checkpoint)
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', ['string', own.model]],
    ['tokenizer.ggml.pre', ['string', own.pre]],
    ['tokenizer.ggml.tokens', ['strings', own.tokens]],
    ['tokenizer.ggml.token_type', ['i32s', own.tokenTypes]],
    ['tokenizer.ggml.merges', ['strings', own.merges]],
    ['tokenizer.ggml.add_bos_token', ['bool', own.addBos]],
    ...Object.entries(ids).flatMap(([which, id]): [string, GgufValue][] =>
      id === undefined ? [] : [[`tokenizer.ggml.${which}_token_id`, ['u32', id]]],
    ),
    ...(template ? [['tokenizer.chat_template', ['string', template.text]] as const] : []),
    ...(template?.withTools === undefined
      ? []
      : [['tokenizer.chat_template.tool_use', ['string', template.withTools]] as const]),
  ])
}

function computedTensor(file: string, name: string, all: Float32Array): SourceTensor {
  return {
    ...{ name, file, shape: [all.length], rows: 1, cols: all.length },
    ...{ stored: 'F32', byteLength: all.byteLength, whole: true, together: 1 },
    values: () => Promise.resolve(all),
    kept: { format: 'f32', bytes: () => Promise.resolve(bytesOf(all)) },
  }
}

const WHOLE = ['f32', 'f16', 'bf16', 'fp8_e4m3']

/** Experts lie one after the other, [X, N, K]. */
function modelTensor(checkpoint: Checkpoint, tensor: TensorAsGguf): SourceTensor {
  const all = tensor.weights.map((weight) => checkpoint.tensor(weight.name, weight.shape, weight.part))
  const [first] = all as [StoredTensor, ...StoredTensor[]]
  const rounded = all.find(({ format }) => !WHOLE.includes(format))
  if (rounded)
    throw new UserError(
      `${rounded.file}: expected weights in F32, F16, BF16 or FP8, found the tensor ${rounded.name} in ${rounded.format.toUpperCase()}. ` +
        'Rounding twice loses more than rounding once: quantise the weights that the lab published.',
      'unsupported_format',
    )
  const vector = first.shape.length === 1
  const values = async (row: number, count: number): Promise<Float32Array> => {
    const read = await rowsOf(all, row, count)
    return tensor.order.arrange(read, vector ? 1 : first.cols)
  }
  return {
    ...{ name: tensor.name, file: first.file, shape: shapeAsGguf(tensor), cols: first.cols, values },
    rows: first.rows * all.length,
    byteLength: all.reduce((sum, { byteLength }) => sum + byteLength, 0),
    ...{ stored: first.format.toUpperCase(), whole: true },
    together: vector ? 1 : tensor.order.together,
    // llama.cpp multiplies and adds vectors in F32
    kept: { format: 'f32', bytes: async (row, count) => bytesOf(await values(row, count)) },
  }
}

async function rowsOf(all: readonly StoredTensor[], row: number, count: number): Promise<Float32Array> {
  const [{ rows, cols }] = all as [StoredTensor, ...StoredTensor[]]
  if (all.length === 1) return decodeRows(all[0]!, row, count)
  const out = new Float32Array(count * cols)
  for (let at = row; at < row + count;) {
    const inside = at % rows
    const some = Math.min(rows - inside, row + count - at)
    out.set(await decodeRows(all[Math.floor(at / rows)]!, inside, some), (at - row) * cols)
    at += some
  }
  return out
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
