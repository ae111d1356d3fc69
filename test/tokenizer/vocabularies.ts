import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { readJson } from '../../src/checkpoint/files/json.js'
import type { FileSet } from '../../src/checkpoint/files/source.js'

/** A checkpoint without tensors. */
export function fakeCheckpoint(files: FileSet = memoryFiles('model', {}), config = {}): Checkpoint {
  return {
    name: files.name,
    config,
    names: () => [],
    has: () => false,
    tensor: () => {
      throw new Error('there are no tensors')
    },
    file: (name) => files.open(name),
    json: (name) => readJson((file) => files.open(file), name),
    close: async () => {},
  }
}

export function jsonFiles(files: Record<string, unknown>): FileSet {
  const encoder = new TextEncoder()
  const entries = Object.entries(files).map(([name, value]) => [name, encoder.encode(JSON.stringify(value))])
  return memoryFiles('model', Object.fromEntries(entries) as Record<string, Uint8Array>)
}
