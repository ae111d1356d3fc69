import { readFileSync } from 'node:fs'
import { afterAll, describe } from 'vitest'
import { loadEngine } from '../../src/index.js'
import type { LoadOptions } from '../../src/index.js'

type Name = 'smollm2' | 'gemma3' | 'coder'
type Had = { readonly path: string } | { readonly skipped: string }

const given = process.env['KAIYUAN_REAL_MODELS']
if (given === undefined) throw new Error('expected the models in KAIYUAN_REAL_MODELS. Run: npm run test:models')
const models = JSON.parse(given) as Record<Name, Had>

/** Tests of a model; skipped, with the reason in their name, where it cannot be had. */
export function withModel(name: Name, tests: (path: string) => void): void {
  const had = models[name]
  if ('path' in had) describe(name, () => tests(had.path))
  else describe.skip(`${name} (${had.skipped})`, () => tests(''))
}

/** An engine that is loaded when the first test asks for it, and closed after the last. */
export function engineOf(path: string, options: LoadOptions): () => ReturnType<typeof loadEngine> {
  let loaded: ReturnType<typeof loadEngine> | undefined
  afterAll(async () => (await loaded)?.close())
  return () => (loaded ??= loadEngine(path, options))
}

/** What llama.cpp says of the text (record.mjs): a number for each position of `ids` but the last. */
export interface Recorded {
  readonly ids: readonly number[]
  /** log p of the token that follows */
  readonly logprobs: readonly number[]
  /** the likeliest token, and its logit less that of the second */
  readonly best: readonly number[]
  readonly leads: readonly number[]
}

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8')
export const text = read('text.txt')
export const recorded = (name: Name): Recorded => JSON.parse(read(`${name}.json`)) as Recorded
