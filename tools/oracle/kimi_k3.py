#!/usr/bin/env python3
"""A golden checkpoint for Kimi K3, which no class of transformers computes.

    python3 kimi_k3.py OUT_DIR [--seed N]

Plain Python in double precision, without torch or numpy: one token after the other, every formula as it is published, keys
and values of latent attention expanded per head, the delta rule as a recurrence, a list of block residuals.  It shares no
code and no arrangement with the engine.  Writes OUT_DIR/{config.json,model.safetensors,golden.safetensors} as
make_golden.py does: BF16 and F32 tensors, experts in MXFP4 (compressed-tensors mxfp4-pack-quantized).
"""
import argparse, json, math, os, random, struct

V, D, LAYERS = 160, 64, 5
HEADS, NOPE, ROPE, VDIM, QRANK, KVRANK = 4, 16, 8, 16, 48, 32
KDA_HEADS, KDIM, BOUND = 3, 16, -5.0
FULL = [3, 5]                      # layers with attention, counted from 1
DENSE, EXPERTS, TOPK, F, LATENT, SHARED = 96, 6, 2, 32, 32, 2
BLOCK, EPS, LATENT_EPS, SCALING = 2, 1e-5, 1e-6, 1.5
BETA, LINEAR_BETA = 4.0, 25.0

CONFIG = dict(
    architectures=["KimiK3ForConditionalGeneration"], model_type="kimi_k3", torch_dtype="bfloat16",
    text_config=dict(
        model_type="kimi_linear", vocab_size=V, hidden_size=D, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=HEADS,
        intermediate_size=DENSE, moe_intermediate_size=F, num_experts=EXPERTS, num_experts_per_token=TOPK, num_shared_experts=SHARED,
        routed_expert_hidden_size=LATENT, latent_moe_use_norm=True, moe_renormalize=True, moe_router_activation_func="sigmoid",
        num_expert_group=1, topk_group=1, routed_scaling_factor=SCALING, first_k_dense_replace=1, moe_layer_freq=1,
        q_lora_rank=QRANK, kv_lora_rank=KVRANK, qk_nope_head_dim=NOPE, qk_rope_head_dim=ROPE, v_head_dim=VDIM, mla_use_nope=True,
        linear_attn_config=dict(full_attn_layers=FULL, kda_layers=[i for i in range(1, LAYERS + 1) if i not in FULL], num_heads=KDA_HEADS,
                                head_dim=KDIM, short_conv_kernel_size=4, gate_lower_bound=BOUND, use_full_rank_gate=True),
        attn_res_block_size=BLOCK, hidden_act="situ", rms_norm_eps=EPS, max_position_embeddings=4096, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=2, pad_token_id=0),
    quantization_config=dict(quant_method="compressed-tensors", format="mxfp4-pack-quantized", quantization_status="compressed",
                             ignore=["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*", "re:.*mlp\\..*"],
                             config_groups=dict(group_0=dict(targets=["Linear"], weights=dict(num_bits=4, type="float", group_size=32, strategy="group", symmetric=True)))),
)

# ---- numbers as they are stored

def to_bf16(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
def bf16(x): return struct.unpack("<f", struct.pack("<I", to_bf16(x) << 16))[0]
def f32(x): return struct.unpack("<f", struct.pack("<f", x))[0]
E2M1 = [0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6]

class Checkpoint:
    """Random tensors by name: the values the model computes with, and the bytes of the file."""
    def __init__(self, seed):
        self.random, self.values, self.stored = random.Random(seed), {}, {}
    def add(self, name, shape, scale, centre=0.0, kind="BF16"):
        count = math.prod(shape)
        drawn = [centre + scale * self.random.gauss(0, 1) for _ in range(count)]
        values = [bf16(x) if kind == "BF16" else f32(x) for x in drawn]
        data = struct.pack(f"<{count}H", *map(to_bf16, values)) if kind == "BF16" else struct.pack(f"<{count}f", *values)
        self.stored[name] = (kind, shape, data)
        n = shape[-1]
        self.values[name] = values if len(shape) == 1 else [values[i:i + n] for i in range(0, count, n)]
    def matrix(self, name, n, k): self.add(name + ".weight", [n, k], k ** -0.5)
    def mxfp4(self, name, n, k):
        rows, codes, scales = [], bytearray(), bytearray()
        for _ in range(n):
            row = []
            for _ in range(k // 32):
                block = [self.random.gauss(0, 1) / k ** 0.5 for _ in range(32)]
                e = math.ceil(math.log2(max(map(abs, block)) / 6))
                picked = [min(range(16), key=lambda c: abs(E2M1[c] - x / 2 ** e)) for x in block]
                scales.append(e + 127)
                codes += bytes(picked[i] | picked[i + 1] << 4 for i in range(0, 32, 2))
                row += [E2M1[c] * 2.0 ** e for c in picked]
            rows.append(row)
        self.stored[name + ".weight_packed"] = ("U8", [n, k // 2], bytes(codes))
        self.stored[name + ".weight_scale"] = ("U8", [n, k // 32], bytes(scales))
        self.values[name + ".weight"] = rows

def make(seed):
    c = Checkpoint(seed)
    top = "language_model.model"
    c.add(top + ".embed_tokens.weight", [V, D], 1.0)
    for i in range(LAYERS):
        p = f"{top}.layers.{i}"
        for norm in ("input_layernorm", "post_attention_layernorm", "self_attention_res_norm", "mlp_res_norm"): c.add(f"{p}.{norm}.weight", [D], 0.2, 1.0)
        for proj in ("self_attention_res_proj", "mlp_res_proj"): c.add(f"{p}.{proj}.weight", [1, D], 0.5)
        a = p + ".self_attn"
        if i + 1 in FULL:
            c.matrix(a + ".q_a_proj", QRANK, D); c.add(a + ".q_a_layernorm.weight", [QRANK], 0.2, 1.0); c.matrix(a + ".q_b_proj", HEADS * (NOPE + ROPE), QRANK)
            c.matrix(a + ".kv_a_proj_with_mqa", KVRANK + ROPE, D); c.add(a + ".kv_a_layernorm.weight", [KVRANK], 0.2, 1.0)
            c.matrix(a + ".kv_b_proj", HEADS * (NOPE + VDIM), KVRANK)
            width = HEADS * VDIM
        else:
            width = KDA_HEADS * KDIM
            for part in "qkv": c.matrix(f"{a}.{part}_proj", width, D); c.add(f"{a}.{part}_conv1d.weight", [width, 1, 4], 0.5, kind="F32")
            c.add(a + ".A_log", [KDIM], 0.5, kind="F32"); c.add(a + ".dt_bias", [width], 0.5, -1.0, kind="F32")
            c.matrix(a + ".f_a_proj", KDIM, D); c.matrix(a + ".f_b_proj", width, KDIM); c.matrix(a + ".b_proj", KDA_HEADS, D)
            c.add(a + ".o_norm.weight", [KDIM], 0.2, 1.0, kind="F32")
        c.matrix(a + ".g_proj", width, D); c.matrix(a + ".o_proj", D, width)
        if i == 0:
            for part, n, k in (("gate_proj", DENSE, D), ("up_proj", DENSE, D), ("down_proj", D, DENSE)): c.matrix(f"{p}.mlp.{part}", n, k)
            continue
        m = p + ".block_sparse_moe"
        c.matrix(m + ".gate", EXPERTS, D); c.add(m + ".gate.e_score_correction_bias", [EXPERTS], 0.2, kind="F32")
        c.matrix(m + ".routed_expert_down_proj", LATENT, D); c.add(m + ".routed_expert_norm.weight", [LATENT], 0.2, 1.0); c.matrix(m + ".routed_expert_up_proj", D, LATENT)
        for part, n, k in (("gate_proj", SHARED * F, D), ("up_proj", SHARED * F, D), ("down_proj", D, SHARED * F)): c.matrix(f"{m}.shared_experts.{part}", n, k)
        for e in range(EXPERTS):
            for part, n, k in (("w1", F, LATENT), ("w3", F, LATENT), ("w2", LATENT, F)): c.mxfp4(f"{m}.experts.{e}.{part}", n, k)
    c.add(top + ".norm.weight", [D], 0.2, 1.0)
    c.add(top + ".output_attn_res_norm.weight", [D], 0.2, 1.0); c.add(top + ".output_attn_res_proj.weight", [1, D], 0.5)
    c.add("language_model.lm_head.weight", [V, D], 3 * D ** -0.5)
    return c

# ---- the model, one token at a time

def dot(a, b): return sum(x * y for x, y in zip(a, b))
def sigmoid(x): return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
def softmax(xs):
    top = max(xs); es = [math.exp(x - top) for x in xs]; total = sum(es)
    return [e / total for e in es]
def situ(g, u): return BETA * math.tanh(g / BETA) * sigmoid(g) * LINEAR_BETA * math.tanh(u / LINEAR_BETA)

class Model:
    def __init__(self, values):
        self.w = values
        self.kv = [[] for _ in range(LAYERS)]                                     # (keys, values) per head, per position
        self.conv = [{part: [[0.0] * (KDA_HEADS * KDIM)] * 3 for part in "qkv"} for _ in range(LAYERS)]
        self.S = [[[[0.0] * KDIM for _ in range(KDIM)] for _ in range(KDA_HEADS)] for _ in range(LAYERS)]
    def linear(self, name, x): return [dot(row, x) for row in self.w[name + ".weight"]]
    def norm(self, name, x, eps=EPS):
        r = 1 / math.sqrt(dot(x, x) / len(x) + eps)
        return [w * v * r for w, v in zip(self.w[name + ".weight"], x)]
    def mix(self, name, blocks, p):
        rows = blocks + [p]
        key = [n * q for n, q in zip(self.w[f"{name}_norm.weight"], self.w[f"{name}_proj.weight"][0])]
        share = softmax([dot(key, b) / math.sqrt(dot(b, b) / D + EPS) for b in rows])
        return [sum(s * b[j] for s, b in zip(share, rows)) for j in range(D)]

    def mla(self, i, name, x):
        q = self.linear(name + ".q_b_proj", self.norm(name + ".q_a_layernorm", self.linear(name + ".q_a_proj", x), LATENT_EPS))
        a = self.linear(name + ".kv_a_proj_with_mqa", x)
        expanded = self.linear(name + ".kv_b_proj", self.norm(name + ".kv_a_layernorm", a[:KVRANK], LATENT_EPS))
        step = NOPE + VDIM
        self.kv[i].append([(expanded[h * step:h * step + NOPE] + a[KVRANK:], expanded[h * step + NOPE:(h + 1) * step]) for h in range(HEADS)])
        out = []
        for h in range(HEADS):
            own = q[h * (NOPE + ROPE):(h + 1) * (NOPE + ROPE)]
            share = softmax([dot(own, past[h][0]) * (NOPE + ROPE) ** -0.5 for past in self.kv[i]])
            out += [sum(s * past[h][1][j] for s, past in zip(share, self.kv[i])) for j in range(VDIM)]
        return self.linear(name + ".o_proj", [o * sigmoid(g) for o, g in zip(out, self.linear(name + ".g_proj", x))])

    def kda(self, i, name, x):
        made = {}
        for part in "qkv":
            window = self.conv[i][part] + [self.linear(f"{name}.{part}_proj", x)]
            self.conv[i][part] = window[1:]
            taps = self.w[f"{name}.{part}_conv1d.weight"]
            made[part] = [(lambda s: s * sigmoid(s))(sum(taps[c][j] * window[j][c] for j in range(4))) for c in range(len(taps))]
        f = self.linear(name + ".f_b_proj", self.linear(name + ".f_a_proj", x))
        beta = [sigmoid(b) for b in self.linear(name + ".b_proj", x)]
        gate = self.linear(name + ".g_proj", x)
        out = []
        for h in range(KDA_HEADS):
            part = slice(h * KDIM, (h + 1) * KDIM)
            q, k, v = made["q"][part], made["k"][part], made["v"][part]
            q = [t / math.sqrt(dot(q, q) + 1e-6) * KDIM ** -0.5 for t in q]
            k = [t / math.sqrt(dot(k, k) + 1e-6) for t in k]
            speed = math.exp(self.w[name + ".A_log"][h])
            g = [BOUND * sigmoid(speed * (t + d)) for t, d in zip(f[part], self.w[name + ".dt_bias"][part])]
            S = [[math.exp(g[r]) * s for s in row] for r, row in enumerate(self.S[i][h])]
            seen = [sum(k[r] * S[r][j] for r in range(KDIM)) for j in range(KDIM)]
            S = [[s + beta[h] * k[r] * (v[j] - seen[j]) for j, s in enumerate(row)] for r, row in enumerate(S)]
            self.S[i][h] = S
            o = [sum(q[r] * S[r][j] for r in range(KDIM)) for j in range(KDIM)]
            out += [n * sigmoid(z) for n, z in zip(self.norm(name + ".o_norm", o), gate[part])]
        return self.linear(name + ".o_proj", out)

    def mlp(self, name, x, gate="gate_proj", up="up_proj", down="down_proj"):
        return self.linear(f"{name}.{down}", [situ(g, u) for g, u in zip(self.linear(f"{name}.{gate}", x), self.linear(f"{name}.{up}", x))])

    def moe(self, name, x):
        scores = [sigmoid(s) for s in self.linear(name + ".gate", x)]
        keyed = [s + b for s, b in zip(scores, self.w[name + ".gate.e_score_correction_bias"])]
        chosen = sorted(range(EXPERTS), key=lambda e: -keyed[e])[:TOPK]
        total = sum(scores[e] for e in chosen) + 1e-20
        low = self.linear(name + ".routed_expert_down_proj", x)
        summed = [0.0] * LATENT
        for e in chosen:
            for j, y in enumerate(self.mlp(f"{name}.experts.{e}", low, "w1", "w3", "w2")): summed[j] += scores[e] / total * SCALING * y
        routed = self.linear(name + ".routed_expert_up_proj", self.norm(name + ".routed_expert_norm", summed))
        return [a + b for a, b in zip(routed, self.mlp(name + ".shared_experts", x))]

    def step(self, token):
        top = "language_model.model"
        blocks, p = [], list(self.w[top + ".embed_tokens.weight"][token])
        for i in range(LAYERS):
            name = f"{top}.layers.{i}"
            h = self.mix(name + ".self_attention_res", blocks, p) if blocks else p
            if i % BLOCK == 0: blocks, p = blocks + [p], None
            x = self.norm(name + ".input_layernorm", h)
            y = self.mla(i, name + ".self_attn", x) if i + 1 in FULL else self.kda(i, name + ".self_attn", x)
            p = y if p is None else [a + b for a, b in zip(p, y)]
            x = self.norm(name + ".post_attention_layernorm", self.mix(name + ".mlp_res", blocks, p))
            y = self.mlp(name + ".mlp", x) if i == 0 else self.moe(name + ".block_sparse_moe", x)
            p = [a + b for a, b in zip(p, y)]
        x = self.norm(top + ".norm", self.mix(top + ".output_attn_res", blocks, p))
        return [dot(row, x) for row in self.w["language_model.lm_head.weight"]]

# ---- files

def save(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (kind, shape, data) in tensors.items(): header[name] = dict(dtype=kind, shape=shape, data_offsets=[at, at := at + len(data)])
    text = json.dumps(header).encode(); text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values(): file.write(data)

def main():
    ap = argparse.ArgumentParser(); ap.add_argument("out"); ap.add_argument("--seed", type=int, default=1); a = ap.parse_args()
    c = make(a.seed); rng = random.Random(a.seed + 1)
    ids = [rng.randrange(3, V) for _ in range(64)]
    model = Model(c.values); logits = [model.step(t) for t in ids]
    prompt = ids[:21]; model = Model(c.values); greedy, margins = [], []
    for t in prompt: last = model.step(t)
    for _ in range(24):
        order = sorted(range(V), key=lambda j: -last[j]); greedy.append(order[0]); margins.append(last[order[0]] - last[order[1]])
        last = model.step(order[0])
    os.makedirs(a.out, exist_ok=True)
    json.dump(CONFIG, open(os.path.join(a.out, "config.json"), "w"), indent=1, sort_keys=True)
    save(os.path.join(a.out, "model.safetensors"), c.stored)
    longs = lambda xs: ("I64", [len(xs)], struct.pack(f"<{len(xs)}q", *xs))
    flat = [x for row in logits for x in row]
    save(os.path.join(a.out, "golden.safetensors"), dict(ids=longs(ids), logits=("F32", [len(ids), V], struct.pack(f"<{len(flat)}f", *flat)),
         prompt=longs(prompt), greedy=longs(greedy), margin=("F32", [24], struct.pack("<24f", *margins))))
    deviation = math.sqrt(sum(x * x for x in flat) / len(flat))
    print(f"logits rms {deviation:.3f} max {max(map(abs, flat)):.2f} min margin {min(margins):.4f} distinct {len(set(greedy))}")

main()
