// The half of the suite that runs inside of the page, on the built package (run.mjs replaces src by dist).
import { UserError, compileGrammar, loadEngine, type LoadOptions, type ModelFiles } from '../../src/index.js'
import { loadEngine as loadInWorker, type SentLoadOptions } from '../../src/worker-web.js'
import { parseGolden } from '../golden/golden-file.js'
import { agentCases } from './agent-cases.js'
import { storeCases } from './store-cases.js'

const QUESTION = "How many r's are in strawberry?"

/** What a case hands back when it went as it should; anything else is thrown. */
type Case = (...inputs: never[]) => Promise<string>

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

async function fileOf(url: string, bytes?: Uint8Array<ArrayBuffer>): Promise<File> {
  return new File([bytes ?? (await fetchBytes(url))], url.slice(url.lastIndexOf('/') + 1))
}

async function miniFiles(): Promise<File[]> {
  const names = [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]
  return Promise.all(names.map((name) => fileOf(`/mini/${name}`)))
}

/** Logits within 1e-3 and the same greedy ids, with prompts as a whole and in chunks of 7. */
async function golden(model: string, folder: string, threads: number | null): Promise<string> {
  const expected = parseGolden(await fetchBytes(`${folder}/golden.safetensors`))
  let worst = 0
  for (const stepTokens of [7, 256]) {
    const engine = await loadEngine(model, { precision: 'exact', stepTokens, threads: threads ?? 1 })
    if (expected.ids && expected.logits) {
      const logits = await engine.logits(expected.ids)
      if (logits.length !== expected.logits.length) throw new Error(`${logits.length} logits`)
      worst = logits.reduce((w, l, i) => Math.max(w, isNaN(l) ? Infinity : Math.abs(l - expected.logits![i]!)), worst)
      if (worst >= 1e-3) throw new Error(`largest error ${worst} with chunks of ${stepTokens}`)
    }
    const options = { temperature: 0, ignoreEos: true, maxTokens: expected.greedy.length }
    const { ids } = await engine.generate(expected.prompt, options).result
    await engine.close()
    if (String(ids) !== String(expected.greedy)) throw new Error(`ids ${ids} instead of ${expected.greedy}`)
  }
  return `largest error ${worst.toExponential(1)}`
}

async function answer(model: ModelFiles, options: LoadOptions): Promise<string> {
  const engine = await loadEngine(model, options)
  let text = ''
  for await (const part of engine.chat([{ role: 'user', content: QUESTION }], { temperature: 0 }))
    if (part.kind === 'text') text += part.text
  await engine.close()
  if (!/\b(3|three)\b/i.test(text)) throw new Error(`expected an answer with 3, found ${JSON.stringify(text)}`)
  return text.trim()
}

/** All logits of a text, as bits. */
async function logitBits(options: LoadOptions): Promise<Uint32Array> {
  const engine = await loadEngine('/mini/', options)
  const logits = await engine.logits(engine.encode(QUESTION.repeat(4)))
  await engine.close()
  return new Uint32Array(logits.slice().buffer)
}

/** The message of the UserError that `work` must end with. */
async function userError(work: () => Promise<unknown>, code: string, message: RegExp): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (error.code !== code || !message.test(error.message))
      throw new Error(`${error.code}: ${error.message}`, { cause: error })
    return error.message
  }
  throw new Error('expected a UserError, found none')
}

const cases = {
  async isolation(expected: boolean) {
    if (crossOriginIsolated !== expected) throw new Error(`crossOriginIsolated is ${crossOriginIsolated}`)
    return String(expected)
  },
  golden,
  answer: (model: string, options: LoadOptions) => answer(model, options),
  answerFromFiles: async () => answer(await miniFiles(), { threads: 2 }),
  async answerFromGguf(url: string) {
    const engine = await loadEngine(await fileOf(url), { threads: 2, precision: 'exact' })
    const { ids } = await engine.generate([1, 2, 3], { maxTokens: 4, temperature: 0, ignoreEos: true }).result
    await engine.close()
    if (ids.length !== 4) throw new Error(`${ids.length} ids`)
    return String(ids)
  },
  async answerFromWorker(model: string | null, options: SentLoadOptions) {
    let last = 0
    const engine = await loadInWorker(model ?? (await miniFiles()), {
      ...options,
      onProgress: ({ loadedBytes, totalBytes }) => (last = loadedBytes / totalBytes),
    })
    if (last !== 1) throw new Error(`progress ended at ${last}`)
    const session = engine.session()
    const { text, ids } = await session.chat([{ role: 'user', content: QUESTION }], { temperature: 0 }).result
    if (!/\b(3|three)\b/i.test(text)) throw new Error(`expected an answer with 3, found ${JSON.stringify(text)}`)
    const again = engine.complete('a', { ignoreEos: true, maxTokens: 400 })
    for await (const part of again) if (part.text !== '') break
    const { finishReason } = await again.result
    if (finishReason !== 'abort') throw new Error(`expected an answer that is cancelled, found ${finishReason}`)
    if ((await engine.encode(text)).length === 0) throw new Error('no tokens')
    await engine.close()
    return `${ids.length} tokens`
  },
  /** Nothing is fetched for a grammar: the bundle has it. */
  async constrained(model: string, inWorker: boolean) {
    const properties = { count: { type: 'integer', minimum: 0, maximum: 99 }, word: { type: 'string', maxLength: 9 } }
    const grammar = {
      kind: 'json-schema',
      schema: { type: 'object', properties, required: ['count', 'word'] },
    } as const
    if (!(await compileGrammar(grammar)).accepts('{"count": 3, "word": "r"}'))
      throw new Error('the grammar is another one')
    const engine = await (inWorker ? loadInWorker(model, { threads: 2 }) : loadEngine(model, { threads: 2 }))
    const fetched = performance.getEntriesByType('resource').length
    const { text } = await engine.chat([{ role: 'user', content: QUESTION }], { grammar, temperature: 0 }).result
    await engine.close()
    if (performance.getEntriesByType('resource').length !== fetched) throw new Error('something was fetched')
    const keys = Object.keys(JSON.parse(text) as object)
    if (keys.join() !== 'count,word') throw new Error(`expected count and word, found ${text}`)
    return text
  },
  workerError: () => userError(() => loadInWorker('/nothing/'), 'file_not_found', /nothing: expected config.json/),
  async determinism(precision: 'exact' | 'fast') {
    const [one, ...others] = await Promise.all([1, 2, 3].map((threads) => logitBits({ precision, threads })))
    for (const other of others)
      if (!one!.every((bits, i) => bits === other[i])) throw new Error('the logits depend on the number of threads')
    // The optimising compiler takes over while this runs.
    for (let i = 0; i < 5; i++) {
      const again = await logitBits({ precision, threads: 2, stepTokens: 5 })
      if (!one!.every((bits, j) => bits === again[j])) throw new Error('the logits change from run to run')
    }
    return `${one!.length} logits, bit by bit`
  },
  async stop() {
    const engine = await loadEngine('/mini/', { threads: 2 })
    const generation = engine.complete('a', { ignoreEos: true, maxTokens: 400 })
    for await (const part of generation) if (part.text !== '') break
    const { finishReason, ids } = await generation.result
    await engine.close()
    if (finishReason !== 'abort' || ids.length > 100) throw new Error(`${finishReason} after ${ids.length} tokens`)
    return `after ${ids.length} tokens`
  },
  async progress() {
    let last = 0
    const engine = await loadEngine('/mini/', {
      onProgress: ({ loadedBytes, totalBytes }) => (last = loadedBytes / totalBytes),
    })
    const { threads } = engine.info
    await engine.close()
    // A model as small as this one is faster in one.
    if (last !== 1 || threads !== 1) throw new Error(`${last}, ${threads}`)
    return `${threads} thread`
  },
  async truncated(url: string) {
    const bytes = await fetchBytes(url)
    const cut = await fileOf(url, bytes.slice(0, bytes.length >> 1))
    return userError(() => loadEngine(cut), 'invalid_file', /expected|truncated/)
  },
  error: (model: string, options: LoadOptions, code: string, message: string) =>
    userError(() => loadEngine(model, options), code, new RegExp(message)),
  noFiles: () => userError(() => loadEngine([]), 'invalid_argument', /no files/),
} satisfies Record<string, Case>

Object.assign(globalThis, { cases: { ...cases, ...storeCases, ...agentCases } })
