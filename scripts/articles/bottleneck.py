#!/usr/bin/env python3
"""BLEU by the length of the source, with attention and without, and what it does to either to read the source from its
last word to its first. The runs are those of systems.py, in the folder beside this one; what is missing is trained there.
"""
from article import Article, spread
from lengths import buckets
from systems import add_precision, handbook, read, train

LENGTHS = [(1, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, 100)]  # words of the source
COMPARED = ["LSTM, no attention", "LSTM, attention"]


def mean_length(path):
    lines = read(path)
    return sum(len(line.split()) for line in lines) / len(lines)


def main():
    article = Article(__doc__, "One vector for a whole sentence is a bottleneck, and attention removes it", add_precision)
    article.runs = article.folder.parent / "systems"
    task = handbook(article)
    tests = buckets(article.folder, task.test.parent, LENGTHS)
    rows, results, curves = [], [], {}
    for system in COMPARED:
        for changes in ({}, {"reverse_source": True}):
            name = system + ", source reversed" * bool(changes)
            runs = [train(article, task, system, seed, **changes) for seed in article.seeds]
            whole = [task.score(article, run) for run in runs]
            bleu = {bucket: [article.score(run, *pair, "bleu")["bleu"] for run in runs] for bucket, pair in tests.items()}
            rows.append([name, spread(whole, 1), *[spread(scores, 1) for scores in bleu.values()]])
            results.append({"system": name, "bleu": whole, "by_length": {f"{a}-{b}": bleu[a, b] for a, b in tests}})
            curves[name] = [(mean_length(tests[bucket][0]), sum(scores) / len(scores)) for bucket, scores in bleu.items()]
    article.table(["handbook", "BLEU", *[f"{low} to {high} words" for low, high in LENGTHS]], rows)
    article.end(results, curves, x="words of the source", y="BLEU")


if __name__ == "__main__":
    main()
