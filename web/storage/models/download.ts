/** Where the page keeps models, and where it says from where one comes that is not whole yet. */
export const FOLDER = 'models'
export const SOURCE = '.source'

/** From where a file comes, and what is known of it. */
export interface Source {
  readonly address: string
  readonly file: string
  readonly total: number
  /** Tells whether the file is still the same. */
  readonly tag?: string | undefined
}

/** What a page tells the worker that downloads. */
export type DownloadOrder = { readonly name: string; readonly file: string; readonly address: string } | 'pause'

/** What the worker tells the page. */
export type DownloadNews =
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'done' | 'paused' }
  | { readonly kind: 'failed'; readonly message: string }

/** The folder and the file of a model at an address. @throws Error for an address that is none of a .gguf */
export function namesOf(address: string): { readonly name: string; readonly file: string; readonly address: string } {
  const { href, pathname, protocol } = new URL(address)
  const file = decodeURIComponent(pathname.split('/').at(-1) ?? '').replace(/[^\p{L}\p{N} ._-]/gu, '')
  if (!/^https?:$/.test(protocol) || !/\.gguf$/i.test(file))
    throw new Error(`${address}: expected https://… of a .gguf file`)
  return { name: file.replace(/\.gguf$/i, '').replace(/^\.+/, '') || 'model', file, address: href }
}

/** Until somebody listens to how far a download is. */
export function nobody(_loaded: number, _total: number): void {
  // Nobody does.
}

/** A download. */
export interface Pull {
  readonly name: string
  /** Bytes so far and all of them; 0 where that is not known. */
  onProgress: (loaded: number, total: number) => void
  /** True: it is whole; false: it was paused. Rejects with what went wrong. */
  readonly ended: Promise<boolean>
  pause(): void
}
