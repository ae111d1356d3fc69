"""The mean of the weights of several checkpoints of one run ("model soups", Wortsman et al. 2022).

    python3 average.py OUT CHECKPOINT CHECKPOINT...
"""
import sys
import torch

states = [torch.load(path, map_location='cpu')['m'] for path in sys.argv[2:]]
mean = {k: sum(s[k] for s in states) / len(states) for k in states[0]}
torch.save({'m': mean}, sys.argv[1])
