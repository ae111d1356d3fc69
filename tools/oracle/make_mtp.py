#!/usr/bin/env python3
"""The embedded model and its MTP layer in float64, by the formulas of its training (models/mini/training/model.py): keys and
values are expanded, not absorbed, and nothing is cached.

    python3 tools/oracle/make_mtp.py models/mini test/fixtures/mtp/mini.safetensors

Needs numpy only. Writes ids [T] i64, logits [T, V] f32 of the model, and draft [T - 1, V] f32: row t sees the model's output at t
(after the final norm) and token t + 1, and says what token t + 2 is.
"""
import json, struct, sys
import numpy as np

folder, out = sys.argv[1:3]
c = json.load(open(f"{folder}/config.json"))
raw = open(f"{folder}/model.safetensors", "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8 : 8 + size]); header.pop("__metadata__", None)

def e4m3(byte):
    sign, exponent, mantissa = byte >> 7, (byte >> 3) & 15, byte & 7
    value = mantissa * 2.0 ** -9 if exponent == 0 else (1 + mantissa / 8) * 2.0 ** (exponent - 7)
    return -value if sign else value
E4M3 = np.array([e4m3(byte) for byte in range(256)])

def stored(name):
    entry = header[name]; start, end = entry["data_offsets"]; data = raw[8 + size + start : 8 + size + end]
    if entry["dtype"] == "F8_E4M3": values = E4M3[np.frombuffer(data, np.uint8)]
    elif entry["dtype"] == "BF16": values = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    else: values = np.frombuffer(data, np.float32)
    return values.astype(np.float64).reshape(entry["shape"])

def weight(name):
    w = stored(name)
    if name + "_scale_inv" not in header: return w
    scale = stored(name + "_scale_inv").repeat(128, 0).repeat(128, 1)
    return w * scale[: w.shape[0], : w.shape[1]]

def rms(x, name): return x / np.sqrt((x * x).mean(-1, keepdims=True) + c["rms_norm_eps"]) * weight(name + ".weight")
def silu(x): return x / (1 + np.exp(-x))
def linear(x, name): return x @ weight(name + ".weight").T
def mlp(x, name): return linear(silu(linear(x, name + ".gate_proj")) * linear(x, name + ".up_proj"), name + ".down_proj")

def rope(x):  # [T, H, d], pairs (2i, 2i + 1)
    d = x.shape[-1]; angle = np.outer(np.arange(len(x)), c["rope_theta"] ** -(np.arange(0, d, 2) / d))[:, None, :]
    a, b = x[..., 0::2], x[..., 1::2]; y = np.empty_like(x)
    y[..., 0::2] = a * np.cos(angle) - b * np.sin(angle); y[..., 1::2] = b * np.cos(angle) + a * np.sin(angle)
    return y

def attention(x, p):
    T, H = len(x), c["num_attention_heads"]; n, r, v, rank = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"], c["kv_lora_rank"]
    q = linear(rms(linear(x, p + ".q_a_proj"), p + ".q_a_layernorm"), p + ".q_b_proj").reshape(T, H, n + r)
    latent = linear(x, p + ".kv_a_proj_with_mqa")
    kv = linear(rms(latent[:, :rank], p + ".kv_a_layernorm"), p + ".kv_b_proj").reshape(T, H, n + v)
    key_rope, query_rope = rope(latent[:, None, rank:]), rope(q[..., n:]); result = np.zeros((T, H, v))
    for t in range(T):
        for h in range(H):
            score = (kv[: t + 1, h, :n] @ q[t, h, :n] + key_rope[: t + 1, 0] @ query_rope[t, h]) / np.sqrt(n + r)
            e = np.exp(score - score.max()); result[t, h] = (e / e.sum()) @ kv[: t + 1, h, n:]
    return linear(result.reshape(T, H * v), p + ".o_proj")

def mixture(x, p):
    X, k, groups, kept = c["n_routed_experts"], c["num_experts_per_tok"], c["n_group"], c["topk_group"]
    score = 1 / (1 + np.exp(-linear(x, p + ".gate"))); biased = score + stored(p + ".gate.e_score_correction_bias")
    y = mlp(x, p + ".shared_experts")
    for t in range(len(x)):
        by_group = biased[t].reshape(groups, X // groups)
        best = np.argsort(-np.sort(by_group, 1)[:, -2:].sum(1), kind="stable")[:kept]
        choice = np.full((groups, X // groups), -np.inf); choice[best] = by_group[best]
        chosen = np.argsort(-choice.reshape(-1), kind="stable")[:k]
        w = score[t, chosen]; w = w / (w.sum() + 1e-20) * c["routed_scaling_factor"]
        for e, share in zip(chosen, w): y[t] += share * mlp(x[t], f"{p}.experts.{e}")
    return y

def block(x, i, sparse):
    p = f"model.layers.{i}"
    x = x + attention(rms(x, p + ".input_layernorm"), p + ".self_attn")
    h = rms(x, p + ".post_attention_layernorm")
    return x + (mixture(h, p + ".mlp") if sparse else mlp(h, p + ".mlp"))

# Two held-out questions with their answers, as the chat template writes them.
rows = [json.loads(line) for line in open(f"{folder}/heldout.jsonl", encoding="utf8")]
ids = []
for row in (rows[0], rows[-1]):
    ids += [256, 257, *row["prompt"].encode(), 258, 260, *row["reasoning"].encode(), 261, *row["answer"].encode(), 259]
ids = np.array(ids[:96], np.int64)
embedding = weight("model.embed_tokens.weight"); head = weight("lm_head.weight")
x = embedding[ids]
for i in range(c["num_hidden_layers"]): x = block(x, i, i >= c["first_k_dense_replace"])
h = rms(x, "model.norm"); p = f"model.layers.{c['num_hidden_layers']}"
joined = np.concatenate([rms(embedding[ids[1:]], p + ".enorm"), rms(h[:-1], p + ".hnorm")], -1)
z = block(linear(joined, p + ".eh_proj"), c["num_hidden_layers"], True)
draft = rms(z, p + ".shared_head.norm") @ head.T; logits = h @ head.T
right = (draft[:-1].argmax(-1) == ids[2:]).mean(); print(f"{len(ids)} tokens, draft right at {right:.3f} of them")
tensors = {"ids": ids, "logits": logits.astype(np.float32), "draft": draft.astype(np.float32)}; entries = {}; at = 0
for name, t in tensors.items():
    entries[name] = {"dtype": "I64" if t.dtype == np.int64 else "F32", "shape": list(t.shape), "data_offsets": [at, at + t.nbytes]}; at += t.nbytes
text = json.dumps(entries).encode(); text += b" " * (-len(text) % 8)
open(out, "wb").write(struct.pack("<Q", len(text)) + text + b"".join(t.tobytes() for t in tensors.values()))
