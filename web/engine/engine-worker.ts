import { loadEngine } from '../../src/engine/load.js'
import { THREAD_NAME, runThread, threadsRun } from '../../src/engine/threads.js'
import { hostEngine, type Loader } from '../../src/remote/host.js'
import { portLine } from '../../src/remote/port.js'
import { STORED } from '../storage/models/stored-name.js'

/** As the library's own worker, and it opens models that the store of this browser has, by their names. */
const load: Loader = async (model, options) =>
  loadEngine(
    typeof model === 'string' && model.startsWith(STORED) ? await storedFiles(model.slice(STORED.length)) : model,
    options,
  )

async function storedFiles(name: string) {
  const [{ BrowserStore }, { parseReference }] = await Promise.all([
    import('../../src/store/browser/open.js'),
    import('../../src/store/names/reference.js'),
  ])
  const reference = parseReference(name)
  if (!reference) throw new Error(`${name}: expected the name of a model`)
  return new BrowserStore().files(reference)
}

const { name, location } = globalThis as { readonly name?: string; readonly location: { readonly href: string } }
if (name === THREAD_NAME) runThread(globalThis)
else {
  threadsRun(location.href)
  hostEngine(load, portLine(globalThis))
}
