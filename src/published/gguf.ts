import { UserError } from '../errors.js'
import type { Checkpoint, EmbeddedTokenizer, StoredTensor, TensorPart } from '../checkpoint/checkpoint.js'
import { FORMATS } from '../checkpoint/formats/formats.js'
import { configFromGguf } from './gguf-config.js'
import { embeddedTokenizer } from '../checkpoint/gguf/embedded.js'
import { readGgufHeader, type GgufHeader, type GgufTensor } from '../checkpoint/gguf/header.js'
import { publishedName, type GgufLayout } from './gguf-names.js'
import { publishedRates } from './gguf-rates.js'
import { unpermuted } from './interleaved-heads.js'
import { checkPart, HeldBytes, partOf, sliceOfRows, sliceShape } from '../checkpoint/part.js'
import type { ByteSource, FileSet } from '../checkpoint/files/source.js'
import { missingTensor, unsupportedFormat, wrongShape } from '../checkpoint/tensor-errors.js'
import { product, sameShape } from '../checkpoint/shape.js'
import { storedTensor } from '../checkpoint/tensor.js'
import { type JsonObject, shortText } from '../json.js'

interface Mapped {
  readonly tensor: GgufTensor
  readonly layout: GgufLayout
}

const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/

/**
 * Opens a GGUF file, with its parts when it is split, under the names and with the config of Hugging Face layout.
 * Only headers are read.
 * @throws UserError when a part is missing or a file is damaged.
 */
export async function openGguf(files: FileSet, main: string): Promise<Checkpoint> {
  const opened: ByteSource[] = []
  try {
    const headers: GgufHeader[] = []
    for (const part of partNames(files, main)) {
      const source = await files.open(part)
      if (!source) throw missingPart(files, part, main)
      opened.push(source)
      headers.push(await readGgufHeader(source))
    }
    const where = `${files.name}/${main}`
    checkSplit(where, main, headers)
    return new GgufCheckpoint(where, headers, opened)
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()))
    throw error
  }
}

function partNames(files: FileSet, main: string): string[] {
  const [, stem, , total] = SPLIT.exec(main) ?? []
  if (stem === undefined || total === undefined) return [main]
  const parts: string[] = []
  for (let i = 1; i <= Number(total); i++) {
    const part = `${stem}-${String(i).padStart(5, '0')}-of-${total}.gguf`
    parts.push(part)
  }
  if (parts.includes(main)) return parts
  throw new UserError(`${files.name}/${main}: the part's number is not within 1 and ${Number(total)}.`, 'invalid_file')
}

function missingPart(files: FileSet, part: string, main: string): UserError {
  return new UserError(
    part === main
      ? `${files.name}/${main}: no such file.`
      : `${files.name}: ${main} is one part of a split model; expected the part ${part} beside it, found no such file. ` +
          'Download all parts into one folder.',
    'file_not_found',
  )
}

function checkSplit(where: string, main: string, headers: readonly GgufHeader[]): void {
  const count = headers[0]?.metadata.get('split.count')
  if (count === undefined || count === 0 || count === headers.length) return
  throw new UserError(
    `${where}: the file says that it is one of ${shortText(count)} parts, but its name stands for ${headers.length}. ` +
      `Keep the published names (NAME-00001-of-0000N.gguf, not ${main}).`,
    'invalid_file',
  )
}

class GgufCheckpoint implements Checkpoint {
  readonly kind = 'gguf'
  readonly config: JsonObject
  readonly embedded: EmbeddedTokenizer
  /** By published name; stacked experts once, with {e}. */
  private readonly mapped = new Map<string, Mapped>()
  private readonly held = new HeldBytes()

  constructor(
    readonly name: string,
    headers: readonly GgufHeader[],
    private readonly opened: readonly ByteSource[],
  ) {
    const metadata = headers[0]?.metadata ?? new Map<string, unknown>()
    this.embedded = embeddedTokenizer(metadata)
    const found = metadata.get('general.architecture')
    const architecture = typeof found === 'string' ? found : ''
    for (const tensor of headers.flatMap((header) => header.tensors)) {
      const { name, layout } = publishedName(architecture, tensor.name)
      if (this.mapped.has(name)) {
        throw new UserError(
          `${this.name}: the tensor ${tensor.name} appears twice. The file is damaged.`,
          'invalid_file',
        )
      }
      this.mapped.set(name, { tensor, layout })
    }
    const embedding = (this.mapped.get('model.embed_tokens.weight') ?? this.mapped.get('embed.weight'))?.tensor.shape
    this.config = configFromGguf(this.name, metadata, {
      vocabulary: embedding?.length === 2 ? embedding[0] : undefined,
      hasOutput: this.mapped.has('lm_head.weight') || this.mapped.has('head.weight'),
      hasQueryBias: this.mapped.has('model.layers.0.self_attn.q_proj.bias'),
      hasQueryNorm: this.mapped.has('model.layers.0.self_attn.q_norm.weight'),
    })
  }

  *names(): Iterable<string> {
    for (const [name, { tensor, layout }] of this.mapped) {
      if (layout !== 'experts') yield name
      else for (let e = 0; e < expertsOf(tensor); e++) yield name.replace('{e}', String(e))
    }
  }

  has(name: string): boolean {
    return this.find(name) !== undefined
  }

  tensor(name: string, shape: readonly number[], part?: TensorPart): StoredTensor {
    const found = this.find(name)
    if (!found && part) return this.part(name, shape, part)
    if (!found) throw missingTensor(name, this.name)
    const { tensor, layout, expert } = found
    const format = tensor.type?.format
    const file = tensor.source.name
    if (!format) throw unsupportedFormat(name, file, `GGUF ${tensor.type?.name ?? `type ${tensor.typeId}`}`)
    const stored = logicalShape(tensor, layout)
    // The same elements with other lengths of one.
    const loose = (layout === 'reshaped' || layout === 'rates') && product(stored) === product(shape)
    if (!loose && !sameShape(stored, shape)) throw wrongShape(`${name} (${tensor.name})`, file, shape, stored)
    const { blockCols, blockBytes } = FORMATS[format]
    const offset = tensor.start + expert * (product(stored) / blockCols) * blockBytes
    const plain = storedTensor({ name, format, shape, source: tensor.source, offset })
    if (layout === 'permuted-q') return unpermuted(plain, this.heads('num_attention_heads'))
    if (layout === 'permuted-k') return unpermuted(plain, this.heads('num_key_value_heads'))
    return layout === 'rates' ? publishedRates(plain) : plain
  }

  private part(name: string, shape: readonly number[], part: TensorPart): StoredTensor {
    checkPart(name, shape, part)
    const whole = this.tensor(part.tensor, part.shape)
    const slice = part.index === undefined ? whole : sliceOfRows(whole, sliceShape(part), part.index)
    return partOf(slice, name, shape, part, this.held)
  }

  async file(): Promise<undefined> {
    // A GGUF file holds all that belongs to its model; files beside it may belong to another one.
  }

  async json(): Promise<undefined> {
    // as above
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((source) => source.close()))
  }

  private heads(key: string): number {
    return Number(this.config[key])
  }

  private find(name: string): (Mapped & { expert: number }) | undefined {
    const direct = this.mapped.get(name)
    if (direct) return direct.layout === 'experts' ? undefined : { ...direct, expert: 0 }
    const [, before, digits, after] = /^(.*\.experts\.)(0|[1-9]\d{0,8})(\..*)$/.exec(name) ?? []
    const stacked = digits === undefined ? undefined : this.mapped.get(`${before}{e}${after}`)
    return stacked && Number(digits) < expertsOf(stacked.tensor) ? { ...stacked, expert: Number(digits) } : undefined
  }
}

/** Stacked experts are [X, N, K], their biases [X, N]. */
function expertsOf({ shape }: GgufTensor): number {
  return shape.length === 3 || shape.length === 2 ? (shape[0] ?? 0) : 0
}

function logicalShape({ shape }: GgufTensor, layout: GgufLayout): readonly number[] {
  if (layout === 'experts') return shape.slice(1)
  // [H, N, K] -> [H * N, K]
  if (layout === 'flattened') return [product(shape.slice(0, -1)), shape.at(-1) ?? 1]
  return shape
}
