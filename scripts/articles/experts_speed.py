#!/usr/bin/env python3
"""What experts cost in seconds: training of the tiny shape and of base, dense, with 4 to 32 experts of which a piece goes
to two, and with 8 of which it goes to 1, 2 or 4. An expert is as wide as the dense block. On a machine that does nothing
else.
"""
from article import Article

CHOICES = [(0, 0), (8, 1), (8, 2), (8, 4), (4, 2), (16, 2), (32, 2)]  # experts, of which each piece goes to


def main():
    article = Article(__doc__, "With experts capacity grows, and the cost of a token does not")
    rows, results, curves = [], [], {}
    for shape in ("tiny", "base") if article.full else ("tiny",):
        for experts, top in CHOICES:
            if shape == "base" and experts > 8:
                continue  # 32 experts in 12 layers of base are 800 million weights, and three times as many of Adam's
            options = {"experts": experts, "experts_top": top} if experts else {}
            measured = article.bench("train", shape=shape, **options, cpu_threads=article.threads,
                                     rounds=5 if article.full else 1, seconds=4 if article.full else 2)
            speed, rate, work = (measured[key] for key in ("target_tokens_per_second", "gflops",
                                                           "gflop_per_target_token"))
            if not experts:
                dense = rate["median"]
            rows.append([shape, f"{experts}, top {top}" if experts else "dense", f"{measured['shape']['weights'] / 1e6:.1f}",
                         f"{1e3 * work:.1f}", f"{speed['median']:,.0f} [{speed['min']:,.0f} … {speed['max']:,.0f}]",
                         f"{1e6 / speed['median']:.1f}", f"{rate['median']:.0f}", f"{rate['median'] / dense:.2f}"])
            results.append({"shape": shape, "experts": experts, "top": top, "bench": measured})
            if experts in (0, 8):
                curves.setdefault(shape, []).append((top, 1e6 / speed["median"]))
    article.table(["shape", "experts", "million weights", "million operations a piece", "target pieces a second",
                   "µs a piece", "GFLOP/s", "of dense"], rows)
    article.end(results, curves, x="experts a piece goes to, of 8; 0: dense", y="microseconds a target piece, training")


if __name__ == "__main__":
    main()
