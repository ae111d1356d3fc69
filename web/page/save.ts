/** Offers a text as a file. */
export function saveText(name: string, text: string, type: 'application/json' | 'text/markdown'): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name.replace(/[^\p{L}\p{N} ._-]/gu, '').slice(0, 80) || 'conversation'
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
