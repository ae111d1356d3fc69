/** What closed blocks get when there is time: highlighted code and set formulas, whose libraries are loaded on first use. */

/** Larger blocks stay plain. */
const LONGEST_CODE = 100_000
const MOST_LINES = 2000

const queue: (() => Promise<void>)[] = []
let running = false

/** Queues the code and the formulas of a block that will not change. */
export function finish(node: ChildNode): void {
  if (!(node instanceof Element)) return
  for (const code of within(node, 'code[data-language]')) queue.push(() => highlightCode(code))
  for (const source of within(node, 'code.math')) queue.push(() => setFormula(source))
  if (!running && queue.length > 0) void work()
}

function within(node: Element, selector: string): HTMLElement[] {
  const found = [...node.querySelectorAll<HTMLElement>(selector)]
  return node instanceof HTMLElement && node.matches(selector) ? [node, ...found] : found
}

async function work(): Promise<void> {
  running = true
  for (let next = queue.shift(); next; next = queue.shift()) {
    await idle()
    // A block that cannot be finished stays as it is.
    await next().catch(() => undefined)
  }
  running = false
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: 500 })
    else setTimeout(resolve, 50)
  })
}

async function highlightCode(code: HTMLElement): Promise<void> {
  const text = code.textContent
  const language = code.dataset['language']
  if (!code.isConnected || language === undefined || text.length > LONGEST_CODE) return
  if (text.split('\n', MOST_LINES + 1).length > MOST_LINES) return
  const { highlighted } = await import('./highlight.js')
  const nodes = highlighted(text, language)
  if (nodes && code.textContent === text) code.replaceChildren(...nodes)
}

async function setFormula(source: HTMLElement): Promise<void> {
  if (!source.isConnected || source.dataset['set'] !== undefined) return
  const { render } = await import('./katex.js')
  render(source)
}
