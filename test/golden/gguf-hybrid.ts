/** Qwen's hybrids as llama.cpp stores them (conversion/qwen.py): norms plus one, A as -exp, DeltaNet's inputs in another order, and the layer
 * for further tokens after the others. */
import { gguf, type RawGgufTensor, type RawValue } from '../checkpoint/build.js'
import { raw, renamed, TOP, type Config, type Decoded } from './rewrite.js'

export type All = Map<string, Decoded>
type Tensors = Record<string, RawGgufTensor>

const MIXTURE = {
  'ffn_gate_inp.weight': 'gate.weight',
  'ffn_gate_inp_shexp.weight': 'shared_expert_gate.weight',
  'ffn_gate_exps.weight': 'experts.{e}.gate_proj.weight',
  'ffn_up_exps.weight': 'experts.{e}.up_proj.weight',
  'ffn_down_exps.weight': 'experts.{e}.down_proj.weight',
  'ffn_gate_shexp.weight': 'shared_expert.gate_proj.weight',
  'ffn_up_shexp.weight': 'shared_expert.up_proj.weight',
  'ffn_down_shexp.weight': 'shared_expert.down_proj.weight',
  'ffn_gate.weight': 'gate_proj.weight',
  'ffn_up.weight': 'up_proj.weight',
  'ffn_down.weight': 'down_proj.weight',
}
export const under = (prefix: string, names: Record<string, string>): [string, string][] =>
  Object.entries(names).map(([to, from]) => [to, `${prefix}.${from}`])
export const ATTENTION = {
  'attn_q.weight': 'q_proj.weight',
  'attn_k.weight': 'k_proj.weight',
  'attn_v.weight': 'v_proj.weight',
  'attn_output.weight': 'o_proj.weight',
}
/** Of the layer for further tokens. */
export const FURTHER_TOKENS: [string, string][] = [
  ['nextn.eh_proj.weight', 'eh_proj.weight'],
  ['nextn.enorm.weight', 'enorm.weight'],
  ['nextn.hnorm.weight', 'hnorm.weight'],
  ['nextn.shared_head_norm.weight', 'shared_head.norm.weight'],
]
const HYBRID: [string, string][] = [
  ['attn_norm.weight', 'input_layernorm.weight'],
  ['post_attention_norm.weight', 'post_attention_layernorm.weight'],
  ...under('self_attn', { ...ATTENTION, 'attn_q_norm.weight': 'q_norm.weight', 'attn_k_norm.weight': 'k_norm.weight' }),
  ...under('linear_attn', { 'ssm_norm.weight': 'norm.weight', 'ssm_out.weight': 'out_proj.weight' }),
  ...under('mlp', MIXTURE),
  ...FURTHER_TOKENS,
]

/** Layers past the last one, under the names that conversion gives them. */
export function furtherLayers(all: All, c: Config): number {
  return Number(all.has(`model.layers.${c['num_hidden_layers']!}.eh_proj.weight`))
}

export const mapped = ({ shape, values }: Decoded, change: (value: number) => number): Decoded => ({
  shape,
  values: values.map(change),
})

/** Rows (runs of `size` values) in another order. */
function rows({ shape, values }: Decoded, size: number, order: readonly number[]): Decoded {
  return {
    shape,
    values: Float32Array.from(order.flatMap((from) => [...values.subarray(from * size, (from + 1) * size)])),
  }
}

function stacked(...parts: readonly Decoded[]): Decoded {
  const cols = parts[0]!.shape.at(-1)!
  const values = Float32Array.from(parts.flatMap((part) => [...part.values]))
  return { shape: [values.length / cols, cols], values }
}

/** Which grouped row each tiled row is: head r * K + g was head g * R + r; `each` rows a head. */
function tiledOrder(c: Config, each: number): number[] {
  const [K, H] = [c['linear_num_key_heads']!, c['linear_num_value_heads']!]
  return Array.from({ length: H * each }, (_, row) => {
    const head = Math.floor(row / each)
    return ((head % K) * (H / K) + Math.floor(head / K)) * each + (row % each)
  })
}

function hybridKeys(arch: string, all: All, c: Config): Record<string, RawValue> {
  const keys = {
    block_count: c['num_hidden_layers']! + furtherLayers(all, c),
    ...(furtherLayers(all, c) > 0 && { nextn_predict_layers: furtherLayers(all, c) }),
    context_length: c['max_position_embeddings']!,
    embedding_length: c['hidden_size']!,
    feed_forward_length: c['intermediate_size']!,
    'attention.head_count': c['num_attention_heads']!,
    'attention.head_count_kv': c['num_key_value_heads']!,
    'attention.key_length': c['head_dim']!,
    'attention.layer_norm_rms_epsilon': { f32: c['rms_norm_eps']! },
    'rope.freq_base': { f32: c['rope_theta']! },
    'rope.dimension_count': c['head_dim']! * c['partial_rotary_factor']!,
    'ssm.conv_kernel': 4,
    'ssm.state_size': c['linear_key_head_dim']!,
    'ssm.group_count': c['linear_num_key_heads']!,
    'ssm.time_step_rank': c['linear_num_value_heads']!,
    'ssm.inner_size': c['linear_num_value_heads']! * c['linear_value_head_dim']!,
    full_attention_interval: 4,
    ...(c['num_experts'] && {
      expert_count: c['num_experts'],
      expert_used_count: c['num_experts_per_tok']!,
      expert_feed_forward_length: c['moe_intermediate_size']!,
      expert_shared_feed_forward_length: c['shared_expert_intermediate_size']!,
    }),
  }
  const prefixed = Object.entries(keys).map(([key, value]): [string, RawValue] => [`${arch}.${key}`, value])
  return { 'general.architecture': arch, ...Object.fromEntries(prefixed) }
}

/** Norms plus one, and what all of Qwen's DeltaNets have, before the heads are put in order. */
function hybridTensors(all: All, c: Config): Tensors {
  for (const [name, tensor] of all)
    if (/norm\.weight$/.test(name) && !name.endsWith('linear_attn.norm.weight'))
      all.set(
        name,
        mapped(tensor, (v) => v + 1),
      )
  return renamed(all, Object.entries(TOP), HYBRID, 'model.layers.', c['num_hidden_layers']! + furtherLayers(all, c))
}

function linearLayers(all: All, layers: number): { i: number; get: (name: string) => Decoded }[] {
  return Array.from({ length: layers }, (_, i) => i)
    .filter((i) => all.has(`model.layers.${i}.linear_attn.A_log`))
    .map((i) => ({ i, get: (name) => all.get(`model.layers.${i}.linear_attn.${name}`)! }))
}

export function qwen3next(all: All, c: Config): Uint8Array {
  const tensors = hybridTensors(all, c)
  const [K, perKey, D] = [
    c['linear_num_key_heads']!,
    c['linear_num_value_heads']! / c['linear_num_key_heads']!,
    c['hidden_size']!,
  ]
  for (const { i, get } of linearLayers(all, c['num_hidden_layers']!)) {
    const put = (name: string, tensor: Decoded): void => void (tensors[`blk.${i}.${name}`] = raw(tensor))
    const weight = (which: string): Decoded => get(`in_proj_${which}.weight`)
    put('attn_qkv.weight', stacked(weight('q'), weight('k'), weight('v')))
    put('attn_gate.weight', weight('z'))
    // b and a of one key head lie together.
    const ba = stacked(weight('b'), weight('a'))
    const order = Array.from({ length: 2 * K * perKey }, (_, row) => {
      const [g, j] = [Math.floor(row / (2 * perKey)), row % (2 * perKey)]
      return j < perKey ? g * perKey + j : K * perKey + g * perKey + j - perKey
    })
    put('ssm_ba.weight', rows(ba, D, order))
    put('ssm_conv1d.weight', { ...get('conv1d.weight'), shape: [get('conv1d.weight').values.length / 4, 4] })
    put(
      'ssm_a',
      mapped(get('A_log'), (v) => -Math.exp(v)),
    )
    put('ssm_dt.bias', get('dt_bias'))
  }
  return gguf(hybridKeys('qwen3next', all, c), tensors)
}

export function qwen35(arch: string): (all: All, c: Config) => Uint8Array {
  return (all, c) => {
    const [Ev, H, D] = [c['linear_value_head_dim']!, c['linear_num_value_heads']!, c['hidden_size']!]
    const keys = 2 * c['linear_num_key_heads']! * c['linear_key_head_dim']!
    const tensors = hybridTensors(all, c)
    const behindKeys = [...Array(keys).keys(), ...tiledOrder(c, Ev).map((row) => keys + row)]
    for (const { i, get } of linearLayers(all, c['num_hidden_layers']!)) {
      const put = (name: string, tensor: Decoded): void => void (tensors[`blk.${i}.${name}`] = raw(tensor))
      put('attn_qkv.weight', rows(get('in_proj_qkv.weight'), D, behindKeys))
      put('attn_gate.weight', rows(get('in_proj_z.weight'), D, tiledOrder(c, Ev)))
      put('ssm_beta.weight', rows(get('in_proj_b.weight'), D, tiledOrder(c, 1)))
      put('ssm_alpha.weight', rows(get('in_proj_a.weight'), D, tiledOrder(c, 1)))
      put(
        'ssm_a',
        mapped(rows(get('A_log'), 1, tiledOrder(c, 1)), (v) => -Math.exp(v)),
      )
      put('ssm_dt.bias', rows(get('dt_bias'), 1, tiledOrder(c, 1)))
      put('ssm_conv1d.weight', { ...rows(get('conv1d.weight'), 4, behindKeys), shape: [keys + H * Ev, 4] })
      const columns = Array.from({ length: D }, (_, row) => tiledOrder(c, Ev).map((column) => row * H * Ev + column))
      put('ssm_out.weight', rows(get('out_proj.weight'), 1, columns.flat()))
    }
    return gguf(hybridKeys(arch, all, c), tensors)
  }
}
