// In the place of kaiyuan/worker, for pages and servers of examples: a model that calls each tool once, then says what came of it.
import type { Engine } from '../../src/engine/engine.js'
import { callText, scriptedEngine, type Prompt } from '../server/scripted-engine.js'

/** What a token takes, in milliseconds: a page shows an answer on its way only if it gets to paint meanwhile, on a busy machine too. */
const TOKEN_MS = 40

/** By the tool that there is. */
const INPUTS: Readonly<Record<string, object>> = { weather: { city: 'Oslo' }, title: { title: 'Good day' } }

// The runner of tests waits by Node's.
if (!('setImmediate' in globalThis)) Object.assign(globalThis, { setImmediate: (work: () => void) => setTimeout(work) })

function said(prompt: Prompt | string): string {
  if (typeof prompt === 'string') return ''
  const last = prompt.messages.at(-1)
  if (last?.role === 'tool') return `So: ${last.content}.`
  const name = prompt.tools?.[0]?.function.name ?? ''
  return callText(name, INPUTS[name] ?? {})
}

export async function loadEngine(): Promise<Engine> {
  return scriptedEngine(said, { onStep: () => new Promise((resolve) => setTimeout(resolve, TOKEN_MS)) })
}
