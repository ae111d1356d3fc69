import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { openCheckpoint } from '../../src/models/open.js'
import { UserError } from '../../src/errors.js'
import { json, rawSafetensors, tinyFolder, tinyLlamaGguf } from './build.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kaiyuan-files-'))
  for (const [name, bytes] of Object.entries(tinyFolder())) await writeFile(join(folder, name), bytes)
  await writeFile(join(folder, 'llama.gguf'), tinyLlamaGguf())
})
afterAll(() => rm(folder, { recursive: true }))

describe('files of a folder', () => {
  it('opens a folder, a .gguf file and a .safetensors file', async () => {
    for (const [path, isOneFile] of [
      ['', false],
      ['llama.gguf', true],
      ['model.safetensors', false],
    ] as const) {
      const checkpoint = await openCheckpoint(await nodeFiles(join(folder, path)))
      expect(checkpoint.embedded !== undefined).toBe(isOneFile)
      await checkpoint.close()
    }
  })

  // Windows takes no colon in a name.
  it.runIf(process.platform !== 'win32')('opens a file whatever its name is', async () => {
    const path = join(folder, 'library:llama.gguf')
    await writeFile(path, tinyLlamaGguf())
    const checkpoint = await openCheckpoint(await nodeFiles(path))
    expect(checkpoint.embedded).toBeDefined()
    await checkpoint.close()
  })

  it('names a path that does not exist or is no model', async () => {
    await expect(nodeFiles(join(folder, 'nothing'))).rejects.toThrow(/nothing: no such file or folder/)
    const config = await nodeFiles(join(folder, 'config.json'))
    await expect(openCheckpoint(config)).rejects.toThrow(/config\.json: expected a model folder/)
  })

  it('names a file that goes away, or for whose bytes there is no memory', async () => {
    await writeFile(join(folder, 'goes'), new Uint8Array(100))
    const source = (await (await nodeFiles(folder)).open('goes'))!
    vi.stubGlobal('Uint8Array', function () {
      throw new RangeError('Array buffer allocation failed')
    })
    const reading = source.read(0, 10).finally(() => vi.unstubAllGlobals())
    await expect(reading).rejects.toMatchObject({
      code: 'out_of_memory',
      message: `${join(folder, 'goes')}: no memory for a read of 10 bytes.`,
    })
    await source.close()
    await rm(join(folder, 'goes'))
    await expect(source.read(0, 10)).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringMatching(
        /goes: cannot be read \(ENOENT.*\)\. Check the path and its permissions\.$/,
      ) as string,
    })
  })

  it.skipIf(process.platform === 'win32')('takes no device for a file', async () => {
    await expect(nodeFiles('/dev/null')).rejects.toMatchObject({
      code: 'invalid_file',
      message: '/dev/null: expected a folder or a regular file. Give a model folder or a .gguf file.',
    })
  })

  it('gives no files outside of the folder', async () => {
    const files = await nodeFiles(folder)
    for (const name of ['absent.json', '../x', '/etc/hosts', '.', '']) expect(await files.open(name)).toBeUndefined()
  })

  it('says so when a file shrinks after it was opened', async () => {
    const path = join(folder, 'shrinks')
    // Small reads are out of ranges, which are read once.
    await writeFile(path, new Uint8Array(300_000))
    const source = await (await nodeFiles(folder)).open('shrinks')
    expect(await source?.read(90, 10)).toHaveLength(10)
    await expect(source?.read(299_995, 10)).rejects.toThrow(UserError)
    await truncate(path, 150_000)
    await expect(source?.read(140_000, 20_000)).rejects.toThrow(/truncated/)
    await expect(source?.read(290_000, 10)).rejects.toThrow(/truncated/)
    await source?.close()
  })

  it('reads what is small out of ranges, each once', async () => {
    const path = join(folder, 'small')
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251)
    await writeFile(path, bytes)
    const source = (await (await nodeFiles(folder)).open('small'))!
    // Within a range, across the end of one, and at the file's end.
    for (const [at, length] of [
      [5, 8],
      [131_070, 100],
      [299_990, 10],
      [0, 16_383],
      [100, 0],
    ] as const)
      expect(await source.read(at, length)).toEqual(bytes.subarray(at, at + length))
    const into = new Uint8Array(64)
    const read = await source.read(1000, 20, into)
    expect(read.buffer).toBe(into.buffer)
    expect(read).toEqual(bytes.subarray(1000, 1020))
    await source.close()
    expect(await source.read(7, 3)).toEqual(bytes.subarray(7, 10))
    await source.close()
  })

  // NTFS would write out all of the file.
  it.skipIf(process.platform === 'win32')('reads single rows of a file much larger than memory', async () => {
    const large = await mkdtemp(join(tmpdir(), 'kaiyuan-sparse-'))
    const rows = 2 ** 24
    const bytes = rows * 1024 * 4
    const header = JSON.stringify({ t: { dtype: 'F32', shape: [rows, 1024], data_offsets: [0, bytes] } })
    const head = rawSafetensors(header)
    await writeFile(join(large, 'config.json'), json({}))
    // 64 GiB of which the file system stores the ends only.
    const handle = await open(join(large, 'model.safetensors'), 'w')
    await handle.write(head)
    await handle.truncate(head.length + bytes)
    await handle.write(new Uint8Array(Float32Array.of(7).buffer), 0, 4, head.length + bytes - 4)
    await handle.close()
    const checkpoint = await openCheckpoint(await nodeFiles(large))
    const row = await decodeRows(checkpoint.tensor('t', [rows, 1024]), rows - 1, 1)
    expect(row[1023]).toBe(7)
    await checkpoint.close()
    await rm(large, { recursive: true })
  })
})
