#!/usr/bin/env python3
"""A lexicon of a few pairs, learnt as src/data/lexicon.c does it, written down once more without sparseness or sharing of work,
in float64: lexicon.json, which tests/data/lexicon_test.c compares with. Needs numpy and scipy (the digamma function).

    tests/golden/lexicon.py > tests/golden/lexicon.json
"""
import json
import math

import numpy as np
from scipy.special import digamma

P0, ALPHA, ROUNDS, FIRST, MOST, GROWTH = 0.08, 0.01, 5, 0.1, 50, 3
PAIRS = [([0, 1, 2, 3], [0, 1, 2, 3]), ([1, 2, 4, 0, 3], [1, 2, 0, 3]), ([3], [3]), ([0, 3, 1, 0, 2, 4], [0, 3, 1, 5, 0, 2, 4]),
         ([2, 4], [4, 2, 5]), ([4, 3, 1], [4, 3, 1]), ([0], [0, 3])]
SOURCES = 1 + max(word for source, _ in PAIRS for word in source)
TARGETS = 1 + max(word for _, target in PAIRS for word in target)


def prior(outputs, states, tension):
    """[outputs, states] of the diagonal, and the distances."""
    i, j = np.arange(1, outputs + 1)[:, None] / outputs, np.arange(1, states + 1)[None] / states
    distance = np.abs(i - j)
    weight = np.exp(-tension * distance)
    return weight / weight.sum(1, keepdims=True), distance


def one_way(pairs, words, states):
    """Of pairs (outputs, states): log-likelihoods before each round, the tension behind them, t [states + NULL, words]."""
    met = np.zeros((states + 1, words), bool)
    for outputs, from_ in pairs:
        for word in outputs:
            met[from_, word] = met[states, word] = True
    t, tension, likelihoods = np.full((states + 1, words), 1 / words), FIRST, []
    for round_ in range(ROUNDS):
        count, likelihood = np.zeros_like(t), 0
        linked = distances = means = variances = outputs_in_all = 0
        for outputs, from_ in pairs:
            p, d = prior(len(outputs), len(from_), tension)
            for i, word in enumerate(outputs):
                way = (1 - P0) * p[i] * t[from_, word]
                null = P0 * t[states, word]
                total = way.sum() + null
                likelihood += math.log(total)
                np.add.at(count[:, word], from_, way / total)
                count[states, word] += null / total
                linked += way.sum() / total
                distances += (way / total * d[i]).sum()
                mean = (p[i] * d[i]).sum()
                means += mean
                variances += (p[i] * d[i] ** 2).sum() - mean ** 2
                outputs_in_all += 1
        likelihoods.append(likelihood)
        with np.errstate(all="ignore"):
            posterior = np.where(met, count + ALPHA, 0)
            t = np.where(met, np.exp(digamma(posterior) - digamma(posterior.sum(1, keepdims=True))), 0)
        if round_:
            share = linked / outputs_in_all
            step = (share * means - distances) / (share * variances)
            tension = min(max(tension + step, tension / GROWTH), tension * GROWTH)
            tension = min(max(tension, FIRST), MOST)
    return likelihoods, tension, t, met


def shares(outputs, from_, t, tension):
    """[outputs, states + NULL]"""
    p, _ = prior(len(outputs), len(from_), tension)
    way = np.concatenate([(1 - P0) * p * t[from_][:, outputs].T, P0 * t[-1, outputs][:, None]], 1)
    return way / way.sum(1, keepdims=True)


def best(own, other):
    """Of each output the state that both ways like best, -1 being NULL."""
    both = own[:, :-1] * other[:, :-1].T
    return [int(row.argmax()) if row.max() > null ** 2 else -1 for row, null in zip(both, own[:, -1])]


def main():
    target = one_way([(t, s) for s, t in PAIRS], TARGETS, SOURCES)
    source = one_way([(s, t) for s, t in PAIRS], SOURCES, TARGETS)
    chances = [[s, t, float(source[2][t, s]) if s >= 0 else 0, float(target[2][s, t]) if t >= 0 else 0]
               for s in range(-1, SOURCES) for t in range(-1, TARGETS)
               if (s >= 0 or t >= 0) and (target[3][s, t] if t >= 0 else True) and (s < 0 or source[3][t, s])]
    aligned = []
    for s, t in PAIRS:
        of_target, of_source = shares(t, s, target[2], target[1]), shares(s, t, source[2], source[1])
        aligned.append([best(of_source, of_target), best(of_target, of_source)])
    print(json.dumps({"pairs": PAIRS, "log_likelihood": [source[0], target[0]], "tension": [source[1], target[1]],
                      "chances": chances, "from": aligned}, indent=None))


if __name__ == "__main__":
    main()
