// Agents and saved sessions in a page, whose model is in a worker.
import { documentPage, work } from '../../examples/agent-page.js'
import { connectEngine, loadEngine, portLine } from '../../src/worker-web.js'

const QUESTION = [{ role: 'user', content: `Is this a palindrome: ${'racecar '.repeat(20)}` }] as const
const GREEDY = { temperature: 0, maxTokens: 24 }

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('no reason'))
  })
}

async function records(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open('sessions', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore('saved')
  return (await settled(opening)).transaction('saved', mode).objectStore('saved')
}

export const agentCases = {
  /** The example, on this page: its tools run here. */
  async agentOnPage() {
    const worker = new Worker(new URL('./agent-worker.ts', import.meta.url), { type: 'module' })
    const engine = await connectEngine(portLine(worker))
    const heading = document.createElement('h1')
    heading.textContent = 'Hello'
    document.body.append(heading)
    const text = await work(engine, documentPage(document), 'Greet more politely')
    await engine.close()
    worker.terminate()
    if (text !== 'Done.' || heading.textContent !== 'Good day') throw new Error(`${text} ${heading.textContent}`)
    return heading.textContent
  },
  /** Of a real model in a worker, into IndexedDB. */
  async sessionSave(model: string) {
    const engine = await loadEngine(model, { precision: 'exact' })
    const session = engine.session()
    const { text } = await session.chat(QUESTION, GREEDY).result
    const saved = await session.save()
    await settled((await records('readwrite')).put({ saved, text }, 'first'))
    await engine.close()
    return `${saved.length} bytes`
  },
  /** In another page later. */
  async sessionRestore(model: string) {
    const request = (await records('readonly')).get('first') as IDBRequest<{ saved: Uint8Array; text: string }>
    const { saved, text } = await settled(request)
    const engine = await loadEngine(model, { precision: 'exact' })
    const { session, messages, cachedTokens, dropped } = await engine.restore(saved)
    const again = await session.chat(QUESTION, GREEDY).result
    await engine.close()
    if (messages.at(-1)?.content !== text || again.text !== text) throw new Error(`found ${again.text}, saved ${text}`)
    if (cachedTokens === 0 || again.cachedTokens === 0) throw new Error(`the cache is dropped: ${dropped}`)
    return `${again.cachedTokens} of ${again.promptTokens} tokens in the cache`
  },
}
