/** GGUF files as the labs' checkpoints. Families say how, by a {@link GgufForm}; nothing here knows one. */
import type { Checkpoint, EmbeddedTokenizer, StoredTensor, TensorPart } from '../checkpoint/checkpoint.js'
import type { FileSet } from '../checkpoint/files/source.js'
import { FORMATS } from '../checkpoint/formats/formats.js'
import { embeddedGeneration, embeddedTokenizer } from '../checkpoint/gguf/embedded.js'
import { openGgufFile, type GgufFile } from '../checkpoint/gguf/file.js'
import type { GgufTensor } from '../checkpoint/gguf/header.js'
import type { GgufValue } from '../checkpoint/gguf/writer.js'
import { checkPart, HeldBytes, partOf, sliceOfRows, sliceShape } from '../checkpoint/part.js'
import { product, sameShape } from '../checkpoint/shape.js'
import { missingTensor, unsupportedFormat, wrongShape } from '../checkpoint/tensor-errors.js'
import { storedTensor } from '../checkpoint/tensor.js'
import { UserError } from '../errors.js'
import type { JsonObject } from '../json.js'
import { GgufMetadata } from './gguf-metadata.js'
import { lookUp, type NameTables, type PublishedTensor } from './names.js'
import { anyShape, asPublished, publishedShape, type Transform } from './transforms.js'

/** Logical shapes of a file's tensors, by their own names. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>

/** How a family's models are kept in GGUF. */
export interface GgufForm {
  /** general.architecture. */
  readonly architecture: string
  /** Where families share an architecture: true for this one. Of forms without it, there is one for an architecture. */
  readonly when?: (meta: GgufMetadata) => boolean
  readonly names: NameTables
  /**
   * The config.json that the lab would publish.
   * @throws UserError when a key is missing, of the wrong type, or stands for another arithmetic.
   */
  readonly config: (meta: GgufMetadata, shapes: TensorShapes) => JsonObject
  /** The other way round, where a file can be made of what the lab publishes. */
  readonly write?: (config: JsonObject) => WrittenConfig
}

/** A config as a file keeps it. */
export interface WrittenConfig {
  /** Keys of the architecture, without its name in front. */
  readonly keys: Readonly<Record<string, GgufValue>>
  /** What conversion computes, such as frequencies of the rotation, as vectors. */
  readonly tensors: Readonly<Record<string, Float32Array>>
}

/**
 * Opens a GGUF file, with its parts when it is split, under the names and with the config that its family publishes. Only
 * headers are read. Of an unknown architecture, names stay as they are, and it becomes the model_type, to be refused by name.
 * @throws UserError when a part is missing or a file is damaged.
 */
export async function openGguf(files: FileSet, main: string, forms: readonly GgufForm[]): Promise<Checkpoint> {
  const file = await openGgufFile(files, main)
  try {
    const meta = new GgufMetadata(file.name, file.metadata)
    const form = formOf(meta, forms)
    const shapes = new Map(file.tensors.map(({ name, shape }) => [name, shape]))
    const config = form?.config(meta, shapes) ?? { model_type: meta.architecture }
    return new GgufCheckpoint(file, config, (name) => (form ? publishedTensor(form.names, name) : unchanged(name)))
  } catch (error) {
    await file.close()
    throw error
  }
}

function formOf(meta: GgufMetadata, forms: readonly GgufForm[]): GgufForm | undefined {
  const own = forms.filter(({ architecture }) => architecture === meta.architecture)
  return own.find(({ when }) => when?.(meta)) ?? own.find(({ when }) => !when)
}

const unchanged = (name: string): PublishedTensor => ({ name, transform: 'none' })

/** A tensor without a published name keeps its own. */
export function publishedTensor({ top, layer, prefix }: NameTables, own: string): PublishedTensor {
  const [, number, inLayer] = /^blk\.(\d{1,6})\.(.+)$/.exec(own) ?? []
  const [, stem = '', ending = ''] = /^(.+?)(\.weight|\.bias)?$/.exec(inLayer ?? own) ?? []
  const found = lookUp(inLayer === undefined ? top : layer, stem)
  if (!found || (ending === '' && !found.bare)) return unchanged(own)
  const place = number === undefined ? '' : `${prefix}${Number(number)}.`
  const transform = found.transform ?? (found.name.includes('{e}') ? 'experts' : 'none')
  return { name: `${place}${found.name}${found.bare ? '' : ending}`, transform }
}

interface Mapped {
  readonly tensor: GgufTensor
  readonly transform: Transform
}

class GgufCheckpoint implements Checkpoint {
  readonly name: string
  embedded: EmbeddedTokenizer
  /** By published name; stacked experts once, with {e}. */
  private readonly mapped = new Map<string, Mapped>()
  private readonly held = new HeldBytes()

  constructor(
    private readonly source: GgufFile,
    readonly config: JsonObject,
    publish: (name: string) => PublishedTensor,
  ) {
    this.name = source.name
    this.embedded = embeddedTokenizer(source.metadata)
    for (const tensor of source.tensors) {
      const { name, transform } = publish(tensor.name)
      const before = this.mapped.get(name)
      if (before) {
        throw new UserError(
          `${this.name}: the tensors ${before.tensor.name} and ${tensor.name} are both ${name}. ` +
            'The file is damaged: download it again.',
          'invalid_file',
        )
      }
      this.mapped.set(name, { tensor, transform })
    }
  }

  *names(): Iterable<string> {
    for (const [name, { tensor, transform }] of this.mapped) {
      if (transform !== 'experts') yield name
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
    const { tensor, transform, expert } = found
    const format = tensor.type?.format
    const file = tensor.source.name
    if (!format) throw unsupportedFormat(name, file, `GGUF ${tensor.type?.name ?? `type ${tensor.typeId}`}`)
    const stored = publishedShape(tensor.shape, transform)
    // The same elements with other lengths of one.
    const loose = anyShape(transform) && product(stored) === product(shape)
    if (!loose && !sameShape(stored, shape)) throw wrongShape(`${name} (${tensor.name})`, file, shape, stored)
    const { blockCols, blockBytes } = FORMATS[format]
    const offset = tensor.start + expert * (product(stored) / blockCols) * blockBytes
    return asPublished(storedTensor({ name, format, shape, source: tensor.source, offset }), transform, this.config)
  }

  private part(name: string, shape: readonly number[], part: TensorPart): StoredTensor {
    checkPart(name, shape, part)
    const whole = this.tensor(part.tensor, part.shape)
    const slice = part.index === undefined ? whole : sliceOfRows(whole, sliceShape(part), part.index)
    return partOf(slice, name, shape, part, this.held)
  }

  async file(): Promise<undefined> {
    // A GGUF file holds all that belongs to its model; files next to it may belong to another one.
  }

  json(name: string): Promise<JsonObject | undefined> {
    return Promise.resolve(name === 'generation_config.json' ? embeddedGeneration(this.source.metadata) : undefined)
  }

  freeTokenizer(): void {
    this.source.freeLists()
    this.embedded = { vocabulary: new Map() }
  }

  close(): Promise<void> {
    return this.source.close()
  }

  private find(name: string): (Mapped & { expert: number }) | undefined {
    const direct = this.mapped.get(name)
    if (direct) return direct.transform === 'experts' ? undefined : { ...direct, expert: 0 }
    const [, before, digits, after] = /^(.*\.experts\.)(0|[1-9]\d{0,8})(\..*)$/.exec(name) ?? []
    const stacked = digits === undefined ? undefined : this.mapped.get(`${before}{e}${after}`)
    return stacked && Number(digits) < expertsOf(stacked.tensor) ? { ...stacked, expert: Number(digits) } : undefined
  }
}

/** Stacked experts are [X, N, K], their biases [X, N]. */
function expertsOf({ shape }: GgufTensor): number {
  return shape.length === 3 || shape.length === 2 ? (shape[0] ?? 0) : 0
}
