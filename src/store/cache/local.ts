/** Models that other programs keep on this machine: they are read where they are, and never written. */
import { isJsonObject } from '../../json.js'
import { bytesOf, ggufSets } from '../choose.js'
import { nodeFiles, nodeOs, nodePath } from '../platform.js'
import type { ModelReference } from '../reference-types.js'
import type { Environment, StoredModel } from '../store.js'
import { matchingTag } from './completeness.js'
import { namesIn } from './snapshots.js'

/** The layer of a manifest of Ollama that is a GGUF file. */
const OLLAMA_MODEL = 'application/vnd.ollama.image.model'
/** Ollama runs as a user of its own where Linux starts it. */
const OLLAMA_SERVICE = '/usr/share/ollama/.ollama/models'

/** Those of Ollama, LM Studio and llama.cpp. */
export async function localModels(environment: Environment): Promise<StoredModel[]> {
  const home = nodeOs().homedir()
  const join = (...parts: string[]): string => nodePath().join(...parts)
  const ollama = environment['OLLAMA_MODELS']
    ? [environment['OLLAMA_MODELS']]
    : [join(home, '.ollama/models'), OLLAMA_SERVICE]
  const cache = environment['XDG_CACHE_HOME'] || join(home, '.cache')
  const studio = environment['LMSTUDIO_HOME'] || join(home, '.lmstudio')
  const found = await Promise.all([
    ...ollama.map(ollamaModels),
    folderModels(join(studio, 'models'), 'lm-studio'),
    folderModels(environment['LLAMA_CACHE'] || join(cache, 'llama.cpp'), 'llama.cpp'),
  ])
  return found.flat()
}

/** A model of another program by the name that it has there; a GGUF of LM Studio also by its tag alone. */
export async function findLocal(environment: Environment, reference: ModelReference): Promise<StoredModel | undefined> {
  const tag = reference.tag ?? (reference.source === 'ollama' ? 'latest' : undefined)
  if (tag === undefined) return undefined
  const models = await localModels(environment)
  return models.find(
    (model) =>
      model.reference.source === reference.source &&
      model.reference.id.toLowerCase() === reference.id.toLowerCase() &&
      matchingTag(model.reference.tag, tag, model.open),
  )
}

/** manifests/REGISTRY/NAMESPACE/NAME/TAG names a blob by its sha256. */
async function ollamaModels(root: string): Promise<StoredModel[]> {
  const manifests = nodePath().join(root, 'manifests')
  const entries = await nodeFiles()
    .readdir(manifests, { recursive: true, withFileTypes: true })
    .catch(() => [])
  const models = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = nodePath().join(entry.parentPath, entry.name)
      const parts = nodePath().relative(manifests, path).split(nodePath().sep)
      return parts.length < 3 ? [] : ollamaModel(root, path, parts)
    })
  return (await Promise.all(models)).flat()
}

async function ollamaModel(root: string, manifest: string, parts: readonly string[]): Promise<StoredModel[]> {
  const digest = await modelDigest(manifest)
  if (digest === undefined) return []
  const folder = nodePath().join(root, 'blobs')
  const file = `sha256-${digest}`
  const open = nodePath().join(folder, file)
  const found = await nodeFiles()
    .stat(open)
    .catch(() => undefined)
  if (!found) return []
  const [tag = 'latest', name = '', namespace = 'library'] = [...parts].reverse()
  const id = namespace === 'library' ? name : `${namespace}/${name}`
  return [
    {
      reference: { source: 'ollama', id, tag },
      name: `ollama:${id}:${tag}`,
      commit: digest.slice(0, 40),
      folder,
      open,
      files: [file],
      bytes: found.size,
      complete: true,
      lastUsed: new Date(Math.max(found.atimeMs, found.mtimeMs)),
      origin: 'ollama',
    },
  ]
}

/** Undefined where the model is no single GGUF: newer ones are divided into tensors. */
async function modelDigest(manifest: string): Promise<string | undefined> {
  try {
    const content: unknown = JSON.parse(await nodeFiles().readFile(manifest, 'utf8'))
    const layers = isJsonObject(content) && Array.isArray(content['layers']) ? content['layers'] : []
    const models = layers.filter(isJsonObject).filter(({ mediaType }) => mediaType === OLLAMA_MODEL)
    const digest = models.length === 1 ? models[0]?.['digest'] : undefined
    const [, hex] = typeof digest === 'string' ? (/^sha256:([0-9a-f]{64})$/.exec(digest) ?? []) : []
    return hex
  } catch {
    return undefined
  }
}

/** GGUF files in folders: PUBLISHER/NAME/FILE.gguf of LM Studio, ORG_NAME_FILE.gguf of older versions of llama.cpp. */
async function folderModels(root: string, origin: 'lm-studio' | 'llama.cpp'): Promise<StoredModel[]> {
  // Another program's folder that this one may not read has nothing for it.
  if ((await namesIn(root).catch(() => [])).length === 0) return []
  const entries = await nodeFiles()
    .readdir(root, { recursive: true, withFileTypes: true })
    .catch(() => [])
  const files = entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.gguf'))
    .map(async (entry) => {
      const whole = nodePath().join(entry.parentPath, entry.name)
      const found = await nodeFiles()
        .stat(whole)
        .catch(() => undefined)
      const path = nodePath().relative(root, whole).replaceAll('\\', '/')
      return found?.isFile() ? [{ path, size: found.size, used: new Date(Math.max(found.atimeMs, found.mtimeMs)) }] : []
    })
  return ggufSets((await Promise.all(files)).flat()).map(({ label, files: parts }) => {
    const first = parts[0]!
    const folder = nodePath().dirname(nodePath().join(root, first.path))
    const id = nodePath()
      .posix.dirname(first.path)
      .replace(/^\.$/, first.path.replace(/\.gguf$/, ''))
    return {
      reference: { source: 'hugging-face', id, tag: label } as const,
      name: id.endsWith(label) ? id : `${id}:${label}`,
      commit: '',
      folder,
      open: nodePath().join(root, first.path),
      files: parts.map(({ path }) => nodePath().posix.basename(path)),
      bytes: bytesOf(parts),
      complete: true,
      lastUsed: first.used,
      origin,
    }
  })
}
