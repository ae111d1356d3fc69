/** Fixtures under other configs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import type { Program } from '../../src/graph/program.js'
import { openCheckpoint } from '../../src/models/open.js'
import { buildProgram } from '../../src/models/registry.js'

export const GOLDEN = fileURLToPath(new URL('../fixtures/golden/', import.meta.url))
export type Config = Record<string, unknown>

export function fixture(name: string): { config: Config; files: Record<string, Uint8Array> } {
  const folder = join(GOLDEN, name)
  const names = readdirSync(folder).filter((file) => file !== 'golden.safetensors')
  const files = Object.fromEntries(names.map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]))
  return { config: JSON.parse(new TextDecoder().decode(files['config.json'])) as Config, files }
}

/** The program of a fixture under another config. */
export async function build(files: Record<string, Uint8Array>, config: unknown): Promise<Program> {
  const bytes = new TextEncoder().encode(JSON.stringify(config))
  return buildProgram(await openCheckpoint(memoryFiles('changed', { ...files, 'config.json': bytes })))
}
