/** What the environment says about hubs and the cache, by the names of Python's huggingface_hub. */
import { UserError } from '../errors.js'
import { nodeOs, nodePath } from './platform.js'
import type { Environment } from './store.js'

const HUB = 'https://huggingface.co'
const MODELSCOPE = 'https://modelscope.cn'

/** Python's word for yes, in its environment variables. */
export function isSet(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}

/** Models are kept here: `KAIYUAN_CACHE`, or where Python's tools keep them. */
export function cacheFolder(environment: Environment): string {
  const own = environment['KAIYUAN_CACHE'] || environment['HF_HUB_CACHE'] || environment['HUGGINGFACE_HUB_CACHE']
  return own ? expanded(own) : nodePath().join(hubHome(environment), 'hub')
}

/** `HF_HOME`, with the token and the cache. */
export function hubHome(environment: Environment): string {
  const home = environment['HF_HOME']
  if (home) return expanded(home)
  const cache = environment['XDG_CACHE_HOME']
  return nodePath().join(cache ? expanded(cache) : nodePath().join(nodeOs().homedir(), '.cache'), 'huggingface')
}

function expanded(path: string): string {
  return nodePath().resolve(path.replace(/^~(?=$|[\\/])/, nodeOs().homedir()))
}

/** The hub or its mirror, and more mirrors (`KAIYUAN_MIRRORS`, between commas) for when it cannot be reached. */
export function hubEndpoints(environment: Environment): string[] {
  const first = environment['HF_ENDPOINT'] || HUB
  const others = (environment['KAIYUAN_MIRRORS'] ?? '').split(',').map((address) => address.trim())
  const addresses = [first, ...others.filter(Boolean)].map((address) => address.replace(/\/+$/, ''))
  for (const address of addresses) if (!/^https?:/.test(address) || !URL.canParse(address)) throw noAddress(address)
  return [...new Set(addresses)]
}

function noAddress(found: string): UserError {
  return new UserError(
    `${found}: expected the address of a hub, such as https://hf-mirror.com. Check HF_ENDPOINT and KAIYUAN_MIRRORS.`,
    'invalid_argument',
  )
}

export function modelScopeEndpoint(environment: Environment): string {
  return (environment['MODELSCOPE_ENDPOINT'] || MODELSCOPE).replace(/\/+$/, '')
}

/** Whether no server may be asked. */
export function isOffline(environment: Environment): boolean {
  return isSet(environment['HF_HUB_OFFLINE']) || isSet(environment['TRANSFORMERS_OFFLINE'])
}

/** Whether an address is that of Hugging Face itself: a token of the environment is for no other host. */
export function isHuggingFace(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint)
  return protocol === 'https:' && (hostname === 'huggingface.co' || hostname.endsWith('.huggingface.co'))
}
