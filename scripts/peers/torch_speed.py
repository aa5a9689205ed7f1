#!/usr/bin/env python3
"""How fast PyTorch trains the Transformer that dragoman trains by default. Prints one JSON object.

  torch_speed.py [--shape tiny|base] [--precision fp32|bf16] [--batch-tokens N] [--threads N]

Post-norm, one embedding of 10,000 pieces for source, target and output, label smoothing 0.1, Adam, gradients clipped,
batches of sentences of about the same length padded to the longest, made-up sentences with the lengths that dragoman
bench train takes (made_up.py). Target tokens a second count the end of sentence and no padding.
"""
import argparse
import json
import os
import random
import resource
import statistics
import sys
import time

# glibc would give freed pages back to the system and fetch new ones in every step, which halves PyTorch's speed
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 36), "MALLOC_TOP_PAD_": str(1 << 28)}
if "MALLOC_MMAP_MAX_" not in os.environ:
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **KEEP_PAGES})

import torch
from torch import nn
from torch.nn import functional as F

import made_up

SHAPES = {  # layers, width, ffn, heads, dropout
    "tiny": (4, 128, 256, 4, 0.3),
    "base": (6, 512, 2048, 8, 0.1),
}
VOCABULARY = 10000
PAD = BEGIN = VOCABULARY - 1
WARM_STEPS = LEAST_STEPS = 3


class Attention(nn.Module):
    """Of itself, with one product for queries, keys and values, or of a memory, with one for keys and values."""

    def __init__(self, width, heads, cross):
        super().__init__()
        self.heads, self.cross = heads, cross
        self.input = nn.Linear(width, (1 if cross else 3) * width)
        self.memory = nn.Linear(width, 2 * width) if cross else None
        self.output = nn.Linear(width, width)

    def forward(self, x, memory=None, mask=None, causal=False):
        def by_head(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = (self.input(x), *self.memory(memory).chunk(2, -1)) if self.cross else self.input(x).chunk(3, -1)
        y = F.scaled_dot_product_attention(by_head(q), by_head(k), by_head(v), attn_mask=mask, is_causal=causal)
        return self.output(y.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, width, ffn, heads, dropout, decoder):
        super().__init__()
        self.decoder, self.drop = decoder, nn.Dropout(dropout)
        self.attention, self.norm1 = Attention(width, heads, cross=False), nn.LayerNorm(width)
        if decoder:
            self.cross, self.norm2 = Attention(width, heads, cross=True), nn.LayerNorm(width)
        self.ffn = nn.Sequential(nn.Linear(width, ffn), nn.ReLU(), nn.Linear(ffn, width))
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x, memory, mask):
        own = None if self.decoder else mask
        x = self.norm1(x + self.drop(self.attention(x, mask=own, causal=self.decoder)))
        if self.decoder:
            x = self.norm2(x + self.drop(self.cross(x, memory, mask)))
        return self.norm3(x + self.drop(self.ffn(x)))


class Transformer(nn.Module):
    def __init__(self, shape, vocabulary, pad):
        super().__init__()
        layers, self.width, ffn, heads, dropout = shape
        self.pad = pad
        self.embedding, self.drop = nn.Embedding(vocabulary, self.width), nn.Dropout(dropout)
        nn.init.normal_(self.embedding.weight, std=self.width**-0.5)
        self.encoder = nn.ModuleList(Layer(self.width, ffn, heads, dropout, False) for _ in range(layers))
        self.decoder = nn.ModuleList(Layer(self.width, ffn, heads, dropout, True) for _ in range(layers))
        half = self.width // 2
        angle = torch.arange(1024)[:, None] * 10000.0 ** -(torch.arange(half) / half)
        self.register_buffer("positions", torch.cat([angle.sin(), angle.cos()], 1))

    def embed(self, ids):
        return self.drop(self.embedding(ids) * self.width**0.5 + self.positions[: ids.shape[1]])

    def forward(self, source, target):
        mask = (source != self.pad)[:, None, None, :]
        memory = self.embed(source)
        for layer in self.encoder:
            memory = layer(memory, None, mask)
        x = self.embed(target)
        for layer in self.decoder:
            x = layer(x, memory, mask)
        return F.linear(x, self.embedding.weight)


def batches(pairs, budget, dice):
    """Without end: shuffled batches of sentences of about the same length, at most so many padded tokens each."""
    while True:
        dice.shuffle(pairs)
        made, longest = [[]], 0
        for pair in sorted(pairs, key=lambda pair: (len(pair[1]), len(pair[0]))):
            length = max(map(len, pair))
            if made[-1] and max(longest, length) * (len(made[-1]) + 1) > budget:
                made.append([])
                longest = 0
            made[-1].append(pair)
            longest = max(longest, length)
        dice.shuffle(made)
        yield from made


def padded(rows, pad):
    width = max(map(len, rows))
    return torch.tensor([row + [pad] * (width - len(row)) for row in rows])


def loss_of(model, batch, begin, precision, smoothing=0.1):
    """Summed over the target pieces of a batch, and how many they are."""
    source, target = (padded([pair[side] for pair in batch], model.pad) for side in (0, 1))
    shifted = F.pad(target[:, :-1], (1, 0), value=begin)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        logits = model(source, shifted)
    loss = F.cross_entropy(logits.float().flatten(0, 1), target.flatten(), ignore_index=model.pad,
                           label_smoothing=smoothing, reduction="sum")
    return loss, sum(len(pair[1]) for pair in batch)


def measure_training(model, pairs, options):
    """The figures that are printed."""
    adam = torch.optim.Adam(model.parameters(), 3e-4, (0.9, 0.98), fused=True)
    rates, steps, began = [], 0, None
    for batch in batches(pairs, options.batch_tokens, random.Random(1)):
        if steps == WARM_STEPS:
            began = time.perf_counter()
        start = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        loss, tokens = loss_of(model, batch, model.pad, options.precision)
        (loss / tokens).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        end = time.perf_counter()
        if began is not None:
            rates.append(tokens / (end - start))
            if end - began > options.seconds and len(rates) >= LEAST_STEPS:
                break
        steps += 1
    return {"peer": "PyTorch " + torch.__version__, "shape": options.shape, "precision": options.precision,
            "batch_tokens": options.batch_tokens, "steps": len(rates), "target_tokens_per_second": {
                "median": statistics.median(rates), "min": min(rates), "max": max(rates)},
            "peak_memory_bytes": peak_memory()}


def peak_memory():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def options_of_training(doc, shapes):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default=next(iter(shapes)), choices=shapes)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--batch-tokens", type=int, default=1024, help="of a batch, padding counted")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10, help="of measured steps")
    return parser


def main():
    options = options_of_training(__doc__, SHAPES).parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = Transformer(SHAPES[options.shape], VOCABULARY, PAD).train()
    print(json.dumps(measure_training(model, made_up.pairs(29000, VOCABULARY), options)))


if __name__ == "__main__":
    main()
