// The worker of a page whose model follows a script: all of the engine but the weights.
import { hostEngine, portLine } from '../../src/worker-web.js'
import { callText, scriptedEngine } from '../server/scripted-engine.js'

const STEPS = [callText('read', { selector: 'h1' }), callText('write', { selector: 'h1', text: 'Good day' }), 'Done.']

// The runner of tests waits by Node's.
Object.assign(globalThis, { setImmediate: (work: () => void) => setTimeout(work) })
const engine = scriptedEngine((prompt) => {
  if (typeof prompt === 'string') return ''
  return STEPS[prompt.messages.filter(({ role }) => role === 'assistant').length] ?? ''
})
hostEngine(engine, portLine(globalThis))
