/** Golden checkpoints rewritten as GGUF, as llama.cpp's conversion does it. */
import { join } from 'node:path'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { weightsOf } from '../../src/graph/ops.js'
import { allOps } from '../../src/graph/program.js'
import { buildProgram } from '../../src/models/registry.js'
import type { Backend } from '../../src/backends/backend.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { concat, type RawGgufTensor } from '../checkpoint/build.js'
import { FIXTURES, GoldenRun, readGolden } from './harness.js'

export interface Decoded {
  readonly shape: readonly number[]
  readonly values: Float32Array
}
export type Config = Record<string, number>

/** Largest difference to a checkpoint's golden logits on each backend, with its weights in a GGUF file that `convert` makes. */
export async function rewrittenErrors(
  fixture: string,
  convert: (all: Map<string, Decoded>, config: Config) => Uint8Array,
  backends: readonly Backend[],
): Promise<number[]> {
  const path = join(FIXTURES, 'golden', fixture)
  const published = await openCheckpoint(await nodeFiles(path))
  const file = convert(await decodeAll(published), published.config as unknown as Config)
  await published.close()
  const golden = readGolden(join(path, 'golden.safetensors'))
  const errors: number[] = []
  for (const backend of backends) {
    const made = await openCheckpoint(memoryFiles('rewritten', { 'model.gguf': file }, 'model.gguf'))
    const run = await GoldenRun.of(made, backend, { threads: 2 })
    errors.push(await run.maxError(golden, 320))
    await run.runner.close()
  }
  return errors
}

/** Every weight that the model reads, widened; with `mtp` those of its layer for further tokens too. */
export async function decodeAll(checkpoint: Checkpoint, mtp = false): Promise<Map<string, Decoded>> {
  const program = await buildProgram(checkpoint, { mtp })
  const all = new Map<string, Decoded>()
  for (const weight of allOps(program).flatMap(({ op }) => weightsOf(op))) {
    const stored = checkpoint.tensor(weight.name, weight.shape, weight.part)
    if (!all.has(weight.name))
      all.set(weight.name, { shape: weight.shape, values: await decodeRows(stored, 0, stored.rows) })
    // What the model takes apart, whole, too: the gated queries of Qwen3-Next.
    const { part } = weight
    if (part && part.index === undefined && checkpoint.has(part.tensor) && !all.has(part.tensor)) {
      const whole = checkpoint.tensor(part.tensor, part.shape)
      all.set(part.tensor, { shape: part.shape, values: await decodeRows(whole, 0, whole.rows) })
    }
  }
  return all
}

/** F32, and I32 for ids. */
export function raw({ shape, values }: Decoded, ids = false): RawGgufTensor {
  const stored = ids ? Int32Array.from(values) : values.slice()
  return { type: ids ? 26 : 0, shape, bytes: new Uint8Array(stored.buffer) }
}

/** Stacks `experts.0`, `experts.1`, ... of a name with {e}. */
export function stack(all: ReadonlyMap<string, Decoded>, name: string): Decoded | undefined {
  const parts: Decoded[] = []
  for (let part = all.get(name.replace('{e}', '0')); part; part = all.get(name.replace('{e}', String(parts.length))))
    parts.push(part)
  if (parts.length === 0) return undefined
  const bytes = concat(...parts.map(({ values }) => new Uint8Array(values.slice().buffer)))
  return { shape: [parts.length, ...parts[0]!.shape], values: new Float32Array(bytes.buffer) }
}

export const TOP = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
}

export function renamed(
  all: ReadonlyMap<string, Decoded>,
  top: Iterable<readonly [string, string]>,
  layer: Iterable<readonly [string, string]>,
  prefix: string,
  layers: number,
): Record<string, RawGgufTensor> {
  const out: Record<string, RawGgufTensor> = {}
  const put = (to: string, from: string): void => {
    const found = from.includes('{e}') ? stack(all, from) : all.get(from)
    if (found) out[to] = raw(found, from.endsWith('tid2eid'))
  }
  for (const [to, from] of top) put(to, from)
  for (let i = 0; i < layers; i++) for (const [to, from] of layer) put(`blk.${i}.${to}`, `${prefix}${i}.${from}`)
  return out
}

/** kv_b [H * (nope + v), rank] as k_b [H, rank, nope], transposed, and v_b [H, v, rank]. */
export function splitKvB({ values }: Decoded, c: Config): Record<'attn_k_b' | 'attn_v_b', Decoded> {
  const [H, nope, v, rank] = [c.num_attention_heads!, c.qk_nope_head_dim!, c.v_head_dim!, c.kv_lora_rank!]
  const [k, out] = [new Float32Array(H * rank * nope), new Float32Array(H * v * rank)]
  for (let h = 0; h < H; h++)
    for (let r = 0; r < rank; r++) {
      for (let i = 0; i < nope; i++) k[(h * rank + r) * nope + i] = values[(h * (nope + v) + i) * rank + r]!
      for (let i = 0; i < v; i++) out[(h * v + i) * rank + r] = values[(h * (nope + v) + nope + i) * rank + r]!
    }
  return { attn_k_b: { shape: [H, rank, nope], values: k }, attn_v_b: { shape: [H, v, rank], values: out } }
}
