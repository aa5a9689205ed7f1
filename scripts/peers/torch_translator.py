#!/usr/bin/env python3
"""Trains with PyTorch what a model folder of dragoman was trained to be: the same shape, the same pieces, the same text,
for a given time. Writes a folder that dragoman translates with, so that both are searched alike.

  torch_translator.py --like DIR --train SRC TRG --valid SRC TRG --minutes M --to DIR [options]

The Transformer of torch_speed.py; gradients of --delay batches, clipped; Adam; the rate rises over --warmup updates and
falls as a cosine to 0 when the time is over. The checkpoint with the least validation cost is kept. Minutes are of the
processor, so that other work on the machine takes nothing from a run: the time that all its threads worked, divided by
--threads, with validation. Threads sleep while they wait, unless OMP_WAIT_POLICY says otherwise: spinning would be work.
"""
import os
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when PyTorch is loaded
import torch_speed  # before all else: it may start this program again

import argparse
import json
import math
import pathlib
import random
import shutil
import time

import safetensors.torch
import sentencepiece
import torch
from torch import nn


class Pieces:
    def __init__(self, folder):
        self.cut = {side: sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{side}.spm"))
                    for side in ("source", "target")}
        self.ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))

    def encode(self, side, line):
        unknown = self.ids["<unk>"]
        return [self.ids.get(piece, unknown) for piece in self.cut[side].encode(line, out_type=str)] + [self.ids["</s>"]]

    def pairs(self, paths):
        lines = [pathlib.Path(path).read_text(encoding="utf-8").splitlines() for path in paths]
        return [(self.encode("source", a), self.encode("target", b)) for a, b in zip(*lines, strict=True)]


def split(prefix, names, linear):
    """One product for several projections, as Marian's separate ones."""
    weights, biases = linear.weight.chunk(len(names)), linear.bias.chunk(len(names))
    return {f"{prefix}.{name}_proj.{kind}": part.contiguous()
            for name, weight, bias in zip(names, weights, biases) for kind, part in (("weight", weight), ("bias", bias))}


def plain(prefix, module):
    return {f"{prefix}.{kind}": getattr(module, kind) for kind in ("weight", "bias")}


def marian_weights(model):
    weights = {"model.shared.weight": model.embedding.weight,
               "final_logits_bias": torch.zeros(1, model.embedding.num_embeddings)}
    for stack, layers in (("encoder", model.encoder), ("decoder", model.decoder)):
        for i, layer in enumerate(layers):
            at = f"model.{stack}.layers.{i}"
            weights |= split(f"{at}.self_attn", "qkv", layer.attention.input)
            weights |= plain(f"{at}.self_attn.out_proj", layer.attention.output)
            weights |= plain(f"{at}.self_attn_layer_norm", layer.norm1)
            if layer.decoder:
                weights |= split(f"{at}.encoder_attn", "q", layer.cross.input)
                weights |= split(f"{at}.encoder_attn", "kv", layer.cross.memory)
                weights |= plain(f"{at}.encoder_attn.out_proj", layer.cross.output)
                weights |= plain(f"{at}.encoder_attn_layer_norm", layer.norm2)
            weights |= plain(f"{at}.fc1", layer.ffn[0]) | plain(f"{at}.fc2", layer.ffn[2])
            weights |= plain(f"{at}.final_layer_norm", layer.norm3)
    return {name: tensor.detach().clone() for name, tensor in weights.items()}


def write_folder(weights, like, to):
    to.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "generation_config.json", "source.spm", "target.spm", "vocab.json",
                 "tokenizer_config.json"):
        if (like / name).exists():
            shutil.copy(like / name, to / name)
    safetensors.torch.save_file(weights, to / "model.safetensors", {"format": "pt"})


def validation_cost(model, pairs, options, begin):
    model.eval()
    total = count = 0
    epoch = torch_speed.batches(list(pairs), options.batch_tokens, random.Random(0))
    with torch.no_grad():
        while count < sum(len(target) for _, target in pairs):
            loss, tokens = torch_speed.loss_of(model, next(epoch), begin, "fp32", smoothing=0)
            total, count = total + loss.item(), count + tokens
    model.train()
    return total / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--like", required=True, type=pathlib.Path)
    parser.add_argument("--to", required=True, type=pathlib.Path)
    parser.add_argument("--train", required=True, nargs=2)
    parser.add_argument("--valid", required=True, nargs=2)
    parser.add_argument("--minutes", required=True, type=float,
                        help="how long to train: processor time of the process over --threads, not the clock's")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--batch-tokens", type=int, default=1024, help="of a batch, padding counted")
    parser.add_argument("--delay", type=int, default=3, help="batches of an update")
    parser.add_argument("--learn-rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    config = json.loads((options.like / "config.json").read_text(encoding="utf-8"))
    shape = (config["encoder_layers"], config["d_model"], config["encoder_ffn_dim"], config["encoder_attention_heads"],
             config.get("dropout", 0.1))
    pieces, begin = Pieces(options.like), config["decoder_start_token_id"]
    train, valid = pieces.pairs(options.train), pieces.pairs(options.valid)
    model = torch_speed.Transformer(shape, config["vocab_size"], config["pad_token_id"]).train()
    adam = torch.optim.Adam(model.parameters(), options.learn_rate, (0.9, 0.98), fused=True)
    best, best_weights, update, seen, epoch_tokens = math.inf, None, 0, 0, sum(len(target) for _, target in train)
    epoch = torch_speed.batches(train, options.batch_tokens, random.Random(options.seed))
    began, worked = time.monotonic(), time.process_time()

    def clocks():
        return {"processor_minutes": round((time.process_time() - worked) / options.threads / 60, 2),
                "seconds": round(time.monotonic() - began)}

    while (spent := (time.process_time() - worked) / options.threads / (60 * options.minutes)) < 1:
        update += 1
        rate = options.learn_rate * min(update / options.warmup, 0.5 * (1 + math.cos(math.pi * spent)))
        for group in adam.param_groups:
            group["lr"] = rate
        group = [next(epoch) for _ in range(options.delay)]
        tokens = sum(len(pair[1]) for batch in group for pair in batch)
        adam.zero_grad(set_to_none=True)
        for batch in group:
            loss, _ = torch_speed.loss_of(model, batch, begin, options.precision)
            (loss / tokens).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        seen += tokens
        if seen // epoch_tokens > (seen - tokens) // epoch_tokens:
            cost = validation_cost(model, valid, options, begin)
            print(json.dumps({"epoch": seen // epoch_tokens, "update": update, "valid": round(cost, 4),
                              **clocks()}), flush=True)
            if cost < best:
                best, best_weights = cost, marian_weights(model)
    cost = validation_cost(model, valid, options, begin)
    if cost < best:
        best, best_weights = cost, marian_weights(model)
    write_folder(best_weights, options.like, options.to)
    print(json.dumps({"peer": "PyTorch " + torch.__version__, "updates": update, "epochs": round(seen / epoch_tokens, 2),
                      "valid": round(best, 4), **clocks()}))


if __name__ == "__main__":
    main()
