// A worker as an application writes it: it takes a model out of the page's store and answers with it.
import { loadEngine } from '../../src/index.js'
import { BrowserStore, UserError, type ModelReference } from '../../src/store-web.js'

async function answer(endpoint: string, reference: ModelReference, question: string): Promise<object> {
  const store = new BrowserStore({ endpoint })
  const files = await store.files(reference)
  const source = await files.open((await files.list()).find((path) => /\.(safetensors|gguf)$/.test(path))!)
  // Only handles of workers have no arrayBuffer between.
  const into = new Uint8Array(new SharedArrayBuffer(1024))
  const isDirect = (await source!.read(0, 1024, into)).buffer === into.buffer
  await source!.close()
  const engine = await loadEngine(files, { threads: 1 })
  const { text } = await engine.chat([{ role: 'user', content: question }], { temperature: 0 }).result
  await engine.close()
  return { text, isDirect }
}

/** Reading all of a file by its synchronous handle, and in slices as a file that a user chose: MB a second, and a sum of the bytes. */
async function bothWays(endpoint: string, reference: ModelReference): Promise<object> {
  const files = await new BrowserStore({ endpoint }).files(reference)
  const [path] = await files.list()
  const source = (await files.open(path!))!
  const handle = await (await navigator.storage.getDirectory()).getDirectoryHandle('kaiyuan')
  const blobs = await handle.getDirectoryHandle('blobs')
  const bytes = new Uint8Array(1 << 20)
  const readAll = async (read: (at: number) => Promise<unknown>): Promise<{ speed: number; sum: number }> => {
    const begun = performance.now()
    let sum = 0
    for (let at = 0; at + bytes.length <= source.size; at += bytes.length) {
      await read(at)
      // Depends on the order too, for any part that is not like another.
      for (let index = 0; index < bytes.length; index += 4099) sum = (Math.imul(sum, 31) + bytes[index]!) | 0
    }
    return { speed: source.size / 1000 / (performance.now() - begun), sum }
  }
  const direct = await readAll((at) => source.read(at, bytes.length, bytes))
  await source.close()
  let file: File | undefined
  for await (const entry of blobs.values())
    if (entry.kind === 'file') {
      const found = await entry.getFile()
      if (found.size === source.size) file = found
    }
  const sliced = await readAll(async (at) =>
    bytes.set(new Uint8Array(await file!.slice(at, at + bytes.length).arrayBuffer())),
  )
  return { direct, sliced }
}

addEventListener(
  'message',
  ({ data }: MessageEvent<{ what: 'answer' | 'ways'; inputs: [string, ModelReference, string] }>) => {
    const work = data.what === 'answer' ? answer(...data.inputs) : bothWays(data.inputs[0], data.inputs[1])
    work.then(
      (result) => postMessage({ result }),
      (error: unknown) =>
        postMessage({ error: error instanceof UserError || error instanceof Error ? error.message : String(error) }),
    )
  },
)
