/** Tensors of the layers that no op reads: a config that leaves out what the file has would give wrong answers in silence. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/formats/decode.js'
import { UserError } from '../../errors.js'
import { weightsOf, type Weight } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'

/** What no program reads: tables that are computed, and scales of caches and activations that are kept wider here. */
const NEVER_READ =
  /\.(rotary_emb\.inv_freq|attn_rot_embd\.weight|(q|k|v|input|output|activation)_scale|attn\.(masked_)?bias)$/

/** Of a layer that predicts further tokens, which is read only where it is asked for. */
const FURTHER_TOKENS = /\.(eh_proj|enorm|hnorm|nextn|shared_head)\./

interface Reading {
  readonly weights: ReadonlyMap<string, Weight>
  /** Names that are read, and those of the larger tensors that weights are parts of. */
  readonly names: ReadonlySet<string>
}

/**
 * @throws UserError for layers past the last one, and for tensors of a layer that the config has no place for (shared experts,
 *   norms, biases that are not zero).
 */
export async function checkUnread(checkpoint: Checkpoint, program: Program, spare?: RegExp): Promise<void> {
  const read = readingOf(program)
  const prefixes = [...new Set([...read.names].flatMap((name) => /^(.*?layers\.)\d+\./.exec(name)?.[1] ?? []))]
  const layerOf = (name: string): number | undefined => {
    const prefix = prefixes.find((own) => name.startsWith(own)) ?? (name.startsWith('blk.') ? 'blk.' : undefined)
    const digits = prefix === undefined ? undefined : /^\d+(?=\.)/.exec(name.slice(prefix.length))?.[0]
    return digits === undefined ? undefined : Number(digits)
  }
  const further = new Set<number>()
  const unread: { name: string; layer: number }[] = []
  for (const name of checkpoint.names()) {
    const layer = layerOf(name)
    if (layer === undefined || read.names.has(name) || NEVER_READ.test(name) || spare?.test(name)) continue
    if (layer >= program.nLayers && FURTHER_TOKENS.test(name)) further.add(layer)
    unread.push({ name, layer })
  }
  for (const { name, layer } of unread) {
    if (further.has(layer) || isOtherForm(name, read) || (await isZeroBias(checkpoint, name, read))) continue
    throw left(checkpoint, name, layer, program.nLayers)
  }
}

function readingOf(program: Program): Reading {
  const all = allOps(program).flatMap(({ op }) => weightsOf(op))
  const weights = new Map(all.map((weight) => [weight.name, weight]))
  return { weights, names: new Set(all.flatMap(({ name, part }) => (part ? [name, part.tensor] : [name]))) }
}

/** Some conversions keep kv_b whole and in two. */
function isOtherForm(name: string, { names }: Reading): boolean {
  return name.endsWith('.kv_b_proj.weight') && names.has(name.replace('.kv_b_proj.', '.k_b_proj.'))
}

/** Quantisers write biases of zeros for matrices that have none. */
async function isZeroBias(checkpoint: Checkpoint, name: string, { weights }: Reading): Promise<boolean> {
  const rows = name.endsWith('.bias') ? weights.get(name.replace(/bias$/, 'weight'))?.shape[0] : undefined
  if (rows === undefined) return false
  const values = await decodeRows(checkpoint.tensor(name, [rows]), 0, 1)
  return values.every((value) => value === 0)
}

function left({ name: where }: Checkpoint, name: string, layer: number, layers: number): UserError {
  const expected =
    layer >= layers
      ? `expected layers 0 to ${layers - 1} (num_hidden_layers), found ${name}`
      : `expected no tensor that the config has no place for, found ${name}`
  return new UserError(
    `${where}: ${expected}. The config and the weights do not belong together: take both from one version of the model.`,
    'tensor_mismatch',
  )
}
