#!/usr/bin/env python3
"""Qwen's layer for multi-token prediction, random, after a golden checkpoint (make_golden.py), with the logits of its draft in float32:
transformers does not compute it, but has its decoder layer, here as a model of one layer over x = fc([norm(embedding of token
t + 1) ; norm(h_t)]), with h_t the golden model's output after its final norm.

    python3 tools/oracle/make_qwen_mtp.py test/fixtures/golden/qwen3.5 test/fixtures/mtp/qwen3.5.safetensors

Needs torch and transformers 5.x (CPU). Writes the tensors mtp.* as published, ids [T] i64, and draft [T - 1, V] f32: row t sees h_t and
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
full = next(i for i in range(config["num_hidden_layers"]) if f"model.layers.{i}.self_attn.q_proj.weight" in stored)
own = lambda like: (torch.randn(like.shape) * max(like.float().std().item(), 0.02) + like.float().mean().item()).to(like.dtype)
layer = {name.split(f"layers.{full}.")[1]: own(t) for name, t in stored.items() if name.startswith(f"model.layers.{full}.")}
norm = stored["model.norm.weight"]; D = config["hidden_size"]
mtp = {f"mtp.layers.0.{name}": t for name, t in layer.items()}
mtp |= {f"mtp.{name}.weight": own(norm) for name in ("norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden")}
mtp["mtp.fc.weight"] = (torch.randn(D, 2 * D) / (2 * D) ** 0.5).to(norm.dtype)

def load(path): return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
def rms(x, name): return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + config["rms_norm_eps"]) * (1 + mtp[f"mtp.{name}.weight"].float())
with torch.no_grad(), tempfile.TemporaryDirectory() as one:
    base = load(folder); h = base.model(ids[None]).last_hidden_state[0]; embedding = base.get_input_embeddings().weight
    x = torch.cat([rms(embedding[ids[1:]], "pre_fc_norm_embedding"), rms(h[:-1], "pre_fc_norm_hidden")], -1) @ mtp["mtp.fc.weight"].float().T
    kept = {name: t for name, t in stored.items() if ".layers." not in name} | {f"model.layers.0.{name}": t for name, t in layer.items()}
    save_file(kept | {"model.norm.weight": mtp["mtp.norm.weight"]}, f"{one}/model.safetensors", {"format": "pt"})
    single = dict(config, num_hidden_layers=1, layer_types=["full_attention"], full_attention_interval=1)
    json.dump(single, open(f"{one}/config.json", "w"))
    z = load(one).model(inputs_embeds=x[None], position_ids=torch.arange(T - 1)[None]).last_hidden_state[0]
    draft = z @ base.get_output_embeddings().weight.T
save_file(mtp | {"ids": ids, "draft": draft.contiguous()}, out)
print(f"{len(mtp)} tensors, draft {tuple(draft.shape)}, largest {draft.abs().max():.3f}")
