/** Which files there are at an address, where somebody says so: what is not there need not be asked for. */
import { percentDecoded } from '../../percent.js'

/** A page of links to files is not longer. */
const LONGEST = 4 << 20
/** A list without any of these is not one of a model's files. */
const TELLING = /^(config|params)\.json$|\.(gguf|safetensors)$/
/** https://huggingface.co/docs/hub/api: what is read at /ORG/NAME/resolve/REVISION/ is listed by the hub. */
const HUB_FOLDER = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/$/
const HUBS = ['https://huggingface.co', 'https://hf-mirror.com']

/** The names of the files in the folder, or undefined where nobody lists them. */
export async function listFolder(folder: URL): Promise<ReadonlySet<string> | undefined> {
  try {
    const names = (await hubNames(folder)) ?? (await linkedNames(folder))
    return names.some((name) => TELLING.test(name)) ? new Set(names) : undefined
  } catch {
    // Then each file is asked for by its name.
    return undefined
  }
}

async function hubNames({ origin, pathname }: URL): Promise<string[] | undefined> {
  const [, id, revision] = HUB_FOLDER.exec(pathname) ?? []
  if (!HUBS.includes(origin) || id === undefined || revision === undefined) return undefined
  const response = await fetch(`${origin}/api/models/${id}/tree/${revision}?recursive=true`)
  const entries: unknown = response.ok ? await response.json() : undefined
  if (!Array.isArray(entries)) return undefined
  return entries.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'path' in entry && typeof entry.path === 'string'
      ? [entry.path]
      : [],
  )
}

/** As web servers list folders: a page of links, of which those into the folder count. */
async function linkedNames(folder: URL): Promise<string[]> {
  const response = await fetch(folder)
  const isPage = (response.headers.get('content-type') ?? '').startsWith('text/html')
  if (!response.ok || !isPage || Number(response.headers.get('content-length') ?? 0) > LONGEST) {
    await response.body?.cancel()
    return []
  }
  const page = (await response.text()).slice(0, LONGEST)
  return [...page.matchAll(/\bhref\s*=\s*["']([^"']+)["']/gi)].flatMap(([, link = '']) => {
    const { href } = URL.canParse(link, folder.href) ? new URL(link.replaceAll('&amp;', '&'), folder.href) : folder
    const path = href.split(/[?#]/, 1)[0]!
    return path.startsWith(folder.href) ? [percentDecoded(path.slice(folder.href.length))] : []
  })
}
