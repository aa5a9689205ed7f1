"""What the scripts that make golden folders share: the corpus, and what is computed in float64 with whatever model the
folder holds. See README.md beside this file.

A Subject says how the logits of a model come about; losses, greedy choices, gradients and updates are the same for all.
"""
import json
import math
import pathlib
import random
from dataclasses import dataclass
from typing import Callable

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
SMOOTHING = 0.1
UPDATES = 10
RATE = 0.001
GREEDY_LIMIT = 20
TABLES = ("model.shared.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
          "lm_head.weight")


@dataclass
class Subject:
    model: torch.nn.Module
    pad: int  # None: there is none
    logits: Callable  # (source ids, ids into the decoder) -> [target pieces, vocabulary]
    details: Callable = lambda source, target: {}  # what else expected.json says of a pair
    start: int = None  # what the decoder begins with; None: pad
    frozen: bool = True  # pad's rows, and training does not see it; else it is a piece like the others, but never chosen
    names: Callable = lambda tensors: tensors  # parameters as the file has them

    @property
    def excluded(self):
        return self.pad if self.frozen else None

    def inputs(self, target):
        return [self.pad if self.start is None else self.start] + target


def make_corpus(source_size, target_size, pad, seed):
    """Pairs of id sequences that end with eos (0) and never hold pad; on either side one is empty but for that."""
    chance = random.Random(seed)

    def draw(size, length):
        usable = [i for i in range(1, size) if i != pad]
        return [chance.choice(usable) for _ in range(length)] + [0]

    lengths = [(3, 4), (1, 1), (0, 2), (5, 0), (7, 5), (2, 9), (31, 24), (4, 4), (12, 10), (6, 8)]
    pairs = [(draw(source_size, s), draw(target_size, t)) for s, t in lengths]
    pairs.append(([5, 5, 5, 5, 0], [7, 7, 7, 0]))  # the same piece again and again
    return pairs


def log_probabilities(subject, source, target):
    """[target pieces, vocabulary]: one sentence at a time, so nothing is padded."""
    return torch.log_softmax(subject.logits(source, subject.inputs(target[:-1])), dim=-1)


def losses(all_logp, corpus, pad):
    """The smoothed objective and the negative log-likelihood (both summed), and each pair's log-probabilities.
    all_logp: of each pair [target pieces, vocabulary]."""
    objective, nll, chosen = 0, 0, []
    for logp, (_, target) in zip(all_logp, corpus):
        others = [i for i in range(logp.shape[1]) if i != pad]
        picked = logp[torch.arange(len(target)), torch.tensor(target)]
        objective = objective - (1 - SMOOTHING) * picked.sum() - SMOOTHING * logp[:, others].mean(dim=1).sum()
        nll = nll - picked.sum()
        chosen.append(picked)
    return objective, nll, chosen


def losses_of(subject, corpus):
    return losses((log_probabilities(subject, source, target) for source, target in corpus), corpus,
                  subject.excluded)


def greedy(subject, source):
    """The likeliest piece (pad apart) at every step, and by how much the closest of these choices was won."""
    ids, margin = [], math.inf
    while len(ids) < GREEDY_LIMIT and (not ids or ids[-1] != 0):
        logp = log_probabilities(subject, source, ids + [0])[-1]
        if subject.pad is not None:
            logp[subject.pad] = -math.inf
        best, second = torch.topk(logp, 2).values.tolist()
        margin = min(margin, best - second)
        ids.append(int(logp.argmax()))
    return ids, margin


def trained(model):
    return {n: w for n, w in model.named_parameters() if "embed_positions" not in n or w.requires_grad}


def without_pad(name, gradient, pad):
    """The pad row is frozen in every table."""
    gradient = gradient.clone()
    if name in TABLES and pad is not None:
        gradient[pad] = 0
    return gradient


def ten_updates(subject, corpus):
    count = sum(len(target) for _, target in corpus)
    weights = trained(subject.model)
    optimizer = torch.optim.Adam(weights.values(), lr=RATE, betas=(0.9, 0.98), eps=1e-9)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        (losses_of(subject, corpus)[0] / count).backward()
        for name, weight in weights.items():
            weight.grad = without_pad(name, weight.grad, subject.excluded)
        optimizer.step()
    return subject.names({n: w.detach().clone() for n, w in weights.items()})


def store(tensors, path):
    save_file({n: t.detach().to(torch.float32).contiguous() for n, t in tensors.items()}, path, {"format": "pt"})
    path.chmod(0o644)


def store_json(value, path):
    path.write_text(json.dumps(value, indent=1) + "\n")


def worst_difference(exact, single):
    """By how much float32 in PyTorch itself differs: what a test may ask for lies above it."""
    worst = (0.0, "")
    for name, value in exact.items():
        if not name.endswith("k_proj.bias"):
            difference = ((single[name].double() - value).norm() / value.norm()).item()
            worst = max(worst, (difference, name))
    return worst


def write_golden(folder, load, corpus, trains=True):
    """Writes what the model of a folder computes beside it. load(folder, dtype): opens it, a Subject."""
    subject = load(folder, torch.float64)
    objective, nll, chosen = losses_of(subject, corpus)
    pairs = []
    for (source, target), picked in zip(corpus, chosen):
        with torch.no_grad():
            ids, margin = greedy(subject, source)
            pairs.append({"source": source, "target": target, "log_probabilities": picked.tolist(), "greedy": ids,
                          "greedy_margin": margin, **subject.details(source, target)})
    expected = {"label_smoothing": SMOOTHING, "objective": objective.item(), "nll": nll.item(),
                "count": sum(len(target) for _, target in corpus), "pairs": pairs}
    store_json(expected, folder / "expected.json")
    print(f"{folder.parent.name}/{folder.name}: nll per piece {nll.item() / expected['count']:.3f}, "
          f"closest greedy choice {min(p['greedy_margin'] for p in pairs):.1e}")
    if not trains:
        return
    objective.backward()
    store(subject.names({n: without_pad(n, w.grad, subject.excluded) for n, w in trained(subject.model).items()}),
          folder / "gradients.safetensors")
    both = [(source, target) for source, target in corpus if len(source) != 1 and len(target) > 1]  # as training does
    exact = ten_updates(load(folder, torch.float64), both)
    store(exact, folder / "after_ten_updates.safetensors")
    single = ten_updates(load(folder, torch.float32), both)
    print("   ten updates in float32 differ by", worst_difference(exact, single))
