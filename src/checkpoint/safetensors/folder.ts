import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import type { Checkpoint, StoredTensor, TensorPart } from '../checkpoint.js'
import { Configs, jsonOf } from '../files/json.js'
import { otherWeights, refuseAdapter } from '../files/look-alikes.js'
import { isPlainFileName } from '../files/range.js'
import type { ByteSource, FileSet } from '../files/source.js'
import type { FileTensor } from './file-tensor.js'
import { readSafetensorsHeader, type SafetensorsEntry } from './header.js'
import { Weights } from './weights.js'

/** A folder of safetensors in another layout than Hugging Face's. */
export interface FolderForm {
  /** As its config.json would be. */
  readonly config: JsonObject
  /** NAME of NAME.safetensors, or of NAME.safetensors.index.json with its shards. */
  readonly weights: string
  /** Hugging Face's name of a tensor. */
  nameOf(own: string): string
  /** A tensor of that name with its rows as Hugging Face's layout has them. */
  tensorOf(stored: StoredTensor, name: string): StoredTensor
}

const LARGEST_INDEX = 100_000_000
/** Headers read side by side when a checkpoint has many shards. */
const PARALLEL_HEADERS = 16

/**
 * Opens a folder in Hugging Face layout: config.json and safetensors, in one file or in shards with an index. Only the headers
 * are read. @throws UserError when a file is missing or damaged.
 */
export async function openFolder(files: FileSet): Promise<Checkpoint> {
  await refuseAdapter(files)
  const { config } = await readFolderConfig(files, 'config.json')
  return openSafetensors(files, { config, weights: 'model', nameOf: (name) => name, tensorOf: (stored) => stored })
}

/** The file next to the weights that says how the model is built, and its name for messages. @throws UserError. */
export async function readFolderConfig(files: FileSet, name: string): Promise<{ where: string; config: JsonObject }> {
  const source = await files.open(name)
  if (!source) {
    throw new UserError(
      `${files.name}: expected ${name} next to the weights, found none. Download the whole model folder.`,
      'file_not_found',
    )
  }
  try {
    return { where: source.name, config: await jsonOf(source) }
  } finally {
    await source.close()
  }
}

/** As {@link openFolder}, in another layout. */
export async function openSafetensors(files: FileSet, form: FolderForm): Promise<Checkpoint> {
  const opened: ByteSource[] = []
  try {
    const found = await locateTensors(files, form.weights, opened)
    const tensors = withModelPrefix(new Map([...found].map(([name, tensor]) => [form.nameOf(name), tensor])))
    return new SafetensorsCheckpoint(files, form, tensors, opened)
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()))
    throw error
  }
}

async function locateTensors(files: FileSet, weights: string, opened: ByteSource[]): Promise<Map<string, FileTensor>> {
  if (files.main === undefined) {
    const index = await files.open(indexOf(weights))
    if (index) {
      opened.push(index)
      const content = await jsonOf(index, LARGEST_INDEX)
      if (!(await isLeftOver(files, weights, content))) return locateInShards(files, content, index.name, opened)
    }
  }
  const file = files.main ?? (await onlyFile(files, weights))
  const source = await files.open(file)
  if (!source) throw new UserError(`${files.name}/${file}: no such file.`, 'file_not_found')
  opened.push(source)
  const entries = await readSafetensorsHeader(source)
  return new Map([...entries].map(([name, entry]) => [name, { entry, source }]))
}

/** A model that was saved without its head (Qwen3-Embedding) has names without `model.`; they are the same tensors. */
function withModelPrefix(tensors: Map<string, FileTensor>): Map<string, FileTensor> {
  const names = [...tensors.keys()]
  const bare = names.some((name) => name.startsWith('embed_tokens.'))
  if (!bare || names.some((name) => /^(model|language_model)\./.test(name))) return tensors
  return new Map([...tensors].map(([name, tensor]) => [/^lm_head\./.test(name) ? name : `model.${name}`, tensor]))
}

function indexOf(weights: string): string {
  return `${weights}.safetensors.index.json`
}

/** An index next to one file that it does not name is left over from before the shards were merged; transformers takes the file. */
async function isLeftOver(files: FileSet, weights: string, index: JsonObject): Promise<boolean> {
  const whole = `${weights}.safetensors`
  const map = index['weight_map']
  if (isJsonObject(map) && Object.values(map).includes(whole)) return false
  const source = await files.open(whole)
  await source?.close()
  return source !== undefined
}

async function onlyFile(files: FileSet, weights: string): Promise<string> {
  const usual = `${weights}.safetensors`
  const names = await files.list()
  const found = names.filter((file) => file.endsWith('.safetensors')).sort()
  // Where there is no listing (HTTP), a file can only be asked for.
  const hidden = found.length === 0 ? await files.open(usual) : undefined
  await hidden?.close()
  if (hidden || found.includes(usual)) return usual
  const [first] = found
  if (first !== undefined && found.length === 1) return first
  const other = found.length === 0 ? otherWeights(names) : undefined
  const what =
    found.length === 0
      ? (other ?? 'none')
      : `${found.length} (${found.slice(0, 3).join(', ')}...) and no ${indexOf(weights)}`
  const advice =
    other === undefined
      ? 'Download the whole model folder.'
      : 'The hub may have the same model as .safetensors, in this repository at another revision or in another, or as .gguf: take that.'
  throw new UserError(
    `${files.name}: expected ${usual}, or shards with ${indexOf(weights)}, or one .safetensors file, found ${what}. ${advice}`,
    'file_not_found',
  )
}

async function locateInShards(
  files: FileSet,
  index: JsonObject,
  indexName: string,
  opened: ByteSource[],
): Promise<Map<string, FileTensor>> {
  const shardOf = weightMap(index, indexName)
  const shards = new Map<string, { source: ByteSource; entries: Map<string, SafetensorsEntry> }>()
  const firstTensor = new Map<string, string>()
  for (const [tensor, shard] of shardOf) if (!firstTensor.has(shard)) firstTensor.set(shard, tensor)
  const openShard = async ([shard, tensor]: [string, string]): Promise<void> => {
    const source = isPlainFileName(shard) ? await files.open(shard) : undefined
    if (!source) throw missingShard(files, indexName, shard, tensor)
    opened.push(source)
    shards.set(shard, { source, entries: await readSafetensorsHeader(source) })
  }
  const wanted = [...firstTensor]
  for (let i = 0; i < wanted.length; i += PARALLEL_HEADERS) {
    const results = await Promise.allSettled(wanted.slice(i, i + PARALLEL_HEADERS).map(openShard))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
  const tensors = new Map<string, FileTensor>()
  for (const [tensor, shard] of shardOf) {
    const part = shards.get(shard)
    const entry = part?.entries.get(tensor)
    if (!part || !entry) {
      throw new UserError(
        `${files.name}/${shard}: expected the tensor ${tensor} here according to ${indexName}, found none of that name. ` +
          'Index and shards are of different versions: download both again.',
        'tensor_mismatch',
      )
    }
    tensors.set(tensor, { entry, source: part.source })
  }
  return tensors
}

function weightMap(index: JsonObject, indexName: string): Map<string, string> {
  const map = index['weight_map']
  if (!isJsonObject(map)) {
    throw new UserError(
      `${indexName}: expected weight_map {tensor: file}, found none. Download it again.`,
      'invalid_file',
    )
  }
  const shardOf = new Map<string, string>()
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') {
      throw new UserError(
        `${indexName}: weight_map.${tensor}: expected a file name, found a ${typeof shard}. Download it again.`,
        'invalid_file',
      )
    }
    shardOf.set(tensor, shard)
  }
  return shardOf
}

function missingShard(files: FileSet, indexName: string, shard: string, tensor: string): UserError {
  return new UserError(
    `${files.name}: expected the shard ${shard}, which holds ${tensor} according to ${indexName}, found no such file. ` +
      'Download it into this folder.',
    'file_not_found',
  )
}

class SafetensorsCheckpoint implements Checkpoint {
  readonly name: string
  readonly config: JsonObject
  private readonly weights: Weights
  private readonly configs: Configs

  constructor(
    private readonly files: FileSet,
    private readonly form: FolderForm,
    tensors: ReadonlyMap<string, FileTensor>,
    private readonly opened: readonly ByteSource[],
  ) {
    this.name = files.main === undefined ? files.name : `${files.name}/${files.main}`
    this.config = form.config
    this.weights = new Weights(this.name, this.config, tensors)
    this.configs = new Configs((name) => files.open(name))
  }

  names(): Iterable<string> {
    return this.weights.names()
  }

  has(name: string): boolean {
    return this.weights.has(name)
  }

  tensor(name: string, shape: readonly number[], part?: TensorPart): StoredTensor {
    return this.form.tensorOf(this.weights.tensor(name, shape, part), name)
  }

  file(name: string): Promise<ByteSource | undefined> {
    return this.files.open(name)
  }

  json(name: string): Promise<JsonObject | undefined> {
    return this.configs.read(name)
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((source) => source.close()))
  }
}
