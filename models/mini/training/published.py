"""The published weights, read back into the training model: what export.py wrote, dequantised."""
import sys, torch
from safetensors.torch import load_file
from model import Cfg, MLP, Model

EXPERT = (("gate_proj", "w_gate"), ("up_proj", "w_up"), ("down_proj", "w_down"))


def state_of(folder):
    """The training model's parameters and router biases, in float32."""
    c = Cfg(); tensors = load_file(folder + "/model.safetensors"); state = {}

    def read(name):
        t = tensors[name]; scale = tensors.get(name + "_scale_inv")
        if scale is None: return t.float()
        return t.float() * scale.repeat_interleave(128, 0).repeat_interleave(128, 1)[: t.shape[0], : t.shape[1]]

    def block(to, i, moe):
        p = f"model.layers.{i}."
        for n in ("input_layernorm", "post_attention_layernorm", "self_attn.q_a_proj", "self_attn.q_a_layernorm", "self_attn.q_b_proj",
                  "self_attn.kv_a_proj_with_mqa", "self_attn.kv_a_layernorm", "self_attn.kv_b_proj", "self_attn.o_proj"):
            state[to + n + ".weight"] = read(p + n + ".weight")
        if not moe:
            for n, _ in EXPERT: state[f"{to}mlp.{n}.weight"] = read(f"{p}mlp.{n}.weight")
            return
        state[to + "mlp.router"] = read(p + "mlp.gate.weight"); state[to + "mlp.bias"] = read(p + "mlp.gate.e_score_correction_bias")
        for n, w in EXPERT:
            state[to + "mlp." + w] = torch.stack([read(f"{p}mlp.experts.{e}.{n}.weight") for e in range(c.n_routed_experts)])
            state[f"{to}mlp.shared_experts.{n}.weight"] = read(f"{p}mlp.shared_experts.{n}.weight")

    state["embed_tokens.weight"] = read("model.embed_tokens.weight"); state["norm.weight"] = read("model.norm.weight"); state["lm_head.weight"] = read("lm_head.weight")
    L = c.num_hidden_layers
    for i in range(L): block(f"layers.{i}.", i, i >= c.first_k_dense_replace)
    block("mtp.", L, True); p = f"model.layers.{L}."
    for n, to in (("enorm", "enorm"), ("hnorm", "hnorm"), ("eh_proj", "eh_proj"), ("shared_head.norm", "shared_head_norm")):
        state[to + ".weight"] = read(p + n + ".weight")
    return state


if __name__ == "__main__":
    m = Model(Cfg()); m.load_state_dict(state_of(sys.argv[1]))
    print("parameters", sum(p.numel() for p in m.parameters()))
