"""A larger model that computes what a smaller one does, to be trained further.

    python3 grow.py CHECKPOINT OUT

What reads a new channel, or a new head's values, starts at random; what writes one starts at zero. So nothing changes before the first
step, and gradients reach what writes. Norms divide by the mean over more channels: their weights shrink by as much. The new layers lie in
the middle. (Net2Net, Chen et al. 2015; the zeros are those of "LEMON", Wang et al. 2023.)
"""
import math, sys
import torch
from model import Cfg, Model

c = Cfg()
H, N, R, V = c.num_attention_heads, c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim


def norm(old, new):
    n = old.numel(); new.fill_(old.mean() * math.sqrt(n / new.numel())); new[:n] = old * math.sqrt(n / new.numel())


def matrix(old, new, rows=None, cols=None):
    """`new` holds random values. `rows` and `cols`: where old ones lie, where that is not at the beginning. Old columns of new rows and new
    columns of old rows are what a reader has; rows that are written to are cleared by the caller."""
    o, i = old.shape[-2:]; rows = torch.arange(o) if rows is None else rows; cols = torch.arange(i) if cols is None else cols
    at = (..., rows[:, None], cols[None, :]); new[at] = old


def clear_rows(new, kept): mask = torch.ones(new.shape[-2], dtype=torch.bool); mask[kept] = False; new[..., mask, :] = 0
def clear_cols(new, kept): mask = torch.ones(new.shape[-1], dtype=torch.bool); mask[kept] = False; new[..., mask] = 0


def writer(old, new, rows=None, cols=None):
    """Into the stream, or into a latent: new rows are zero, so are new columns, which read what is new within the block."""
    matrix(old, new, rows, cols); o, i = old.shape[-2:]
    clear_rows(new, torch.arange(o) if rows is None else rows); clear_cols(new, torch.arange(i) if cols is None else cols)


def block(old, new, get):
    """Weights of one layer by name; `get` reads the old ones."""
    for n in ('input_layernorm', 'post_attention_layernorm', 'self_attn.q_a_layernorm', 'self_attn.kv_a_layernorm'): norm(get(n + '.weight'), new[n + '.weight'])
    a = 'self_attn.'; r = new[a + 'q_a_proj.weight']; o = get(a + 'q_a_proj.weight'); matrix(o, r); r[o.shape[0]:] = 0
    matrix(get(a + 'q_b_proj.weight'), new[a + 'q_b_proj.weight'])
    o = get(a + 'kv_a_proj_with_mqa.weight'); latent = o.shape[0] - R; rows = torch.cat([torch.arange(latent), c.kv_lora_rank + torch.arange(R)])
    r = new[a + 'kv_a_proj_with_mqa.weight']; matrix(o, r, rows); clear_rows(r, rows)
    matrix(get(a + 'kv_b_proj.weight'), new[a + 'kv_b_proj.weight']); writer(get(a + 'o_proj.weight'), new[a + 'o_proj.weight'])
    if 'mlp.router' not in new:
        for n in ('gate_proj', 'up_proj'): matrix(get(f'mlp.{n}.weight'), new[f'mlp.{n}.weight'])
        return writer(get('mlp.down_proj.weight'), new['mlp.down_proj.weight'])
    new['mlp.bias'].copy_(get('mlp.bias')); matrix(get('mlp.router'), new['mlp.router'])
    for n in ('w_gate', 'w_up'): matrix(get('mlp.' + n), new['mlp.' + n])
    for n in ('gate_proj', 'up_proj'): matrix(get(f'mlp.shared_experts.{n}.weight'), new[f'mlp.shared_experts.{n}.weight'])
    writer(get('mlp.w_down'), new['mlp.w_down']); writer(get('mlp.shared_experts.down_proj.weight'), new['mlp.shared_experts.down_proj.weight'])


def grown(old):
    torch.manual_seed(1); state = Model(c).state_dict(); d = old['embed_tokens.weight'].shape[1]
    layers = 1 + max(int(k.split('.')[1]) for k in old if k.startswith('layers.')); middle = layers // 2; extra = c.num_hidden_layers - layers
    under = lambda p: {k[len(p):]: v for k, v in state.items() if k.startswith(p)}
    for i in range(c.num_hidden_layers):
        if middle <= i < middle + extra:
            new = under(f'layers.{i}.'); new['self_attn.o_proj.weight'].zero_(); new['mlp.w_down'].zero_(); new['mlp.shared_experts.down_proj.weight'].zero_(); continue
        j = i if i < middle else i - extra; block(old, under(f'layers.{i}.'), lambda n: old[f'layers.{j}.{n}'])
    block(old, under('mtp.'), lambda n: old['mtp.' + n])
    state['embed_tokens.weight'].zero_()[:, :d] = old['embed_tokens.weight']; matrix(old['lm_head.weight'], state['lm_head.weight'])
    for n in ('norm', 'enorm', 'hnorm', 'shared_head_norm'): norm(old[n + '.weight'], state[n + '.weight'])
    both = torch.cat([torch.arange(d), c.hidden_size + torch.arange(d)]); e = state['eh_proj.weight']; matrix(old['eh_proj.weight'], e, None, both); e[d:] = 0
    return state


if __name__ == '__main__':
    with torch.no_grad(): state = grown(torch.load(sys.argv[1], map_location='cpu')['m'])
    torch.save({'m': state}, sys.argv[2]); print('parameters', sum(p.numel() for p in state.values()))
