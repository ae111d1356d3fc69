/** Whether the files that are there are a whole model. Pure. */
import { chooseFiles, ggufSets, partCount, type SizedFile } from '../choose.js'

/** Files that belong together in one commit of a repository: one quantisation, or the safetensors with what is read with them. */
export interface FileGroup {
  /** Of a GGUF. */
  readonly tag?: string | undefined
  readonly files: readonly SizedFile[]
}

/** The models that a listing holds. */
export function groupsOf(files: readonly SizedFile[]): FileGroup[] {
  const quantised = ggufSets(files).map(({ label, files: parts }) => ({ tag: label, files: parts }))
  const hasSafetensors = files.some(({ path }) => /^[^/]+\.safetensors$/.test(path) && !path.startsWith('adapter_'))
  if (!hasSafetensors || files.some(({ path }) => path === 'adapter_config.json')) return quantised
  return [{ files: chooseFiles('', files) }, ...quantised]
}

/** What a model cannot be read right without; a licence, for instance, may be missing. */
export function isEssential({ path }: SizedFile, group: FileGroup): boolean {
  if (/\.(safetensors|gguf)$/i.test(path) || /\.safetensors\.index\.json$/.test(path)) return true
  if (/^(config|params|tokenizer_config|tekken|chat_template)\.json$|\.jinja$/.test(path)) return true
  const hasTokenizer = group.files.some(({ path: other }) => other === 'tokenizer.json')
  return hasTokenizer ? path === 'tokenizer.json' : /^(tokenizer|merges|vocab)|\.model$/.test(path)
}

/** Of a commit whose listing nobody has kept: by the numbers in the names of its files and by its index. */
export function isWhole(
  group: FileGroup,
  present: readonly SizedFile[],
  shards: readonly string[] | undefined,
): boolean {
  const paths = new Set(present.map(({ path }) => path))
  const [first] = group.files
  if (!first) return false
  if (group.tag !== undefined) return group.files.length === partCount(first.path)
  const numbered = /-\d+-of-(\d+)\.safetensors$/.exec(first.path)
  const weights = group.files.filter(({ path }) => path.endsWith('.safetensors')).length
  const hasAll = shards ? shards.every((path) => paths.has(path)) : numbered === null || weights === Number(numbered[1])
  const isWholeFile = paths.has('model.safetensors')
  return (isWholeFile || hasAll) && (paths.has('config.json') || paths.has('params.json'))
}

/** Whether the tag that somebody names means a stored model with the tag `own`, whose file is at `path`. */
export function matchingTag(own: string | undefined, tag: string, path: string): boolean {
  return own?.toLowerCase() === tag.toLowerCase() || path.replaceAll('\\', '/').endsWith(`/${tag}`)
}
