import { nodeFiles, nodePath } from '../platform.js'
import { hubHome, isHuggingFace, isSet } from '../settings.js'
import type { Environment } from '../store.js'

/** Whether an address is on this machine, where nobody listens in. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** A token is never sent where others can read it on the way. */
export function maySendToken(url: string): boolean {
  return new URL(url).protocol === 'https:' || isLoopback(url)
}

/**
 * The token for Hugging Face: that of `HF_TOKEN`, of the file in `HF_TOKEN_PATH`, or of the one that `hf auth login` writes.
 * A mirror gets none of these: its owner is somebody else.
 */
export async function hubToken(environment: Environment, endpoint: string): Promise<string | undefined> {
  if (isSet(environment['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined
  if (!isHuggingFace(endpoint) && !isLoopback(endpoint)) return undefined
  const own = environment['HF_TOKEN']?.trim() || environment['HUGGING_FACE_HUB_TOKEN']?.trim()
  if (own) return own
  const path = environment['HF_TOKEN_PATH'] || nodePath().join(hubHome(environment), 'token')
  const text = await nodeFiles()
    .readFile(path, 'utf8')
    .catch(() => '')
  return text.trim() || undefined
}

/** The header of a token; none without one, and none where it could be read on the way. */
export function authorization(token: string | undefined, url: string): Record<string, string> {
  return token !== undefined && maySendToken(url) ? { authorization: `Bearer ${token}` } : {}
}
