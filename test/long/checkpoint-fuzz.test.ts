import fc from 'fast-check'
import { describe, it } from 'vitest'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import type { FileSet } from '../../src/checkpoint/files/source.js'
import { UserError } from '../../src/errors.js'
import { folderOf, STORED } from '../checkpoint/layouts.js'
import { concat, json, tinyFolder, tinyInt4Folder, tinyLlamaGguf, u64 } from '../checkpoint/build.js'

type Shapes = Readonly<Record<string, readonly number[]>>

/** Damage to a file: what a bad disk, a cut connection or a hostile author does. */
type Mutation = (bytes: Uint8Array) => Uint8Array

const LIES = [0n, 1n, 7n, 2n ** 16n, 2n ** 31n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 32n, 2n ** 64n - 1n]

// Generators prefer numbers next to their bounds, which would break the first bytes only: so they are spread.
const fraction = fc.noShrink(fc.integer({ min: 0, max: 2 ** 16 - 1 })).map((value) => ((value * 40503) % 65536) / 65536)

/** A place in the file; headers come first, so half of the places are near the start. */
const place = fc.oneof(
  fraction,
  fraction.map((where) => where / 5),
)
const at = (bytes: Uint8Array, where: number): number => Math.floor(where * bytes.length)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  place.map(
    (where): Mutation =>
      (bytes) =>
        bytes.slice(0, at(bytes, where)),
  ),
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(
    ([where, bit]): Mutation =>
      (bytes) =>
        bytes.map((byte, i) => (i === at(bytes, where) ? byte ^ (1 << bit) : byte)),
  ),
  fc.tuple(place, fc.constantFrom(...LIES), fc.constantFrom(4, 8)).map(([where, lie, width]): Mutation => (bytes) => {
    const start = at(bytes, where)
    return concat(bytes.slice(0, start), u64(lie).slice(0, width), bytes.slice(start + width))
  }),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 12 })).map(
    ([where, extra]): Mutation =>
      (bytes) =>
        concat(bytes.slice(0, at(bytes, where)), extra, bytes.slice(at(bytes, where))),
  ),
  // Numbers inside of a JSON header become other numbers of the same width.
  fc.tuple(place, fc.constantFrom('9', '0', '-', 'e', '.', '"', ']', '{')).map(([where, text]): Mutation => (bytes) => {
    const digits = [...bytes.keys()].filter((i) => (bytes[i] ?? 0) >= 48 && (bytes[i] ?? 0) <= 57)
    const chosen = digits[Math.floor(where * digits.length)]
    return bytes.map((byte, i) => (i === chosen ? text.charCodeAt(0) : byte))
  }),
)

/** Counts what is read: a file's own size per read, and a few times its size in all. */
function watched(files: FileSet): FileSet {
  let total = 0
  return {
    ...files,
    async open(file) {
      const source = await files.open(file)
      if (!source) return undefined
      const limit = 16 * source.size + 4096
      return {
        ...source,
        read: (offset, length) => {
          total += length
          if (length > source.size || total > limit) throw new Error(`read ${length} bytes, ${total} in all`)
          return source.read(offset, length)
        },
      }
    },
  }
}

/** Opens and decodes everything; a UserError is a fine end, any other error is not. */
async function exercise(files: FileSet, shapes: Shapes): Promise<void> {
  const accept = (error: unknown): void => {
    if (!(error instanceof UserError)) throw error
  }
  const checkpoint = await openCheckpoint(files).catch(accept)
  if (!checkpoint) return
  JSON.stringify(checkpoint.config)
  const names = checkpoint.names()[Symbol.iterator]()
  for (let count = 0; names.next().done !== true; count++) {
    if (count > 100_000) throw new Error('more names than the file can hold')
  }
  for (const [name, shape] of Object.entries(shapes)) {
    try {
      const tensor = checkpoint.tensor(name, shape)
      await decodeRows(tensor, tensor.rows >> 1, 1)
      await decodeRows(tensor, 0, tensor.rows)
    } catch (error) {
      accept(error)
    }
  }
  await checkpoint.close()
}

async function fuzz(
  files: Record<string, Uint8Array>,
  victim: string,
  shapes: Shapes,
  main?: string,
  numRuns = 3000,
): Promise<void> {
  const original = files[victim] ?? new Uint8Array(0)
  const property = fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 2 }), async (mutations) => {
    const broken = mutations.reduce((bytes, mutate) => mutate(bytes), original)
    await exercise(watched(memoryFiles('model', { ...files, [victim]: broken }, main)), shapes)
  })
  await fc.assert(property, { numRuns, seed: 20260101 })
}

const FOLDER: Shapes = { 'a.weight': [2, 3], 'b.weight': [4], 'c.weight': [3, 5] }
const LLAMA: Shapes = {
  'model.embed_tokens.weight': [4, 32],
  'model.norm.weight': [32],
  'model.layers.0.self_attn.q_proj.weight': [32, 32],
  'model.layers.0.self_attn.k_proj.weight': [16, 32],
  'model.layers.0.self_attn.v_proj.weight': [16, 32],
  'model.layers.0.self_attn.q_proj.bias': [32],
  'model.layers.0.mlp.up_proj.weight': [1, 256],
  'model.layers.0.mlp.gate_proj.weight': [1, 256],
}

describe('damaged files end in a UserError or not at all', () => {
  it('safetensors with FP8', () => fuzz(tinyFolder(), 'model.safetensors', FOLDER))
  it('safetensors with INT4', () => fuzz(tinyInt4Folder(), 'model.safetensors', { 'x.weight': [2, 64] }))
  it.each(STORED)('safetensors with $name', (stored) =>
    fuzz(folderOf(stored), 'model.safetensors', { 'x.weight': stored.shape }, undefined, 300),
  )
  it('config.json', () => fuzz(tinyFolder(), 'config.json', FOLDER))
  it('an index of shards', () => {
    const weights = Object.fromEntries(Object.keys(FOLDER).map((name) => [name, 'model.safetensors']))
    const index = json({ weight_map: { ...weights, 'c.weight_scale_inv': 'model.safetensors' } })
    const files = { ...tinyFolder(), 'model.safetensors.index.json': index }
    return fuzz(files, 'model.safetensors.index.json', FOLDER)
  })
  it('GGUF', () => fuzz({ 'm.gguf': tinyLlamaGguf() }, 'm.gguf', LLAMA, 'm.gguf'))
})
