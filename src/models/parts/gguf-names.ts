/** GGUF's tensor names that several families share. Source: tensor_mapping.py of llama.cpp's gguf-py. */
import { invariant } from '../../errors.js'
import { bare, type Names, type NameTables } from '../../published/names.js'
import type { MlpNames } from './layers.js'

const TOP: Names = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' }

/** A decoder layer with grouped-query attention and one MLP. */
export const DENSE: Names = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ...mlpNames('mlp', ''),
}

/** Where conversion pairs the rows of queries and keys: for Llama and Mistral, and for no other of these families. */
export const PAIRED: Names = {
  attn_q: { name: 'self_attn.q_proj', transform: { paired: 'num_attention_heads' } },
  attn_k: { name: 'self_attn.k_proj', transform: { paired: 'num_key_value_heads' } },
}

/** The norm before the MLP, where `ffn_norm` is another one or none. */
export const SECOND_NORM: Names = { post_attention_norm: 'post_attention_layernorm' }

/** Of the layer for further tokens, which conversion puts after the others (parts/mtp.ts). */
export const FURTHER_TOKENS: Names = {
  'nextn.eh_proj': 'eh_proj',
  'nextn.enorm': 'enorm',
  'nextn.hnorm': 'hnorm',
  'nextn.shared_head_norm': 'shared_head.norm',
}

/** A gated MLP: the dense one (suffix '') or the shared expert ('_shexp'). */
export function mlpNames(name: string, suffix: '' | '_shexp'): Names {
  return Object.fromEntries(['gate', 'up', 'down'].map((part) => [`ffn_${part}${suffix}`, `${name}.${part}_proj`]))
}

/** Experts and their router under `name`, each matrix called as its family does. */
export function expertNames(name: string, router: string, { gate, up, down }: MlpNames): Names {
  return {
    ffn_gate_inp: `${name}.${router}`,
    ffn_gate_exps: `${name}.experts.{e}.${gate}`,
    ffn_up_exps: `${name}.experts.{e}.${up}`,
    ffn_down_exps: `${name}.experts.{e}.${down}`,
  }
}

/** The bias that only chooses experts. */
export function choosingBias(name: string): Names {
  return { exp_probs_b: bare(name) }
}

/** Gates and ups of all experts in one matrix, as transformers 5 publishes them. */
export const STACKED_GATE_UP: Names = { ffn_gate_up_exps: bare('mlp.experts.gate_up_proj') }

/** Names of a layer, later ones before earlier ones, and the usual ones outside of the layers. */
export function layerNames(...tables: readonly Names[]): NameTables {
  return { top: TOP, layer: Object.assign({}, ...tables) as Names, prefix: 'model.layers.' }
}

/** The same names, with the norms that are published less one, and which GGUF keeps as they are used. */
export function plusOne(tables: NameTables, norms: readonly string[]): NameTables {
  const unknown = norms.filter((own) => !Object.hasOwn(tables.top, own) && !Object.hasOwn(tables.layer, own))
  invariant(unknown.length === 0, `norms without a name: ${unknown.join(', ')}`)
  const marked = (names: Names): Names =>
    Object.fromEntries(
      Object.entries(names).map(([own, entry]) => {
        const named = typeof entry === 'string' ? { name: entry } : entry
        return [own, norms.includes(own) ? { ...named, transform: 'plus-one' as const } : entry]
      }),
    )
  return { ...tables, top: marked(tables.top), layer: marked(tables.layer) }
}
