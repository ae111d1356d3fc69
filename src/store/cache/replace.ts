import { nodeCrypto, nodeFiles, nodePath } from '../platform.js'

/** Writes a small file as a whole or not at all: another process may be reading it, and this one may end at any moment. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const { mkdir, rename, rm, writeFile } = nodeFiles()
  await mkdir(nodePath().dirname(path), { recursive: true })
  const temporary = `${path}.${nodeCrypto().randomUUID()}.tmp`
  try {
    await writeFile(temporary, content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
