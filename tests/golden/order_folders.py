#!/usr/bin/env python3
"""Small random Transformers whose targets are not written piece by piece, and what PyTorch computes with them in float64:
see README.md beside this file.

  python tests/golden/order_folders.py        (needs torch, safetensors)

Writes tests/golden/order/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import math

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from golden_folders import SMOOTHING, TABLES, make_corpus, store, store_json
from position_folders import VOCABULARY, Transformer, configuration, make_folder

EOS, UNKNOWN, PAD = 0, 1, VOCABULARY - 1
SEED, UPDATE, SHARD = 20141105061708, 3, 2  # the seed has something in either half of the key
LENGTHS, LENGTH_WEIGHT = 256, 0.1
SEARCHES = (1, 2), (4, 3)  # iterations, lengths
MARGIN = 1e-4  # choices that are closer, float32 may make otherwise: such searches are left out


class Chance:
    """dm_random of src/core/random.c: Philox of ten rounds, of which the first word counts."""

    def __init__(self, seed, *stream):
        self.key, self.counter = (seed & 0xFFFFFFFF, seed >> 32), [0, *stream]

    def next(self):
        c, key = list(self.counter), list(self.key)
        for _ in range(10):
            p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
            c = [p1 >> 32 ^ c[1] ^ key[0], p1 & 0xFFFFFFFF, p0 >> 32 ^ c[3] ^ key[1], p0 & 0xFFFFFFFF]
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        self.counter[0] += 1
        return c[0]

    def below(self, n):
        most = 2 ** 64 - 1
        while True:
            value = self.next() << 32 | self.next()
            if value < most - most % n:
                return value % n


def sine(n, d):
    angles = torch.arange(n).double()[:, None] * 10000 ** (-2 * torch.arange(d // 2).double() / d)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Model(Transformer):
    """With sinusoids."""

    def embed(self, ids):
        d = self.config["d_model"]
        return self.model.shared.weight[ids] * math.sqrt(d) + sine(len(ids), d).to(self.model.shared.weight)

    def log_probabilities(self, x):
        return (x @ self.model.shared.weight.T + self.final_logits_bias[0]).log_softmax(-1)


# ---- Masked pieces ------------------------------------------------------------------------------------------------------


class Masked(Model):
    def __init__(self, config):
        super().__init__(config)
        self.length = nn.Linear(config["d_model"], LENGTHS, bias=False)

    def pieces(self, source, read):
        return self.log_probabilities(self.model.decoder(self.embed(read), self.model.encoder(self.embed(source))))

    def lengths(self, source):
        return self.length(self.model.encoder(self.embed(source)).mean(0)).log_softmax(-1)


def length_class(source, target):
    """Of two lists of pieces without ends."""
    return min(max(len(target) - len(source) + LENGTHS // 2, 0), LENGTHS - 1)


def masked_loss(model, corpus):
    chance = Chance(SEED, UPDATE, SHARD, 0x6D61736B)
    objective = nll = count = 0
    pairs = []
    for source, target in corpus:
        target, masked = target[:-1], []
        wanted = 1 + chance.below(len(target)) if target else 0
        for i in range(len(target)):
            if chance.below(len(target) - i) < wanted:
                masked.append(i)
                wanted -= 1
        masked = [i for i in masked if target[i] != UNKNOWN]  # which cannot be said
        read = [UNKNOWN if i in masked else piece for i, piece in enumerate(target)]
        pairs.append({"source": source, "target": target + [EOS], "masked": masked})
        if masked:
            p = model.pieces(source, read)[masked]
            said = p[torch.arange(len(masked)), torch.tensor([target[i] for i in masked])]
            others = p[:, [i for i in range(VOCABULARY) if i != PAD]].mean(-1)
            objective = objective - (1 - SMOOTHING) * said.sum() - SMOOTHING * others.sum()
            nll, count = nll - said.sum(), count + len(masked)
            of_length = model.lengths(source)[length_class(source[:-1], target)]
            objective = objective - LENGTH_WEIGHT * len(masked) * of_length
    return objective, nll, count, pairs


def mask_predict(model, source, iterations, beam):
    """The drafts of all lengths, the best one first, and by how much the closest choice on the way was won."""
    banned, margin, found = [EOS, UNKNOWN, PAD], math.inf, []
    of_length = model.lengths(source)
    by_length = {n: of_length[length_class(source[:-1], [0] * n)].item() for n in range(1, 3 * len(source) + 10)}
    likely = sorted(by_length, key=lambda n: -by_length[n])
    margin = by_length[likely[beam - 1]] - by_length[likely[beam]]
    for n in likely[:beam]:
        ids, said, masked = [UNKNOWN] * n, [0.0] * n, list(range(n))
        for done in range(iterations):
            if done:
                order = sorted(range(n), key=lambda i: said[i])
                again = n * (iterations - done) // iterations
                if not again or ids == before:
                    break
                if again < n:
                    margin = min(margin, said[order[again]] - said[order[again - 1]])
                masked = sorted(order[:again])
            before = list(ids)
            p = model.pieces(source, [UNKNOWN if i in masked else piece for i, piece in enumerate(ids)])
            p[:, banned] = -math.inf
            for i in masked:
                best, second = torch.topk(p[i], 2).values.tolist()
                margin = min(margin, best - second)
                ids[i], said[i] = int(p[i].argmax()), best
        scores = said + [by_length[n]]
        found.append({"ids": ids, "piece_scores": scores, "score": sum(scores) / len(scores)})
    found.sort(key=lambda draft: -draft["score"])
    return found, min([margin, *(a["score"] - b["score"] for a, b in zip(found, found[1:]))])


def write_masked():
    spec = dict(name="masked", seed=71, positions="sine", window=0, place="post", d=12, heads=(3, 2), layers=(2, 2), act="relu")
    folder = make_folder(spec, Masked, {**configuration(spec), "decoder_mask": "none"}, "order")
    model = Masked(json.loads((folder / "config.json").read_text()))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.double()
    corpus = make_corpus(VOCABULARY, VOCABULARY, PAD, spec["seed"])
    corpus[3] = (corpus[3][0], [5, UNKNOWN, 9, UNKNOWN, EOS])
    objective, nll, count, pairs = masked_loss(model, corpus)
    objective.backward()
    gradients = {n: w.grad.clone() for n, w in model.named_parameters()}
    gradients["model.shared.weight"][PAD] = 0
    store(gradients, folder / "gradients.safetensors")
    searched = 0
    for pair in pairs:
        with torch.no_grad():
            for iterations, beam in SEARCHES:
                found, margin = mask_predict(model, pair["source"], iterations, beam)
                if margin > MARGIN:
                    pair[f"found{iterations}"] = found
                    searched += 1
    store_json({"label_smoothing": SMOOTHING, "seed": SEED, "update": UPDATE, "shard": SHARD, "objective": objective.item(),
                "nll": nll.item(), "count": count, "pairs": pairs}, folder / "expected.json")
    print(f"order/masked: nll per piece {nll.item() / count:.3f}, {searched} of {len(SEARCHES) * len(pairs)} searches decided")


# ---- All at once --------------------------------------------------------------------------------------------------------


class AtOnce(Model):
    """The rows of the encoder, each several times, with their places."""

    def rows(self, source):
        memory = self.model.encoder(self.embed(source))
        x = memory.repeat_interleave(self.config["ctc_upsample"], 0)
        return self.log_probabilities(self.model.decoder(x + sine(*x.shape).to(x), memory))


def best_path(model, source):
    """What the likeliest path comes to, its score of each piece and of the end, and how closely it was chosen."""
    p = model.rows(source)
    p[:, PAD] = -math.inf
    best, path = p.max(-1)
    top = torch.topk(p, 2).values
    ids, scores, since, before = [], [], 0.0, EOS
    for score, piece in zip(best.tolist(), path.tolist()):
        if piece == EOS:
            since += score
        elif piece == before:
            scores[-1] += score
        else:
            ids.append(piece)
            scores.append(since + score)
            since = 0.0
        before = piece
    return {"ids": ids, "piece_scores": scores + [since]}, (top[:, 0] - top[:, 1]).min().item()


def write_at_once():
    spec = dict(name="ctc", seed=59, positions="sine", window=0, place="pre", d=12, heads=(2, 3), layers=(1, 2), act="swish")
    folder = make_folder(spec, AtOnce, {**configuration(spec), "decoder_mask": "none", "output_layer": "ctc",
                                        "ctc_upsample": 3}, "order")
    model = AtOnce(json.loads((folder / "config.json").read_text()))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.final_logits_bias[0, EOS] += 3  # so that there are blanks among the likeliest
    store(model.state_dict(), folder / "model.safetensors")
    model.double()
    pairs, objective, count = [], 0, 0
    for source, target in make_corpus(VOCABULARY, VOCABULARY, PAD, spec["seed"]):
        pieces = target[:-1]
        p = model.rows(source)
        loss = F.ctc_loss(p[:, None], torch.tensor([pieces], dtype=torch.long), torch.tensor([len(p)]),
                          torch.tensor([len(pieces)]), EOS, "sum", zero_infinity=True)
        fits = len(pieces) + sum(a == b for a, b in zip(pieces, pieces[1:])) <= len(p)
        objective, count = objective + loss, count + fits * (len(pieces) + 1)
        with torch.no_grad():
            found, margin = best_path(model, source)
        pairs.append({"source": source, "target": target, **({"found": found} if margin > MARGIN else {})})
    objective.backward()
    gradients = {n: w.grad.clone() for n, w in model.named_parameters()}
    gradients["model.shared.weight"][PAD] = 0
    store(gradients, folder / "gradients.safetensors")
    store_json({"objective": objective.item(), "count": count, "pairs": pairs}, folder / "expected.json")
    print(f"order/ctc: nll per piece {objective.item() / count:.3f}, {sum('found' in p for p in pairs)} of {len(pairs)} "
          "searches decided")


write_masked()
write_at_once()
