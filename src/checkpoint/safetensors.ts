import { UserError } from '../errors.js'
import type { Checkpoint, JsonObject, StoredTensor, TensorPart } from './checkpoint.js'
import { isJsonObject, readJsonObject } from './json.js'
import type { Located } from './located.js'
import { QuantizedLayouts } from './quantized-layouts.js'
import { isPlainFileName } from './range.js'
import { readSafetensorsHeader, type SafetensorsEntry } from './safetensors-header.js'
import type { ByteSource, FileSet } from './source.js'

const INDEX = 'model.safetensors.index.json'
const LARGEST_CONFIG = 16_000_000
const LARGEST_INDEX = 100_000_000
/** Headers read side by side when a checkpoint has many shards. */
const PARALLEL_HEADERS = 16

/**
 * Opens a folder in Hugging Face layout: config.json and safetensors, in one file or in shards with an index. Only the
 * headers are read.
 * @throws UserError when a file is missing or damaged.
 */
export async function openSafetensors(files: FileSet): Promise<Checkpoint> {
  const config = await readConfig(files)
  const opened: ByteSource[] = []
  try {
    const tensors = await locateTensors(files, opened)
    return new SafetensorsCheckpoint(files, config, tensors, opened)
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()))
    throw error
  }
}

async function readConfig(files: FileSet): Promise<JsonObject> {
  const source = await files.open('config.json')
  if (!source) {
    throw new UserError(
      `${files.name}: expected config.json beside the weights, found none. Download the whole model folder.`,
      'file_not_found',
    )
  }
  try {
    return await readJsonObject(source, LARGEST_CONFIG)
  } finally {
    await source.close()
  }
}

async function locateTensors(files: FileSet, opened: ByteSource[]): Promise<Map<string, Located>> {
  if (files.main === undefined) {
    const index = await files.open(INDEX)
    if (index) {
      opened.push(index)
      return locateInShards(files, await readJsonObject(index, LARGEST_INDEX), index.name, opened)
    }
  }
  const file = files.main ?? (await onlyFile(files))
  const source = await files.open(file)
  if (!source) throw new UserError(`${files.name}/${file}: no such file.`, 'file_not_found')
  opened.push(source)
  const entries = await readSafetensorsHeader(source)
  return new Map([...entries].map(([name, entry]) => [name, { entry, source }]))
}

async function onlyFile(files: FileSet): Promise<string> {
  const found = (await files.list()).filter((file) => file.endsWith('.safetensors')).sort()
  if (found.includes('model.safetensors')) return 'model.safetensors'
  const [first] = found
  if (first !== undefined && found.length === 1) return first
  const what = found.length === 0 ? 'none' : `${found.length} (${found.slice(0, 3).join(', ')}...) and no ${INDEX}`
  throw new UserError(
    `${files.name}: expected model.safetensors, or shards with ${INDEX}, or one .safetensors file, found ${what}. ` +
      'Download the whole model folder.',
    'file_not_found',
  )
}

async function locateInShards(
  files: FileSet,
  index: JsonObject,
  indexName: string,
  opened: ByteSource[],
): Promise<Map<string, Located>> {
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
  const tensors = new Map<string, Located>()
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
  readonly kind = 'safetensors'
  readonly name: string
  private readonly layouts: QuantizedLayouts

  constructor(
    private readonly files: FileSet,
    readonly config: JsonObject,
    tensors: ReadonlyMap<string, Located>,
    private readonly opened: readonly ByteSource[],
  ) {
    this.name = files.main === undefined ? files.name : `${files.name}/${files.main}`
    this.layouts = new QuantizedLayouts(this.name, config, tensors)
  }

  names(): Iterable<string> {
    return this.layouts.names()
  }

  has(name: string): boolean {
    return this.layouts.has(name)
  }

  tensor(name: string, shape: readonly number[], part?: TensorPart): StoredTensor {
    return this.layouts.tensor(name, shape, part)
  }

  file(name: string): Promise<ByteSource | undefined> {
    return this.files.open(name)
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((source) => source.close()))
  }
}
