#!/usr/bin/env python3
"""R-Drop (Liang et al. 2021) in float64 with the library's own dropout masks: see README.md beside this file.

  python tests/golden/r_drop.py        (needs torch, transformers, safetensors, numpy)

Reads tests/golden/marian/shared-relu/ and writes r_drop.json and r_drop_gradients.safetensors there.
"""
import itertools
import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from transformers import MarianMTModel

from golden_folders import HERE, SMOOTHING, losses, store, store_json, trained, without_pad

SEED, UPDATE, SHARD = 20141105061708, 3, 2  # the seed has something in either half of the key
DROPOUT = 0.25
ALPHA = 2.5


def dropout_mask(op, rows, cols):
    """dm_dropout_row of src/core/kernels.c for rows 0 ... rows-1: Philox of seven rounds, 16 bits an element."""
    steps = (cols + 127) // 128
    c = np.zeros((4, rows * steps * 16), dtype=np.uint64)  # counters: 16 side by side are 128 elements
    c[0] = np.arange(rows * steps * 16)
    c[1:] = np.array([[UPDATE], [SHARD], [op]])
    key = [SEED & 0xFFFFFFFF, SEED >> 32]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(7):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = np.stack([p1 >> np.uint64(32) ^ c[1] ^ np.uint64(key[0]), p1 & low,
                      p0 >> np.uint64(32) ^ c[3] ^ np.uint64(key[1]), p0 & low])
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    bits = np.stack([c & np.uint64(0xFFFF), c >> np.uint64(16)], axis=1)  # [word, half, block]
    bits = bits.reshape(8, rows * steps, 16).transpose(1, 0, 2).reshape(rows, steps * 128)
    kept = np.float32(1) / (np.float32(1) - np.float32(DROPOUT))
    dropped = bits[:, :cols] < int(DROPOUT * 65536 + 0.5)
    return torch.tensor(np.where(dropped, np.float32(0), kept)).double()


def logits(w, config, source, inputs, masks):
    """MarianMTModel by hand, as src/model/transformer.c has it. masks: one for every dropout, in the order in which
    the library draws them: embedding and residuals of the encoder, then of the decoder."""
    d = config.d_model

    def embed(ids):
        angles = torch.arange(len(ids)).double()[:, None] * 10000 ** (-2 * torch.arange(d // 2).double() / d)
        positions = torch.cat([angles.sin(), angles.cos()], dim=1).float()  # as transformers rounds them
        scale = math.sqrt(d) if config.scale_embedding else 1
        return next(masks) * (scale * w["model.shared.weight"][ids] + positions)

    def linear(name, x):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def after(name, x, f):
        return F.layer_norm(x + next(masks) * f, (d,), w[name + ".weight"], w[name + ".bias"])

    def attention(name, x, memory, heads, causal=False):
        q, k, v = (linear(f"{name}.{letter}_proj", rows).view(len(rows), heads, -1).transpose(0, 1)
                   for letter, rows in (("q", x), ("k", memory), ("v", memory)))
        scores = q @ k.transpose(1, 2) / math.sqrt(d // heads)
        if causal:
            scores = scores.masked_fill(torch.ones(len(x), len(x)).triu(1).bool(), -math.inf)
        return linear(name + ".out_proj", (scores.softmax(dim=-1) @ v).transpose(0, 1).reshape(len(x), d))

    def feed_forward(name, x):
        return linear(name + ".fc2", torch.relu(linear(name + ".fc1", x)))

    memory = embed(source)
    for layer in range(config.encoder_layers):
        at, heads = f"model.encoder.layers.{layer}", config.encoder_attention_heads
        memory = after(at + ".self_attn_layer_norm", memory, attention(at + ".self_attn", memory, memory, heads))
        memory = after(at + ".final_layer_norm", memory, feed_forward(at, memory))
    x = embed(inputs)
    for layer in range(config.decoder_layers):
        at, heads = f"model.decoder.layers.{layer}", config.decoder_attention_heads
        x = after(at + ".self_attn_layer_norm", x, attention(at + ".self_attn", x, x, heads, causal=True))
        x = after(at + ".encoder_attn_layer_norm", x, attention(at + ".encoder_attn", x, memory, heads))
        x = after(at + ".final_layer_norm", x, feed_forward(at, x))
    return x @ w["model.shared.weight"].T + w["final_logits_bias"]


def masks_of_shard(config, source_rows, target_rows):
    ops = [source_rows] * (1 + 2 * config.encoder_layers) + [target_rows] * (1 + 3 * config.decoder_layers)
    return [dropout_mask(op, rows, config.d_model) for op, rows in enumerate(ops)]


def main():
    folder = HERE / "marian" / "shared-relu"
    model = MarianMTModel.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
    config, pad = model.config, model.config.pad_token_id
    w = {**dict(model.named_parameters()), "final_logits_bias": model.final_logits_bias}
    pairs = json.loads((folder / "expected.json").read_text())["pairs"]
    corpus = [(pair["source"], pair["target"]) for pair in pairs]

    for source, target in corpus:
        inputs = [pad] + target[:-1]
        wanted = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([inputs]), use_cache=False)
        got = logits(w, config, source, inputs, itertools.repeat(1))
        assert (got - wanted.logits[0]).abs().max() < 1e-12

    twice = corpus + corpus  # one shard: the rows of the second copy follow those of the first
    masks = masks_of_shard(config, sum(len(s) for s, _ in twice), sum(len(t) for _, t in twice))
    all_logp, source_row, target_row = [], 0, 0
    for source, target in twice:
        of_source = slice(source_row, source_row := source_row + len(source))
        of_target = slice(target_row, target_row := target_row + len(target))
        here = [m[of_source] for m in masks[:1 + 2 * config.encoder_layers]]
        here += [m[of_target] for m in masks[1 + 2 * config.encoder_layers:]]
        all_logp.append(torch.log_softmax(logits(w, config, source, [pad] + target[:-1], iter(here)), dim=-1))
    objective, nll, _ = losses(all_logp, twice, pad)
    divergence = 0
    for p, q in zip(all_logp, all_logp[len(corpus):]):
        divergence = divergence + ((p.exp() - q.exp()) * (p - q)).sum() / 2  # (KL(p || q) + KL(q || p)) / 2
    total = objective + 2 * ALPHA * divergence
    total.backward()
    store({n: without_pad(n, weight.grad, pad) for n, weight in trained(model).items()},
          folder / "r_drop_gradients.safetensors")
    store_json({"seed": SEED, "update": UPDATE, "shard": SHARD, "dropout": DROPOUT, "alpha": ALPHA,
                "label_smoothing": SMOOTHING, "objective": objective.item(), "nll": nll.item(),
                "divergence": divergence.item(), "total": total.item(),
                "count": sum(len(target) for _, target in twice)}, folder / "r_drop.json")


if __name__ == "__main__":
    main()
