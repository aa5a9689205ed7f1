#!/usr/bin/env python3
"""Which positions carry beyond the lengths that were learned from.

digits: numbers of 1 to 6 digits are read out digit by digit ("4 7 1" becomes "four seven one"), forwards or backwards;
the test asks for 7 to 12. Share of numbers that are read without a mistake.
handbook: German to English from sentences of at most 12 pieces; the test pages, by the length of the source. BLEU.
"""
import random

from article import Article, spread

WORDS = "zero one two three four five six seven eight nine".split()
KINDS = ["sine", "learned", "rotary", "alibi", "none"]
LEARNED, ASKED = range(1, 7), range(7, 13)
BUCKETS = [(1, 6), (7, 10), (11, 20), (21, 100)]  # words of the source


def numbers(folder, count, lengths, name, seed):
    """Files of digits and of their words: the first digit says which way to read ("<" is backwards)."""
    dice, seen, pairs = random.Random(seed), set(), []
    while len(pairs) < count:
        digits = [dice.randrange(10) for _ in range(dice.choice(lengths))]
        way = dice.choice("<>")
        if (way, tuple(digits)) in seen and len(digits) > 2:  # of the short ones there are only so many
            continue
        seen.add((way, tuple(digits)))
        words = [WORDS[digit] for digit in digits]
        pairs.append((" ".join([way, *map(str, digits)]), " ".join(words if way == ">" else words[::-1])))
    paths = [folder / f"{name}.digits", folder / f"{name}.words"]
    for path, lines in zip(paths, zip(*pairs)):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return paths


def read_numbers(article):
    folder = article.folder / "digits"
    folder.mkdir(exist_ok=True)
    train = numbers(folder, 20000, LEARNED, "train", 1)
    dev = numbers(folder, 500, LEARNED, "dev", 2)
    tests = {n: numbers(folder, 300, [n], f"test{n}", 10 + n) for n in [*LEARNED, *ASKED]}
    rows, results = [], []
    for kind in KINDS:
        exact = {n: [] for n in tests}
        for seed in article.seeds:
            run = article.train(f"digits-{kind}-{seed}", train, dev, segmenter="space", positions=kind, dim_emb=64,
                                dim_ffn=128, enc_depth=2, dec_depth=2, heads=4, mini_batch_words=2048, learn_rate=0.003,
                                lr_schedule="cosine", lr_warmup=200, after="10e", dropout=0.1, early_stopping=0,
                                valid_metrics=["ce-mean-words"], seed=seed)
            for n, (source, reference) in tests.items():
                exact[n].append(article.score(run, source, reference, "exact", beam_size=1)["exact"])
        rows.append([kind, *[spread(exact[n], 1) for n in (1, 3, 6, *ASKED)]])
        results.append({"task": "digits", "positions": kind, "exact": exact})
    article.table(["digits: positions", "1", "3", "6 (longest learned)", *ASKED], rows)
    return results


def buckets(folder, text, lengths):
    """The test pages by the length of the German side, in files of this folder."""
    lines = list(zip(*[(text / f"test.{language}").read_text(encoding="utf-8").splitlines() for language in ("de", "en")]))
    made = {}
    for low, high in lengths:
        some = [pair for pair in lines if low <= len(pair[0].split()) <= high]
        paths = [folder / f"test.{low}-{high}.{language}" for language in ("de", "en")]
        for path, side in zip(paths, zip(*some)):
            path.write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
        made[low, high] = paths
    return made


def translate_longer(article):
    text = article.text("scripts/handbook.sh", "--text-only", "de")
    tests, rows, results = buckets(article.folder, text, BUCKETS), [], []
    for kind in KINDS:
        bleu = {bucket: [] for bucket in tests}
        for seed in article.seeds:
            run = article.train(f"handbook-{kind}-{seed}", [text / "train.de", text / "train.en"],
                                [text / "dev.de", text / "dev.en"], vocab_size=4000, max_length=12, positions=kind,
                                dim_emb=128, dim_ffn=256, enc_depth=3, dec_depth=3, heads=4, mini_batch_words=2048,
                                learn_rate=0.003, lr_schedule="cosine", lr_warmup=500, dropout=0.2, early_stopping=0,
                                after="12e" if article.full else "4e", valid_metrics=["ce-mean-words"], seed=seed)
            for bucket, (source, reference) in tests.items():
                bleu[bucket].append(article.score(run, source, reference, "bleu")["bleu"])
        rows.append([kind, *[spread(bleu[bucket], 1) for bucket in tests]])
        results.append({"task": "handbook", "positions": kind, "bleu": {f"{a}-{b}": bleu[a, b] for a, b in tests}})
    article.table(["handbook, from at most 12 pieces: positions", *[f"{a} to {b} words" for a, b in tests]], rows)
    return results


def main():
    article = Article(__doc__, "RoPE handles long sequences")
    results = read_numbers(article) + translate_longer(article)
    curves = {entry["positions"]: [(n, sum(values) / len(values)) for n, values in entry["exact"].items()]
              for entry in results if entry["task"] == "digits"}
    article.end(results, curves, x="digits", y="% read without a mistake", title="learned from 1 to 6 digits")


if __name__ == "__main__":
    main()
