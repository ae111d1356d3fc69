import type { Attachment } from '../storage/types.js'
import { words } from '../text/words.js'

/** Why a file is not taken. */
export class NotAttached extends Error {
  override readonly name = 'NotAttached'
}

const LARGEST = 20_000_000

/**
 * The text of a file, by what is in it.
 * @throws NotAttached for what has none
 */
export async function attachmentOf(file: File): Promise<Attachment> {
  const w = words.value
  const refuse = (why: string): NotAttached => new NotAttached(w.fileRefused(file.name, why))
  if (file.size > LARGEST) throw refuse(w.tooLarge)
  const data = new Uint8Array(await file.arrayBuffer())
  const begin = String.fromCharCode(...data.subarray(0, 12))
  if (begin.startsWith('%PDF-')) return { name: file.name, text: await pdfText(data, refuse) }
  if (/^(\x89PNG|GIF8|\xff\xd8\xff|RIFF....WEBP|BM)/s.test(begin) || file.type.startsWith('image/'))
    throw refuse(w.noPictures)
  if (/^(ID3|OggS|fLaC|RIFF....WAVE)/s.test(begin) || /^(audio|video)\//.test(file.type)) throw refuse(w.noSound)
  const text = decoded(data)
  if (text === undefined) throw refuse(w.notText)
  return { name: file.name, text }
}

/** UTF-8, or UTF-16 with its mark; undefined for what is neither. */
function decoded(data: Uint8Array): string | undefined {
  const [first, second] = data
  const utf16 =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined
  try {
    const text = new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(data)
    return text.includes('\0') ? undefined : text.replace(/\r\n?/g, '\n')
  } catch {
    return undefined
  }
}

async function pdfText(data: Uint8Array, refuse: (why: string) => NotAttached): Promise<string> {
  const { textOfPdf } = await import('./pdf.js')
  const pages = await textOfPdf(data)
  const text = pages.join('\n\n').trim()
  if (text === '') throw refuse(words.value.noPdfText(pages.length))
  return text
}
