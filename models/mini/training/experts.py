"""The routed experts of a layer, each multiplied with the rows that chose it alone."""
import torch, torch.nn.functional as F


class Experts(torch.autograd.Function):
    """x [N, d], chosen [N, k], weight [N, k], gate and up [E, f, d], down [E, d, f] -> [N, d]. Rows lie in the order of experts inside."""

    @staticmethod
    def forward(ctx, x, chosen, weight, gate, up, down):
        N, k = chosen.shape; flat = chosen.reshape(-1); order = flat.argsort(); back = torch.empty_like(order); back[order] = torch.arange(N * k)
        parts, o = [], 0
        for e, n in enumerate(torch.bincount(flat, minlength=gate.shape[0]).tolist()):
            if n: parts.append((e, slice(o, o + n)))
            o += n
        xs = x.index_select(0, order // k); ws = weight.reshape(-1, 1).index_select(0, order)
        g, u, y = xs.new_empty(N * k, gate.shape[1]), xs.new_empty(N * k, gate.shape[1]), torch.empty_like(xs)
        for e, s in parts: torch.mm(xs[s], gate[e].t(), out=g[s]); torch.mm(xs[s], up[e].t(), out=u[s])
        h = F.silu(g).mul_(u)
        for e, s in parts: torch.mm(h[s], down[e].t(), out=y[s])
        ctx.save_for_backward(xs, ws, g, u, y, gate, up, down, order, back); ctx.parts = parts; ctx.shape = N, k
        return (y * ws).index_select(0, back).view(N, k, -1).sum(1)

    @staticmethod
    def backward(ctx, out):
        xs, ws, g, u, y, gate, up, down, order, back = ctx.saved_tensors; N, k = ctx.shape
        rows = out.index_select(0, order // k); dweight = (rows * y).sum(1).index_select(0, back).view(N, k); rows = rows * ws
        sig = torch.sigmoid(g); act = g * sig; h = act * u; dh = torch.empty_like(g); dx = torch.empty_like(xs)
        dgate, dup, ddown = torch.zeros_like(gate), torch.zeros_like(up), torch.zeros_like(down)
        for e, s in ctx.parts: torch.mm(rows[s], down[e], out=dh[s]); torch.mm(rows[s].t(), h[s], out=ddown[e])
        du = dh * act; dg = dh.mul_(u).mul_(sig * (1 + g * (1 - sig)))
        for e, s in ctx.parts:
            torch.mm(dg[s], gate[e], out=dx[s]); dx[s].addmm_(du[s], up[e])
            torch.mm(dg[s].t(), xs[s], out=dgate[e]); torch.mm(du[s].t(), xs[s], out=dup[e])
        return dx.index_select(0, back).view(N, k, -1).sum(1), None, dweight, dgate, dup, ddown
