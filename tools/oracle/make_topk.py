#!/usr/bin/env python3
"""Rows with equal scores, and which of them torch.topk chooses on the CPU.

    python3 make_topk.py OUT_FILE

Needs torch. Writes JSON: for each row k, its scores (null: -inf) and the chosen indices, rising. Among them are rows of every
length, rows with a masked end as of a causal indexer, lengths at the edge of torch's two algorithms, and rows made against
quickselect (McIlroy, "A killer adversary for quicksort", 1999), so that it falls back on a heap.
"""
import json, random, sys, torch

INF = float("inf")

def adversary(n, k):
    """Scores that make std::nth_element(k - 1) slow: they are decided while it compares. Best of three, cut as in libstdc++."""
    value, solid, candidate = [None] * n, 0, 0
    def better(a, b):  # an undecided score is worse than all decided ones
        nonlocal solid, candidate
        if value[a] is None and value[b] is None:
            pick = a if a == candidate else b
            value[pick] = solid = solid + 1
        if value[a] is None: candidate = a
        elif value[b] is None: candidate = b
        return (value[a] if value[a] is not None else INF) < (value[b] if value[b] is not None else INF)
    order, first, last, nth = list(range(n)), 0, n, k - 1
    while last - first > 3:
        a, b, c = first + 1, first + (last - first) // 2, last - 1
        if better(order[a], order[b]): m = b if better(order[b], order[c]) else c if better(order[a], order[c]) else a
        else: m = a if better(order[a], order[c]) else c if better(order[b], order[c]) else b
        order[first], order[m] = order[m], order[first]
        low, high = first + 1, last - 1
        while True:
            while better(order[low], order[first]): low += 1
            while better(order[first], order[high]): high -= 1
            if low >= high: break
            order[low], order[high] = order[high], order[low]
            low += 1; high -= 1
        first, last = (low, last) if low <= nth else (first, low)
    return [-float(v) if v is not None else -float(n) for v in value]

def rows():
    rng = random.Random(1)
    for n in [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 21, 45, 64, 65, 127, 128, 191, 192, 193, 300]:
        for k in sorted({1, 2, 3, 12, n // 2, n - 1, n} & set(range(1, n + 1))):
            levels, seen = rng.choice([1, 2, 4, 50]), rng.randint(1, n)
            yield k, [float(rng.randrange(levels)) if i < seen else -INF for i in range(n)]
    for n in (60, 200, 400):
        scores = adversary(n, n // 2)
        yield n // 2, scores
        yield n // 2, [max(score, -0.9 * n // 2) for score in scores]

cases = []
for k, scores in rows():
    chosen = sorted(torch.tensor(scores).topk(k).indices.tolist())
    cases.append(dict(k=k, scores=[None if s == -INF else int(s) for s in scores], chosen=chosen))
json.dump(cases, open(sys.argv[1], "w"), separators=(",", ":"))
print(len(cases), "rows")
