import { readFileSync } from 'node:fs'
import type { FormatName } from '../../src/checkpoint/formats/formats.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors/header.js'

/** Bytes of one block format, and the f32 values that llama.cpp's gguf package makes of them. */
export interface BlockCase {
  readonly format: FormatName
  readonly bytes: Uint8Array
  readonly values: Uint8Array
}

/** The cases of a file by tools/oracle/make_gguf.py: TYPE.bytes and TYPE.values for each format. */
export async function blockCases(file: string): Promise<BlockCase[]> {
  const source = memorySource(file, Uint8Array.from(readFileSync(file)))
  const entries = await readSafetensorsHeader(source)
  const read = (name: string): Promise<Uint8Array> => {
    const { start = 0, end = 0 } = entries.get(name) ?? {}
    return source.read(start, end - start)
  }
  const types = [...entries.keys()].filter((name) => name.endsWith('.bytes')).map((name) => name.slice(0, -6))
  return Promise.all(
    types.map(async (type) => ({
      format: type.toLowerCase() as FormatName,
      bytes: await read(`${type}.bytes`),
      values: await read(`${type}.values`),
    })),
  )
}
