import { UserError } from '../../errors.js'
import type { ArchiveEntry } from './archive.js'

/** A GGUF file of a package or of several: one entry, or numbered parts in their order. */
export interface PackagedFile {
  readonly path: string
  readonly size: number
  readonly parts: readonly ArchiveEntry[]
}

/** `model.gguf.part00`, `data/part01.bin`, `model-part-3.gguf`: what comes before the number, the number, what comes after. */
const PART = /^(.*?)[._-]?part[._-]?(\d{1,4})(?:of\d+)?(\.\w+)?$/i

/**
 * The GGUF files in packages. Parts are joined when their numbers run from 0 or 1 without a gap.
 * @param named what the file is called where its parts do not say it
 * @throws UserError invalid_file where there is none, or a part is missing
 */
export function modelFilesOf(entries: readonly ArchiveEntry[], name: string, named?: string): PackagedFile[] {
  const whole: PackagedFile[] = []
  const groups = new Map<string, { number: number; entry: ArchiveEntry }[]>()
  for (const entry of entries) {
    const base = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    const [, before = '', digits, after = ''] = PART.exec(base) ?? []
    if (digits !== undefined && (/\.gguf$/i.test(before) || /^\.(?:gguf|bin)$/i.test(after))) {
      const key = /\.gguf$/i.test(before) ? before : before === '' ? '' : `${before}.gguf`
      groups.set(key, [...(groups.get(key) ?? []), { number: Number(digits), entry }])
    } else if (/\.gguf$/i.test(base)) whole.push({ path: base, size: entry.size, parts: [entry] })
  }
  for (const [key, parts] of groups)
    whole.push(joined(key === '' ? (named ?? `${safe(name.replace(/^[a-z]+:/, ''))}.gguf`) : key, parts, name))
  const [only] = whole
  if (!only) {
    const found = entries.slice(0, 3).map(({ path }) => path)
    const has = found.length === 0 ? 'nothing' : `${found.join(', ')}${entries.length > 3 ? ', ...' : ''}`
    throw new UserError(
      `${name}: expected a .gguf file, or its numbered parts, in the package; found ${has}`,
      'invalid_file',
    )
  }
  const twice = whole.find(({ path }, i) => whole.findIndex((other) => other.path === path) !== i)
  if (twice) throw new UserError(`${name}: two files of the package are called ${twice.path}`, 'invalid_file')
  return whole.length === 1 && named !== undefined ? [{ ...only, path: named }] : whole
}

function joined(path: string, parts: { number: number; entry: ArchiveEntry }[], name: string): PackagedFile {
  const sorted = parts.sort((a, b) => a.number - b.number)
  const first = Math.min(1, sorted[0]!.number)
  const gap = sorted.findIndex(({ number }, i) => number !== first + i)
  if (gap >= 0)
    throw new UserError(
      `${name}: expected parts ${first}, ${first + 1}, ... of ${path}, found ${sorted[gap]!.number} where ${first + gap} should be. ` +
        'Numbered packages are named together: NAME{1..4}.',
      'invalid_file',
    )
  return { path, size: sorted.reduce((sum, { entry }) => sum + entry.size, 0), parts: sorted.map(({ entry }) => entry) }
}

function safe(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|-+$/g, '')
}
