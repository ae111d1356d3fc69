import { words } from '../text/words.js'
import { say } from './ui.js'

/** Copies a text; on pages that came by http, where browsers have no clipboard, through a selected field. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelected(text)
  }
}

/** Copies, and says whether it could. */
export async function copied(text: string): Promise<void> {
  const { copied: yes, notCopied } = words.value
  say((await copyText(text)) ? yes : notCopied)
}

function copySelected(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'offscreen'
  document.body.append(field)
  field.select()
  // Deprecated, and the only way where there is no clipboard.
  const copied = (document as { execCommand(name: string): boolean }).execCommand('copy')
  field.remove()
  return copied
}
