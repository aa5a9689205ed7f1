#!/usr/bin/env python3
"""Scheduled sampling in float64 with the library's own coins: see README.md beside this file.

  python tests/golden/sampling.py        (needs torch, transformers, safetensors)

Reads golden folders and writes sampling.json and sampling_CASE.safetensors into each of them.
"""
import json

import torch
from transformers import MarianMTModel

import rnn_folders
from golden_folders import HERE, SMOOTHING, losses, store, store_json, trained, without_pad

SEED, UPDATE, SHARD = 20141105061708, 3, 2  # the seed has something in either half of the key
COINS = 0x636F696E
SHARE = 0.5  # of pieces that are the reference's
MIXED = 5
CASES = {  # folder: {case: (from, passes)}
    "marian/shared-relu": {"one-pass": ("best", 1), "two-passes": ("best", 2), "mixed": ("mixed", 1)},
    "rnn/feeding": {"by-piece": ("best", 0), "one-pass": ("best", 1)},
    "rnn/no-attention": {"by-piece": ("best", 0)},
}


def coins(n):
    """dm_random_uniform of src/core/random.c: Philox4x32-10, the first word of each counter."""
    for at in range(n):
        c, key = [at, UPDATE, SHARD, COINS], [SEED & 0xFFFFFFFF, SEED >> 32]
        for _ in range(10):
            p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
            c = [p1 >> 32 ^ c[1] ^ key[0], p1 & 0xFFFFFFFF, p0 >> 32 ^ c[3] ^ key[1], p0 & 0xFFFFFFFF]
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        yield c[0] * 2.0 ** -32


class Marian:
    """What is read are rows of the table: a piece's, or a mixture of several."""

    def __init__(self, folder):
        self.model = MarianMTModel.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
        self.model.requires_grad_(True)
        for side in ("encoder", "decoder"):  # of sines: nothing is learnt
            self.model.get_submodule(f"model.{side}.embed_positions").requires_grad_(False)
        self.pad = self.model.config.pad_token_id
        self.table = self.model.model.decoder.embed_tokens.weight

    def rows(self, ids):
        return self.table[torch.tensor(ids)]

    def logits(self, source, rows):
        return self.model(input_ids=torch.tensor([source]), decoder_inputs_embeds=rows[None],
                          use_cache=False).logits[0]


class Rnn:
    def __init__(self, folder):
        self.model = rnn_folders.load(folder, torch.float64).model
        self.pad = self.model.config["pad_token_id"]

    def rows(self, ids):
        return ids

    def logits(self, source, ids):
        return self.model(source, ids)[0]


def says(logits, pad):
    """The best piece behind each row, and the shares of the best five."""
    logits = logits.detach().clone()
    logits[:, pad] = -float("inf")
    best = logits.topk(MIXED)
    return best.indices, (best.values - best.values[:, :1]).exp()


def read(subject, source, inputs, gold, how, passes):
    """What is read in the place of the reference: what the model says, where the coin is not for that."""
    ids, n = list(inputs), len(inputs)
    for turn in range(n if passes == 0 else passes - (how == "mixed")):
        best, _ = says(subject.logits(source, subject.rows(ids)), subject.pad)
        if passes == 0:  # piece by piece: what stands behind this one is not read yet
            ids = [ids[i] if gold[i] or i != turn + 1 else int(best[i - 1, 0]) for i in range(n)]
        else:
            ids = [ids[i] if gold[i] else int(best[i - 1, 0]) for i in range(n)]
    rows = subject.rows(ids)
    if how == "mixed":
        best, shares = says(subject.logits(source, rows), subject.pad)
        mixed = [(shares[i] / shares[i].sum()) @ subject.table[best[i]] for i in range(n)]
        rows = torch.stack([rows[i] if gold[i] else mixed[i - 1] for i in range(n)])
    return rows, ids


def main():
    for name, cases in CASES.items():
        folder = HERE / name
        pairs = json.loads((folder / "expected.json").read_text())["pairs"]
        corpus = [(pair["source"], pair["target"]) for pair in pairs]
        written = {}
        for case, (how, passes) in cases.items():
            subject, all_logp, own = (Marian if name.startswith("marian") else Rnn)(folder), [], 0
            toss = coins(sum(len(target) for _, target in corpus))
            for source, target in corpus:
                gold = [next(toss) < SHARE or i == 0 for i in range(len(target))]
                rows, ids = read(subject, source, [subject.pad] + target[:-1], gold, how, passes)
                own += sum(not coin for coin in gold)
                all_logp.append(torch.log_softmax(subject.logits(source, rows), dim=-1))
            objective, nll, _ = losses(all_logp, corpus, subject.pad)
            objective.backward()
            store({n: without_pad(n, weight.grad, subject.pad) for n, weight in trained(subject.model).items()},
                  folder / f"sampling_{case}.safetensors")
            written[case] = {"from": how, "passes": passes, "own": own, "objective": objective.item(), "nll": nll.item()}
        store_json({"seed": SEED, "update": UPDATE, "shard": SHARD, "share": SHARE, "label_smoothing": SMOOTHING,
                    "cases": written}, folder / "sampling.json")


if __name__ == "__main__":
    main()
