import { MarkdownStream } from '../../web/render/stream.js'

const LABELS = { copy: 'Copy', wrap: 'Wrap', code: 'Code', table: 'Table' }

/** What a text becomes, as text that can be compared; never made from HTML. */
function shownOf(render: (stream: MarkdownStream) => void): string {
  const host = document.createElement('div')
  render(new MarkdownStream(host, LABELS))
  host.normalize()
  return host.innerHTML
}

Object.assign(globalThis, {
  whole: (text: string) => shownOf((stream) => stream.whole(text)),
  streamed: (pieces: readonly string[]) =>
    shownOf((stream) => {
      for (const piece of pieces) stream.append(piece)
      stream.end()
    }),
  /** What is seen of a text while more of it may come. */
  during(text: string): string {
    const host = document.createElement('div')
    new MarkdownStream(host, LABELS).append(text)
    return host.textContent
  },
  /** Shows a text in the page, and says how long the longest piece took. */
  show(pieces: readonly string[]) {
    const host = document.createElement('div')
    document.body.append(host)
    const stream = new MarkdownStream(host, LABELS)
    let longest = 0
    for (const piece of pieces) {
      const begun = performance.now()
      stream.append(piece)
      longest = Math.max(longest, performance.now() - begun)
    }
    stream.end()
    return {
      longest,
      text: host.textContent,
      tags: [...new Set([...host.querySelectorAll('*')].map((e) => e.localName))],
    }
  },
})
