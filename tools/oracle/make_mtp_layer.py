#!/usr/bin/env python3
"""A layer for multi-token prediction, random, after a golden checkpoint (make_golden.py), with the logits of its draft in float32:
transformers does not compute it, but has its decoder layer, here as a model of one layer over x = fc([norm(embedding of token
t + 1) ; norm(h_t)]), with h_t the golden model's output after its final norm.

    python3 tools/oracle/make_mtp_layer.py test/fixtures/golden/qwen3.5 test/fixtures/mtp/qwen3.5.safetensors

Needs torch and transformers 5.x (CPU). Writes the layer's tensors as published (Qwen: mtp.*; GLM: those of the layer past the last one), ids [T] i64, and draft [T - 1, V] f32: row t sees h_t and
token t + 1, and says what token t + 2 is.
"""
import json, os, sys, tempfile, warnings
warnings.filterwarnings("ignore"); os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

folder, out = sys.argv[1:3]
T = 40
config = json.load(open(f"{folder}/config.json")); stored = load_file(f"{folder}/model.safetensors")
ids = load_file(f"{folder}/golden.safetensors")["ids"][:T]
torch.manual_seed(7)
L = config["num_hidden_layers"]; qwen = any(".linear_attn." in name for name in stored)
full = max(i for i in range(L) if f"model.layers.{i}.self_attn.q_proj.weight" in stored)
own = lambda like: (torch.randn(like.shape) * max(like.float().std().item(), 0.02) + like.float().mean().item()).to(like.dtype)
layer = {name.split(f"layers.{full}.")[1]: own(t) for name, t in stored.items() if name.startswith(f"model.layers.{full}.")}
norm = stored["model.norm.weight"]; D = config["hidden_size"]
past = f"model.layers.{L}"
NAMES = (("mtp.layers.0", "mtp.fc", "mtp.pre_fc_norm_embedding", "mtp.pre_fc_norm_hidden", "mtp.norm") if qwen else
         (past, f"{past}.eh_proj", f"{past}.enorm", f"{past}.hnorm", f"{past}.shared_head.norm"))
block, fc, enorm, hnorm, final = NAMES
mtp = {f"{block}.{name}": t for name, t in layer.items()} | {f"{name}.weight": own(norm) for name in (enorm, hnorm, final)}
mtp[f"{fc}.weight"] = (torch.randn(D, 2 * D) / (2 * D) ** 0.5).to(norm.dtype)

def load(path): return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
def rms(x, name): return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + config["rms_norm_eps"]) * (qwen + mtp[f"{name}.weight"].float())
with torch.no_grad(), tempfile.TemporaryDirectory() as one:
    base = load(folder); h = base.model(ids[None]).last_hidden_state[0]; embedding = base.get_input_embeddings().weight
    x = torch.cat([rms(embedding[ids[1:]], enorm), rms(h[:-1], hnorm)], -1) @ mtp[f"{fc}.weight"].float().T
    kept = {name: t for name, t in stored.items() if ".layers." not in name} | {f"model.layers.0.{name}": t for name, t in layer.items()}
    save_file(kept | {"model.norm.weight": mtp[f"{final}.weight"]}, f"{one}/model.safetensors", {"format": "pt"})
    single = dict(config, num_hidden_layers=1, first_k_dense_replace=0) | (dict(layer_types=["full_attention"], full_attention_interval=1) if qwen else {})
    json.dump(single, open(f"{one}/config.json", "w"))
    z = load(one).model(inputs_embeds=x[None], position_ids=torch.arange(T - 1)[None]).last_hidden_state[0]
    draft = z @ base.get_output_embeddings().weight.T
save_file(mtp | {"ids": ids, "draft": draft.contiguous()}, out)
print(f"{len(mtp)} tensors, draft {tuple(draft.shape)}, largest {draft.abs().max():.3f}")
