/** Which files of a repository a model needs. Pure: names and sizes in, names out. */
import { otherWeights } from '../checkpoint/files/look-alikes.js'
import { UserError } from '../errors.js'
import { inBytes } from './wording.js'

/** What is known of a file here. */
export interface SizedFile {
  readonly path: string
  readonly size: number
}

/** A GGUF model: one file, or the parts of a split one in order. */
export interface GgufSet<F extends SizedFile = SizedFile> {
  /** `Q4_K_M`, as the name of the file says it; without one, the name. */
  readonly label: string
  readonly files: readonly F[]
  readonly bytes: number
}

/** A part's name in GGUF: NAME-00001-of-00003.gguf. */
const PART = /-(\d{5})-of-(\d{5})\.gguf$/i
/** Companions of a model that are none: images, measurements of a quantiser, drafts. */
const NO_MODEL = /(^|\/)(mmproj|imatrix|mtp-)|[-_.](mmproj|imatrix)[^/]*$/i
const QUANTISATION =
  /(?:^|[-_.])((?:UD-)?(?:I?Q\d(?:_\d)?(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP\d(?:_MOE)?|NVFP\d|BF16|F16|FP16|F32|FP32))$/i
/** Tried in this order where no tag is given; then the first by name. */
export const PREFERRED_TAGS: readonly string[] = ['Q4_K_M', 'Q8_0']

/** Small files that a model in safetensors is read with, and its licence. */
const COMPANION = /^(?:[^/]+\.json|tokenizer[^/]*|[^/]+\.model|[^/]+\.jinja|merges\.txt|vocab[^/]*|licen[cs]e[^/]*)$/i
const INDEX = /\.index\.json$/
/** Weights that end like a companion, or another form of the same. */
const NO_COMPANION = /\.(?:safetensors|bin|pth?|onnx|h5|msgpack|gguf|ckpt)$/i

/** The GGUF models of a repository, by name. */
export function ggufSets<F extends SizedFile>(files: readonly F[]): GgufSet<F>[] {
  const sets = new Map<string, F[]>()
  for (const file of files) {
    if (!/\.gguf$/i.test(file.path) || NO_MODEL.test(file.path)) continue
    const [, , total] = PART.exec(file.path) ?? []
    const key = file.path.replace(PART, `-of-${total ?? ''}`)
    sets.set(key, [...(sets.get(key) ?? []), file])
  }
  return [...sets.values()]
    .map((set) => set.sort((a, b) => (a.path < b.path ? -1 : 1)))
    .map((set) => ({ label: labelOf(set[0]!.path), files: set, bytes: bytesOf(set) }))
    .sort((a, b) => (a.files[0]!.path < b.files[0]!.path ? -1 : 1))
}

/** How a split GGUF says how many parts it has; 1 for a whole one. */
export function partCount(path: string): number {
  return Number(PART.exec(path)?.[2] ?? 1)
}

function stemOf(path: string): string {
  return path.replace(PART, '').replace(/\.gguf$/i, '')
}

function labelOf(path: string): string {
  const name = stemOf(path).replace(/^.*\//, '')
  return QUANTISATION.exec(name)?.[1] ?? name
}

export function bytesOf(files: readonly SizedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}

/** Those that a tag means: the name of a file, or the name of a quantisation in any case. The first is the best. */
export function matchingSets<F extends SizedFile>(sets: readonly GgufSet<F>[], tag: string): GgufSet<F>[] {
  const named = sets.filter(({ files }) => files.some(({ path }) => path === tag || path.endsWith(`/${tag}`)))
  if (named.length > 0) return named
  const wanted = tag.toLowerCase()
  const labelled = sets.filter(({ label }) => label.toLowerCase() === wanted)
  if (labelled.length > 0) return labelled
  const word = new RegExp(`(?:^|[^a-z0-9])${wanted.replace(/[^a-z0-9_]/g, '\\$&')}(?:[.-]|$)`)
  return sets.filter(({ files }) => word.test(stemOf(files[0]!.path).toLowerCase()))
}

/**
 * The files of a model: a GGUF with all of its parts where the tag names one or the repository holds nothing else;
 * otherwise the weights in safetensors that the reader opens, and what is read with them.
 * @param name of the repository, for messages
 * @throws UserError with what there is
 */
export function chooseFiles<F extends SizedFile>(name: string, files: readonly F[], tag?: string): F[] {
  const sets = ggufSets(files)
  if (tag !== undefined) {
    const [found] = matchingSets(sets, tag)
    if (found) return withLicence(found, files)
    if (files.some(({ path }) => path === tag && path.endsWith('.safetensors'))) return safetensorsFiles(name, files)
    throw noSuchTag(name, tag, sets)
  }
  if (files.some(({ path }) => isRootWeights(path))) return safetensorsFiles(name, files)
  const preferred = PREFERRED_TAGS.map((wanted) => matchingSets(sets, wanted)[0]).find(Boolean) ?? sets[0]
  if (preferred) return withLicence(preferred, files)
  throw nothingToRun(name, files)
}

function isRootWeights(path: string): boolean {
  return /^[^/]+\.safetensors$/.test(path) && !/^adapter_/.test(path)
}

function withLicence<F extends SizedFile>(set: GgufSet<F>, files: readonly F[]): F[] {
  return [...set.files, ...files.filter(({ path }) => /^licen[cs]e[^/]*$/i.test(path) && !NO_COMPANION.test(path))]
}

function safetensorsFiles<F extends SizedFile>(name: string, files: readonly F[]): F[] {
  if (files.some(({ path }) => path === 'adapter_config.json')) throw adapter(name)
  const weights = files.filter(({ path }) => isRootWeights(path))
  const chosen = chosenWeights(weights)
  const indices = new Set(chosen.map(({ path }) => path.replace(/(?:-\d+-of-\d+)?\.safetensors$/, '')))
  const isOwnIndex = (path: string): boolean => indices.has(path.replace(/\.safetensors\.index\.json$/, ''))
  const companions = files.filter(
    ({ path }) => COMPANION.test(path) && !NO_COMPANION.test(path) && (!INDEX.test(path) || isOwnIndex(path)),
  )
  return [...chosen, ...companions]
}

/** Hugging Face's layout before Mistral's, which some repositories have as well; and the reader's whole file before shards. */
function chosenWeights<F extends SizedFile>(weights: readonly F[]): F[] {
  const whole = weights.find(({ path }) => path === 'model.safetensors')
  if (whole) return [whole]
  const shards = weights.filter(({ path }) => /^model-.*\.safetensors$/.test(path))
  const numbered = shards.filter(({ path }) => /^model-\d+-of-\d+\.safetensors$/.test(path))
  if (numbered.length > 0) return numbered
  if (shards.length > 0) return shards
  const others = weights.filter(({ path }) => !path.startsWith('consolidated'))
  return others.length > 0 ? others : [...weights]
}

function noSuchTag(name: string, tag: string, sets: readonly GgufSet[]): UserError {
  if (sets.length === 0)
    return new UserError(
      `${name}: expected a GGUF file for the tag ${tag}, found none in the repository. Leave the tag out to take the safetensors, or name a repository with GGUF files.`,
      'model_not_found',
    )
  const there = sets.map(({ label, bytes }) => `${label} (${inBytes(bytes)})`).join(', ')
  return new UserError(`${name}: there is no file for the tag ${tag}. There are: ${there}.`, 'model_not_found')
}

function adapter(name: string): UserError {
  return new UserError(
    `${name}: the repository holds an adapter (adapter_config.json, LoRA or the like), which cannot be applied. ` +
      'Merge it into its base model (merge_and_unload of peft), or name the base model.',
    'unsupported_format',
  )
}

function nothingToRun(name: string, files: readonly SizedFile[]): UserError {
  const paths = files.map(({ path }) => path)
  if (paths.includes('adapter_config.json')) return adapter(name)
  const found = otherWeights(paths) ?? (paths.slice(0, 5).join(', ') || 'no files')
  return new UserError(
    `${name}: expected weights in .safetensors or .gguf, found ${found}. ` +
      'Look for a conversion of the same model, such as one with GGUF in its name.',
    'unsupported_format',
  )
}
