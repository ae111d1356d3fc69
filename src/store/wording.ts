import type { ModelReference } from './reference-types.js'

/**
 * `4.7 GB`, in powers of 1000 as hubs and disks count.
 * @example
 * console.log(inBytes(4_700_000_000)) // 4.70 GB
 */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000
  return `${unit === 0 ? value : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)} ${units[unit]!}`
}

/**
 * As people write it, with the source where it is not the usual one.
 * @example
 * console.log(nameOf({ source: 'hugging-face', id: 'Qwen/Qwen3-0.6B' })) // Qwen/Qwen3-0.6B
 */
export function nameOf({ source, id, tag, revision }: ModelReference): string {
  const prefix = {
    'hugging-face': '',
    modelscope: 'modelscope://',
    http: '',
    pypi: 'pypi:',
    npm: 'npm:',
    ollama: 'ollama:',
  }
  const version = source === 'pypi' ? '==' : '@'
  const isDefault = revision === undefined || (source === 'hugging-face' && revision === 'main')
  return `${prefix[source]}${id}${tag === undefined ? '' : `:${tag}`}${isDefault ? '' : `${version}${revision}`}`
}
