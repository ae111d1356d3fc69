import { percentDecoded } from '../../percent.js'
import { UserError } from '../../errors.js'
import type { ModelReference } from '../reference-types.js'

/** One half of `ORG/NAME`, as the hubs allow it. */
const WORD = '[A-Za-z0-9_][\\w.-]{0,95}'
const ORG_NAME = new RegExp(`^${WORD}/${WORD}$`)
/** A folder, a file, or an address of one: what no hub is asked for. */
const PATH = /^(?:[.~]?[\\/]|\.{1,2}$|[A-Za-z]:[\\/])|\\/
const FILE = /\.(?:gguf|safetensors|json)$/i
/** Weights of other programs: no prompt ends so, and no hub is asked. */
const OTHER_FILE =
  /^[^\s:]+\.(?:bin|pth?|ckpt|onnx|h5|npz|msgpack|tflite|mlmodel|pdiparams|nemo|ggml|zip|tar|gz|tgz|zst|7z)$/i
const HUB_HOSTS = /^(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)$/
const MODELSCOPE_HOSTS = /^(?:www\.)?modelscope\.(?:cn|ai)$/
const NUMBERS = '(?:\\{\\d{1,3}\\.\\.\\d{1,3}\\}[\\w.-]*)?'
const PYPI_NAME = `[A-Za-z0-9][\\w.-]*${NUMBERS}`
const NPM_NAME = `(?:@[\\w.-]+/)?[a-z0-9][\\w.-]*${NUMBERS}`
/** `hf://ORG/NAME`, `ms:ORG/NAME`, ... */
const HUBS: Readonly<Record<string, 'hugging-face' | 'modelscope' | 'ollama'>> = {
  hf: 'hugging-face',
  huggingface: 'hugging-face',
  modelscope: 'modelscope',
  ms: 'modelscope',
  ollama: 'ollama',
}

/** Whether a text is a place on the disk by its form, whatever is there. */
export function isPath(text: string): boolean {
  return (
    PATH.test(text) ||
    OTHER_FILE.test(text) ||
    (FILE.test(text) && !/^[a-z-]+:/i.test(text) && !/^[^/]+\/[^/]+:/.test(text))
  )
}

/**
 * What a text names: `ORG/NAME`, with a file or a quantisation after a colon and a revision after an @;
 * `hf://`, `modelscope://`, `https://`, `pypi:NAME==VERSION`, `npm:NAME@VERSION`. Undefined for anything else: a place on the disk,
 * a name of the catalogue, a prompt.
 * @param mirrors addresses that have what the hub has under the same paths
 * @throws UserError invalid_argument for one of these that is written wrongly
 * @example
 * import { parseReference } from 'kaiyuan/store'
 *
 * console.log(parseReference('Qwen/Qwen3-0.6B-GGUF:Q8_0@main'))
 * // { source: 'hugging-face', id: 'Qwen/Qwen3-0.6B-GGUF', tag: 'Q8_0', revision: 'main' }
 */
export function parseReference(text: string, mirrors: readonly string[] = []): ModelReference | undefined {
  if (text === '' || /\s/.test(text) || isPath(text)) return undefined
  const mirror = mirrors.find((endpoint) => text.startsWith(`${endpoint}/`))
  if (mirror !== undefined) return ofHubPage(text, text.slice(mirror.length)) ?? ofAddress(text)
  if (/^https?:\/\//i.test(text)) return ofAddress(text)
  const [, scheme, rest = ''] = /^([a-z-]+):(?:\/\/)?(.*)$/i.exec(text) ?? []
  const known = scheme?.toLowerCase()
  if (known === 'pypi' || known === 'npm') return ofPackage(known, rest, text)
  const hub = known === undefined ? undefined : HUBS[known]
  if (hub !== undefined)
    return ofHub(hub, rest) ?? wrong(text, `${known}:${hub === 'ollama' ? 'NAME:TAG' : 'ORG/NAME'}`)
  const bare = /^(?:https?:\/\/)?((?:www\.)?(?:huggingface\.co|hf\.co|modelscope\.cn))\/(.+)$/i.exec(text)
  if (bare) return ofAddress(`https://${text}`)
  return ofHub('hugging-face', text)
}

/** `ORG/NAME[:TAG][@REVISION]`, in either order, or with a file after a further slash. */
function ofHub(source: 'hugging-face' | 'modelscope' | 'ollama', text: string): ModelReference | undefined {
  const [, id = '', first, ...more] = /^([^:@]+)([:@][^:@]+)?([:@][^:@]+)?$/.exec(text) ?? []
  const marked = [first, ...more].filter((part) => part !== undefined)
  const [tag, ...tags] = marked.filter((part) => part.startsWith(':')).map((part) => part.slice(1))
  const [revision, ...revisions] = marked.filter((part) => part.startsWith('@')).map((part) => part.slice(1))
  if (tags.length > 0 || revisions.length > 0 || id === '') return undefined
  if (source === 'ollama' && /^[\w.-]+(?:\/[\w.-]+)?$/.test(id)) return made(source, id, tag, revision)
  const [org = '', name = '', ...path] = id.split('/')
  if (!ORG_NAME.test(`${org}/${name}`)) return undefined
  if (path.length === 0) return made(source, id, tag, revision)
  // Three parts are a place on the disk unless they end as a model's file does.
  return tag === undefined && FILE.test(id) ? made(source, `${org}/${name}`, path.join('/'), revision) : undefined
}

function made(
  source: ModelReference['source'],
  id: string,
  tag: string | undefined,
  revision: string | undefined,
): ModelReference {
  return { source, id, ...(tag !== undefined && { tag }), ...(revision !== undefined && { revision }) }
}

/** A page or a file of a mirror; undefined for what is neither. */
function ofHubPage(text: string, path: string): ModelReference | undefined {
  const [org = '', name = '', kind] = path
    .replace(/[?#].*$/, '')
    .split('/')
    .filter(Boolean)
  const isPage = ORG_NAME.test(`${org}/${name}`) && (kind === undefined || /^(?:tree|blob|resolve)$/.test(kind))
  return isPage && !FILE.test(name) ? ofAddress(`https://huggingface.co${path}`) : undefined
}

/** A page or a file of a hub is the model there; other addresses are folders and files of their own. */
function ofAddress(text: string): ModelReference {
  if (!URL.canParse(text)) return wrong(text, 'https://example.org/model/')
  const url = new URL(text)
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(percentDecoded)
  const isHub = HUB_HOSTS.test(url.hostname)
  if (!isHub && !MODELSCOPE_HOSTS.test(url.hostname)) return { source: 'http', id: text }
  const [org = '', name = '', kind, revision, ...path] = !isHub && parts[0] === 'models' ? parts.slice(1) : parts
  const id = `${org}/${name}`
  if (!ORG_NAME.test(id)) return wrong(text, `https://${url.hostname}/${isHub ? '' : 'models/'}ORG/NAME`)
  const source = isHub ? 'hugging-face' : 'modelscope'
  if (kind === undefined || !/^(?:tree|blob|resolve|file|files)$/.test(kind))
    return made(source, id, undefined, undefined)
  // Branches of pull requests have slashes: refs/pr/1.
  const [branch, file] =
    revision === 'refs' ? [[revision, ...path.slice(0, 2)].join('/'), path.slice(2)] : [revision, path]
  return made(source, id, file.length > 0 ? file.join('/') : undefined, branch)
}

/** `NAME==VERSION` or `NAME@VERSION`, with a file after a colon in either order; numbered packages as `NAME{1..22}`. */
function ofPackage(source: 'pypi' | 'npm', rest: string, text: string): ModelReference {
  const name = source === 'pypi' ? PYPI_NAME : NPM_NAME
  const version = source === 'pypi' ? '==([\\w.+!-]+)' : '@([\\w.+-]+)'
  const file = ':([\\w./-]+)'
  const [, id, first, tag, tagFirst, second] =
    new RegExp(`^(${name})(?:(?:${version})?(?:${file})?|${file}${version})$`).exec(rest) ?? []
  if (id !== undefined) return made(source, id, tag ?? tagFirst, first ?? second)
  return wrong(text, source === 'pypi' ? 'pypi:NAME==VERSION' : 'npm:NAME@VERSION')
}

function wrong(text: string, form: string): never {
  throw new UserError(`${text}: expected a model's name such as ${form}`, 'invalid_argument')
}
