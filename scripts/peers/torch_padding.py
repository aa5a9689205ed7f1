#!/usr/bin/env python3
"""How fast PyTorch trains the Transformer of torch_speed.py, and translates greedily with it, on sentences of given
lengths in padded batches. Prints one JSON object; padding counts as no token.

  torch_padding.py train|translate --lengths FILE [--pad-to N] [--batches sorted|random] [--threads N]

FILE has the pieces of a source and of its translation on each line, as dragoman bench --lengths takes it. --pad-to fills
up to N pieces even batches without a longer sentence. Keys and values of what was written are kept; sentences that have
ended go on until the last one of their batch ends.
"""
import argparse
import json
import random
import statistics
import time

import torch_speed

import torch
from torch import nn
from torch.nn import functional as F


def pairs_of(path):
    dice = random.Random(1)
    with open(path, encoding="utf-8") as file:
        lengths = [tuple(map(int, line.split())) for line in file]
    return [tuple([dice.randrange(1, torch_speed.VOCABULARY - 2) for _ in range(n - 1)] + [0] for n in pair)
            for pair in lengths]


def cut(pairs, options, dice):
    """Batches of so many padded pieces, or so many sentences, at most."""
    dice.shuffle(pairs)
    if options.batches == "sorted":
        pairs = sorted(pairs, key=lambda pair: (len(pair[1]), len(pair[0])))
    made, longest = [[]], options.pad_to
    for pair in pairs:
        length = max(*map(len, pair), options.pad_to)
        full = (max(longest, length) * (len(made[-1]) + 1) > options.batch_tokens if options.what == "train"
                else len(made[-1]) == options.sentences)
        if made[-1] and full:
            made.append([])
            longest = options.pad_to
        made[-1].append(pair)
        longest = max(longest, length)
    dice.shuffle(made)
    return made


def padded(rows, least):
    width = max(max(map(len, rows)), least)
    return torch.tensor([row + [torch_speed.PAD] * (width - len(row)) for row in rows])


class Trainer:
    def __init__(self, model):
        self.model, self.adam = model.train(), torch.optim.Adam(model.parameters(), 3e-4, (0.9, 0.98), fused=True)

    def run(self, batch, least):
        source, target = (padded([pair[side] for pair in batch], least) for side in (0, 1))
        self.adam.zero_grad(set_to_none=True)
        logits = self.model(source, F.pad(target[:, :-1], (1, 0), value=torch_speed.BEGIN))
        tokens = sum(len(pair[1]) for pair in batch)
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=torch_speed.PAD, label_smoothing=0.1,
                               reduction="sum")
        (loss / tokens).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.adam.step()
        return tokens


class Translator:
    def __init__(self, model):
        self.model = model.eval()

    def run(self, batch, least):
        with torch.inference_mode():
            self.translate(padded([source for source, _ in batch], least), max(len(target) for _, target in batch))
        return sum(len(target) for _, target in batch)

    def translate(self, source, steps):
        model = self.model
        mask = (source != model.pad)[:, None, None, :]
        memory = model.embed(source)
        for layer in model.encoder:
            memory = layer(memory, None, mask)

        def by_head(x, attention):
            return x.unflatten(-1, (attention.heads, -1)).transpose(1, 2)

        seen = [[by_head(part, layer.cross) for part in layer.cross.memory(memory).chunk(2, -1)] for layer in model.decoder]
        own = [None] * len(model.decoder)
        piece = torch.full((len(source), 1), torch_speed.BEGIN)
        for step in range(steps):
            x = model.embedding(piece) * model.width**0.5 + model.positions[step]
            for i, layer in enumerate(model.decoder):
                q, k, v = (by_head(part, layer.attention) for part in layer.attention.input(x).chunk(3, -1))
                own[i] = (k, v) if step == 0 else tuple(torch.cat(both, 2) for both in zip(own[i], (k, v)))
                y = F.scaled_dot_product_attention(q, *own[i]).transpose(1, 2).flatten(2)
                x = layer.norm1(x + layer.attention.output(y))
                y = F.scaled_dot_product_attention(by_head(layer.cross.input(x), layer.cross), *seen[i], attn_mask=mask)
                x = layer.norm2(x + layer.cross.output(y.transpose(1, 2).flatten(2)))
                x = layer.norm3(x + layer.ffn(x))
            piece = F.linear(x, model.embedding.weight).argmax(-1)


def measure(work, pairs, options):
    """Medians of batches in training; of whole passes in translating, whose batches are as different as their lengths."""
    dice, rates = random.Random(1), []
    for batch in cut(pairs, options, dice)[:3]:  # warm up
        work.run(batch, options.pad_to)
    began = time.perf_counter()
    while len(rates) < 3 or time.perf_counter() - began < options.seconds:
        start, tokens = time.perf_counter(), 0
        for batch in cut(list(pairs), options, dice):
            tokens += work.run(batch, options.pad_to)
            if options.what == "train" and time.perf_counter() - start > options.seconds / 3:
                break
        rates.append(tokens / (time.perf_counter() - start))
    return {"peer": "PyTorch " + torch.__version__, "target_tokens_per_second": {
        "median": statistics.median(rates), "min": min(rates), "max": max(rates)}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "translate"])
    parser.add_argument("--lengths", required=True)
    parser.add_argument("--pad-to", type=int, default=0)
    parser.add_argument("--batches", default="sorted", choices=["sorted", "random"])
    parser.add_argument("--shape", default="tiny", choices=torch_speed.SHAPES)
    parser.add_argument("--batch-tokens", type=int, default=4096, help="train: of a batch, padding counted")
    parser.add_argument("--sentences", type=int, default=32, help="translate: of a batch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=9)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = torch_speed.Transformer(torch_speed.SHAPES[options.shape], torch_speed.VOCABULARY, torch_speed.PAD)
    print(json.dumps(measure((Trainer if options.what == "train" else Translator)(model), pairs_of(options.lengths),
                             options)))


if __name__ == "__main__":
    main()
