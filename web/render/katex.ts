import katex from 'katex'
import 'katex/dist/katex.min.css'

/** Sets a formula in the place of its source. Nothing in it can link, load or run: `trust` is off. */
export function render(source: HTMLElement): void {
  const host = document.createElement('span')
  const displayMode = source.classList.contains('display')
  host.className = displayMode ? 'formula display' : 'formula'
  host.dir = 'ltr'
  host.dataset['source'] = source.textContent
  katex.render(source.textContent, host, {
    displayMode,
    throwOnError: true,
    trust: false,
    maxSize: 20,
    maxExpand: 1000,
  })
  source.replaceWith(host)
}
