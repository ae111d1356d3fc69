import { nodeFiles as filesAt } from '../checkpoint/files/node.js'
import { openGgufFile } from '../checkpoint/gguf/file.js'
import { isJsonObject } from '../json.js'
import { nodeFiles, nodePath } from './platform.js'
import type { StoredModel } from './store.js'

/** The `model_type` of a model on this machine, or the architecture that its GGUF names. Undefined where it says none. */
export async function familyOf({ folder, open, complete }: StoredModel): Promise<string | undefined> {
  if (!complete) return undefined
  try {
    if (open === folder) return await ofConfig(nodePath().join(folder, 'config.json'))
    const files = await filesAt(open)
    const gguf = await openGgufFile(files, files.main ?? '')
    await gguf.close()
    const architecture = gguf.metadata.get('general.architecture')
    return typeof architecture === 'string' ? architecture : undefined
  } catch {
    // A list says what it can; who opens the model hears what is wrong with it.
    return undefined
  }
}

async function ofConfig(file: string): Promise<string | undefined> {
  const config: unknown = JSON.parse(await nodeFiles().readFile(file, 'utf8'))
  const type = isJsonObject(config) ? config['model_type'] : undefined
  return typeof type === 'string' ? type : undefined
}
