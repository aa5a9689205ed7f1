#!/usr/bin/env python3
"""Post-norm against pre-norm on the toy grammar, with and without a warm-up, at several depths.

Each model is as wide as the others; all that differs is where the norms stand, the depth, and the warm-up. A run that
leaves the numbers, or never gets below the cost of a model that knows how often each piece occurs, has failed. The second
table has the gradients that reach the first and the last layer of either side after 100 updates.
"""
import math
import statistics

from article import HERE, Article, spread

UNLEARNT = 3.5  # nats a piece: what is left if only the pieces' frequencies are known, or a little less
WARMUP = 100


def gradients(runs, depth):
    """Norms of the gradient at the first line of the log, mean over the runs, of four layers."""
    layers = [f"{side}.{layer}" for side in ("encoder", "decoder") for layer in (0, depth - 1)]
    return [statistics.fmean(run.of("train")[0]["gradient_norms"][layer] for run in runs) for layer in layers]


def main():
    article = Article(__doc__, "Pre-Norm: more stable gradients, faster convergence, very deep models")
    toy = HERE / "data" / "toy"
    depths = [4, 12, 24] if article.full else [4, 12]
    rows, results, curves, reached = [], [], {}, []
    for depth in depths:
        for warmup in (WARMUP, 0):
            row = [depth, warmup]
            for place in ("post", "pre"):
                runs = [article.train(f"{place}-{depth}-{warmup}-{seed}", [toy / "train.zh", toy / "train.en"],
                                      [toy / "dev.zh", toy / "dev.en"], vocab_size=1200, dim_emb=64, dim_ffn=128, heads=4,
                                      enc_depth=depth, dec_depth=depth, norm_place=place, mini_batch_words=1024,
                                      learn_rate=0.003, lr_schedule="cosine", lr_warmup=warmup, after="500u", dropout=0.1,
                                      valid_metrics="ce-mean-words", early_stopping=0, seed=seed)
                        for seed in article.seeds]
                costs = [run.best() if run.best() < UNLEARNT else math.nan for run in runs]
                row += [spread(costs, 3)]
                results.append({"place": place, "depth": depth, "warmup": warmup, "costs": costs,
                                "gradients": gradients(runs, depth)})
                if warmup:
                    reached.append([depth, place, *[f"{norm:.2g}" for norm in gradients(runs, depth)]])
                if depth == depths[-1]:
                    curves[f"{place}, warm-up {warmup}"] = [(event["update"], event["cost"])
                                                            for event in runs[0].of("train")]
            rows.append(row)
    article.table(["layers of either side", "updates of warm-up", "post-norm: validation cost", "pre-norm"], rows)
    article.table(["layers", "norms", "encoder: first layer", "last layer", "decoder: first layer", "last layer"], reached)
    article.end(results, curves, x="updates", y="training cost, nats a piece", log_y=True,
                title=f"{depths[-1]} + {depths[-1]} layers")


if __name__ == "__main__":
    main()
