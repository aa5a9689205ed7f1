#!/usr/bin/env python3
"""Table 1 of "Attention is all you need" (Vaswani et al. 2017), measured: what a layer costs a sentence of n pieces of
width d. Operations are counted, seconds taken, forward and backward, of one sentence on one thread; the chain is how many
ops wait for one another, the path through how many layers the last output feels the first input (dragoman bench layer).
"""
import math
import re

import picture
from article import Article

R, K = 16, 3  # pieces that are seen on either side; width of a convolution
# A Transformer layer is self-attention and a feed-forward block of 4 d. All others stand by themselves.

TRANSFORMER = {"model_type": "dragoman", "dragoman": {"architecture": "transformer"}, "activation_function": "relu",
               "scale_embedding": True, "decoder_layers": 1, "decoder_attention_heads": 1, "decoder_ffn_dim": 1}
RECURRENT = {"model_type": "dragoman", "dragoman": {"architecture": "rnn"}, "cell": "gru", "encoder_direction": "forward",
             "attention": "dot", "decoder_layers": 1}
CONVOLUTION = {"model_type": "dragoman", "dragoman": {"architecture": "conv"}, "kernel_size": K, "largest_kernel_size": K,
               "decoder_layers": 1}


def attention(d, inner=1, window=0):
    """Of 64 columns a head. A feed-forward block of a single column costs nothing: the layer is attention alone."""
    return {**TRANSFORMER, "encoder_attention_heads": max(d // 64, 1), "encoder_ffn_dim": inner,
            "attention_window": window}


class Kind:
    """A type of layer: its shape, and what the paper says of it: operations, sequential operations, path."""

    def __init__(self, shape, formula, operations, sequential, path, layers):
        self.shape, self.formula, self.operations = shape, formula, operations
        self.sequential, self.path, self.layers = sequential, path, layers


KINDS = {
    "self-attention": Kind(attention, "n² d", lambda n, d: n * n * d, "1", "1", lambda n: 1),
    "recurrent (GRU)": Kind(lambda d: {**RECURRENT, "hidden_size": d}, "n d²", lambda n, d: n * d * d, "n", "n",
                            lambda n: 1),
    f"convolution, k = {K}": Kind(lambda d: {**CONVOLUTION, "conv": "plain"}, "k n d²", lambda n, d: K * n * d * d, "1",
                                  "n / k", lambda n: math.ceil((n - 1) / ((K - 1) // 2))),
    f"separable, k = {K}": Kind(lambda d: {**CONVOLUTION, "conv": "separable"}, "k n d + n d²",
                                lambda n, d: K * n * d + n * d * d, "1", "n / k",
                                lambda n: math.ceil((n - 1) / ((K - 1) // 2))),
    f"restricted, r = {R}": Kind(lambda d: attention(d, window=R), "r n d", lambda n, d: R * n * d, "1", "n / r",
                                 lambda n: math.ceil((n - 1) / R)),
    "Transformer layer": Kind(lambda d: attention(d, inner=4 * d), "–", None, "1", "1", lambda n: 1),
}


def shape_of(article, name, d):
    config = {"d_model": d, "encoder_layers": 1, **KINDS[name].shape(d), "vocab_size": 100, "eos_token_id": 0,
              "pad_token_id": 99, "decoder_start_token_id": 99}
    return article.shape(re.sub("[^a-z0-9]+", "-", f"{name.lower()}-{d}"), config)


def exponent(points):
    """Of the power of x that y grows with: the slope of a line through the logarithms."""
    points = [(x, y) for x, y in points if y > 0]  # seconds are differences, and of a busy machine
    if len(points) < 2:
        return math.nan
    xs, ys = ([math.log(point[i]) for point in points] for i in (0, 1))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def scaled(points, formula):
    """The formula times one number, as near to the points as it gets."""
    factor = math.exp(sum(math.log(y / formula(x)) for x, y in points) / len(points))
    return [(x, factor * formula(x)) for x, _ in points]


def number(value):
    """Three digits, or all that a whole number has: 0.0123, 12.3, 1,234."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def seconds(result):
    return sum(result[f"{way}_seconds"]["median"] for way in ("forward", "backward"))


FIGURES = {  # of a result: what, its header
    "operations": (lambda result: result["operations"]["forward"]["total"] / 1e6, "million operations, forward"),
    "seconds": (lambda result: 1e3 * seconds(result), "milliseconds, forward and backward"),
}


def row(name, formula, points, d):
    """Of a table: the figures, and the exponents where n < d and where not."""
    fits = [exponent([point for point in points if (point[0] < d) == short]) for short in (True, False)]
    return [name, formula, *[number(y) for _, y in points], *["–" if math.isnan(fit) else f"{fit:.2f}" for fit in fits]]


def growth(article, measured, figure, d, lengths):
    """The table of a figure against n, and its panel of the picture."""
    of, what = FIGURES[figure]
    curves = {name: [(n, of(measured[name, d, n])) for n in lengths] for name in KINDS}
    rows = [row(name, KINDS[name].formula, points, d) for name, points in curves.items()]
    if figure == "operations":  # what the paper counts of self-attention: no products with weights
        for name in ("self-attention", f"restricted, r = {R}"):
            between = [(n, measured[name, d, n]["operations"]["forward"]["attention"] / 1e6) for n in lengths]
            rows.append(row(f"{name}: between pieces", KINDS[name].formula, between, d))
    article.table([f"{what}; d = {d}", "paper", *[f"n = {n:,}" for n in lengths], "exponent, n < d", "n ≥ d"], rows)
    theory = {name: scaled(points, lambda n, kind=KINDS[name]: kind.operations(n, d)) for name, points in curves.items()
              if KINDS[name].operations and min(y for _, y in points) > 0}
    return picture.lines(curves, x="n, pieces", y=what, log_x=True, log_y=True, theory=theory, mark=(d, "n = d"),
                         title=f"d = {d}; dashed: the paper's formula times a number")


def against_recurrent(article, measured, widths, lengths):
    """Where self-attention has fewer operations than a recurrent layer, and where it is faster."""
    rows = []
    for figure, (of, what) in FIGURES.items():
        for d in widths:
            shares = [of(measured["self-attention", d, n]) / of(measured["recurrent (GRU)", d, n]) for n in lengths]
            rows.append([what, d, *[f"{share:.2f}" for share in shares]])
    article.table(["self-attention by recurrent", "d", *[f"n = {n:,}" for n in lengths]], rows)


def chains(article, measured, d, lengths):
    curves = {name: [(n, measured[name, d, n]["chain"]) for n in lengths] for name in KINDS}
    article.table(["ops of a layer that wait for one another", "paper", *[f"n = {n:,}" for n in lengths]],
                  [[name, f"O({KINDS[name].sequential})", *[f"{y:,}" for _, y in points]] for name, points in
                   curves.items()])
    return curves


def paths(article, chain_of):
    """Layers do not hang on d: a small one does, and short sentences, for many layers are tried."""
    d, lengths, rows, results = 64, [8, 16, 32, 64] + ([128, 256, 1024] if article.full else []), [], []
    curves, theory = {}, {}
    for name, kind in KINDS.items():
        entries, curves[name] = [], []
        for n in lengths:
            if kind.layers(n) > 64 or kind.layers(n) * n > 32768:  # what arrives is too small for a float, or too many rows
                entries.append("–")
                continue
            result = article.bench("layer", shape_of(article, name, d), length=n, seconds=0, rounds=1, path=True)
            path, chain = result["path"], result["chain"]
            results.append({"type": name, "n": n, "expected": kind.layers(n), "chain": chain, **path})
            if path["layers"] is None:
                entries.append(f"none of up to {path['tried']}")
                continue
            entries.append(f"{path['layers']}, {path['layers'] * chain:,}, {path['share']:.0e}")
            curves[name].append((n, path["layers"] * chain))
        theory[name] = [(n, kind.layers(n) * chain_of(name, n)) for n, _ in curves[name]]
        rows.append([name, f"O({kind.path})", *entries])
    article.table(["layers from the first input to the last output; ops on the way; share that arrives", "paper",
                   *[f"n = {n:,}" for n in lengths]], rows)
    return picture.lines(curves, x="n, pieces", y="ops from the first input to the last output", log_x=True, log_y=True,
                         theory=theory, title="dashed: layers by the width of windows, times the ops of a layer"), results


def main():
    article = Article(__doc__, "Per-layer complexity, sequential operations and maximum path length of layer types")
    widths = [128, 512] if article.full else [128]
    lengths = [2 ** k for k in range(4, 13)] if article.full else [16, 32, 64, 128, 256, 512, 1024]
    measured = {(name, d, n): article.bench("layer", shape_of(article, name, d), length=n,
                                            seconds=0.3 if article.full else 0.1, rounds=3)
                for name in KINDS for d in widths for n in lengths}
    drawn = [growth(article, measured, figure, d, lengths) for figure in FIGURES for d in widths]
    against_recurrent(article, measured, widths, lengths)
    waiting = chains(article, measured, widths[0], lengths)
    drawn.append(picture.lines(waiting, x="n, pieces", y="ops of a layer that wait for one another", log_x=True, log_y=True,
                               title="dashed: O(n) of the recurrent layer",
                               theory={"recurrent (GRU)": scaled(waiting["recurrent (GRU)"], lambda n: n)}))
    way, along = paths(article, lambda name, n: 2 * n + 2 if name.startswith("recurrent") else waiting[name][0][1])
    article.end({"layers": [{"type": name, "d": d, "n": n, **{key: result[key] for key in (
        "operations", "chain", "forward_seconds", "backward_seconds")}} for (name, d, n), result in measured.items()],
        "paths": along}, picture.panels([*drawn, way], 2))


if __name__ == "__main__":
    main()
