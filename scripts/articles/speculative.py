#!/usr/bin/env python3
"""Several pieces at once: how many passes of the model, and how many seconds, greedy search takes with drafts and without,
for the same bytes. What is drafted by what:

handbook: German to English on 15,000 pairs, the base shape checked by one of a fifth of its width and a layer, by what was
written before, and by the source.
decoder alone: the same pairs, the source being a prompt.
plurals: letters of German nouns, most of which the plural copies from the source.
heads: both of the handbook's once more, each with three heads that look ahead (multi-token prediction), by which it drafts
itself; and what the heads do to the cost of the next piece.

Seconds are those of the command, less those of one that translates nothing: they only mean something on a machine that does
nothing else. The same bytes are checked each time.
"""
import collections
import json
import re
import subprocess
import sys
import time

import systems
from article import Article

BASE = {"dim_emb": 512, "dim_ffn": 2048, "enc_depth": 6, "dec_depth": 6, "heads": 8}
TINY = {"dim_emb": 96, "dim_ffn": 192, "enc_depth": 2, "dec_depth": 1, "heads": 4}
SMALLER = {"dim_emb": 32, "dim_ffn": 64, "enc_depth": 1, "dec_depth": 1, "heads": 2}  # of both, in small settings
COMMON = {"mini_batch_words": 2048, "learn_rate": 0.001, "lr_warmup": 100, "dropout": 0.3, "lr_schedule": "inv-sqrt",
          "valid_metrics": "ce-mean-words", "early_stopping": 0}
EPOCHS = {"handbook": (3, 24), "plurals": (3, 12)}
PAIRS = {"handbook": (3000, 15000), "plurals": (4000, None)}
PIECES = (500, 4000)  # of the vocabulary of the handbook
LINES = (40, 400)  # that are translated
WAYS = [(precision, threads, batch) for precision in ("fp32", "int8") for threads in (1, 2) for batch in (1, 8)]
DRAFT_LENGTHS = {"adaptive": 0, "4": 4}


def alone(shape):
    """The same as a decoder alone."""
    return {"type": "lm", "positions": "sine", **{name: value for name, value in shape.items() if name != "enc_depth"}}


class Task:
    """What is trained, and on what: models[0] is checked by the others. drafts: sources beside them."""

    def __init__(self, name, train, dev, test, models, drafts, **options):
        self.name, self.train, self.dev, self.test, self.models, self.drafts = name, train, dev, test, models, drafts
        self.options = options


def text_of(article, name, sides, script, *arguments):
    text = article.text(script, *arguments)
    train, dev, test = [[text / f"{part}.{side}" for side in sides] for part in ("train", "dev", "test")]
    count = PAIRS[name][article.full]
    if count:
        train = article.some(train, count, article.folder / "text" / name)
    lines = article.folder / f"{name}.input"
    lines.write_text("".join(test[0].read_text(encoding="utf-8").splitlines(keepends=True)[: LINES[article.full]]),
                     encoding="utf-8")
    return train, dev, lines


def tasks(article):
    large, small = (BASE, TINY) if article.full else (SMALLER, SMALLER)
    handbook = text_of(article, "handbook", ("de", "en"), "scripts/handbook.sh", "--text-only", "de")
    plurals = text_of(article, "plurals", ("word", "form"), "scripts/inflect.sh", "plurals")
    segmented = {"vocab_size": PIECES[article.full], "after": f"{EPOCHS['handbook'][article.full]}e"}
    letters = {"segmenter": "space", "after": f"{EPOCHS['plurals'][article.full]}e"}
    yield Task("handbook", *handbook, [large, small], ["lookup", "source"], **segmented)
    yield Task("decoder alone", *handbook, [alone(large), alone(small)], ["lookup"], **segmented)
    heads = {"add_loss": ["ahead", 0.3], "ahead": 3}
    yield Task("heads", *handbook, [{**large, **heads}], ["self"], **segmented)
    yield Task("decoder alone, heads", *handbook, [{**alone(large), **heads}], ["self"], **segmented)
    yield Task("plurals", *plurals, [small], ["source", "lookup"], **letters)


def trained(article, task):
    """Of the same text, and so of the same vocabularies."""
    runs = [article.train(f"{'-'.join(re.findall('[a-z]+', task.name))}-{at}", task.train, task.dev,
                          **{**COMMON, **task.options, **shape}) for at, shape in enumerate(task.models)]
    print(f"{task.name}: validation cost of the model that checks {runs[0].best('ce-mean-words'):.3f} nats a piece\n")
    return [run.folder for run in runs]


class Clock:
    def __init__(self, article, folder, lines):
        self.article, self.folder, self.lines, self.nothing = article, folder, lines, {}

    def run(self, lines, way, *draft):
        precision, threads, batch = way
        command = [self.article.dragoman, "translate", "--model", self.folder, "--input", lines, "--beam-size", "1",
                   "--precision", precision, "--cpu-threads", str(threads), "--mini-batch", str(batch), "--json", *draft]
        begin = time.monotonic()
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            return None  # this processor has no such products
        return time.monotonic() - begin, [json.loads(line) for line in done.stdout.splitlines()]

    def measure(self, way, *draft):
        """Seconds, passes, guesses, and the lines: without drafts a piece is a pass. The best of some rounds."""
        empty = self.article.folder / "nothing"
        empty.write_text("", encoding="utf-8")
        rounds = 5 if self.article.full else 1
        runs = [self.run(self.lines, way, *draft) for _ in range(rounds)]
        if None in runs:
            return None
        idle = min(self.run(empty, way, *draft)[0] for _ in range(rounds))
        lines = runs[0][1]
        return {"seconds": max(min(seconds for seconds, _ in runs) - idle, 1e-9),
                "pieces": sum(len(line["pieces"]) for line in lines),
                "passes": sum(line.get("passes", len(line["pieces"])) for line in lines),
                "drafted": sum(line.get("drafted", 0) for line in lines),
                "accepted": sum(sum(line.get("accepted", [])) for line in lines),
                "lengths": collections.Counter(right for line in lines for right in line.get("accepted", [])),
                "found": [[line["text"], line["piece_scores"]] for line in lines]}


def compare(article, task):
    folders = trained(article, task)
    clock, rows, results = Clock(article, folders[0], task.test), [], []
    for way in WAYS:
        plain = clock.measure(way)
        if not plain:
            continue
        for draft in [*map(str, folders[1:]), *task.drafts]:
            for name, length in DRAFT_LENGTHS.items():
                drafted = clock.measure(way, "--draft", draft, "--draft-length", str(length))
                if drafted.pop("found") != plain["found"]:
                    sys.exit(f"{task.name}: drafts by {draft} have other bytes")
                said = "a small model" if draft in map(str, folders) else draft
                results.append({"task": task.name, "draft": said, "length": name, "precision": way[0], "threads": way[1],
                                "batch": way[2], "plain seconds": plain["seconds"], **drafted})
                rows.append([said, name, *way, f"{drafted['pieces'] / drafted['passes']:.2f}",
                             f"{100 * drafted['accepted'] / max(drafted['drafted'], 1):.0f}", f"{plain['seconds']:.2f}",
                             f"{drafted['seconds']:.2f}", f"{plain['seconds'] / drafted['seconds']:.2f}"])
    for by in {result["draft"]: result for result in results if result["length"] == "adaptive"}.values():
        passes = {n: sum(count for right, count in by["lengths"].items() if right >= n) for n in range(1, 9)}
        shares = [f"{n}: {100 * count / by['passes']:.0f}" for n, count in passes.items() if count]
        print(f"{by['draft']}, so many guesses or more were right, % of passes: {', '.join(shares) or 'none'}")
    print()
    article.table(["drafts by", "draft length", "precision", "threads", "batch", "pieces a pass", "right, %",
                   "seconds without", "with", "times as fast"], rows)
    return results


def main():
    article = Article(__doc__, "A small model drafts, the large one checks all of it in one pass: faster, and the same text")
    results = []
    for task in tasks(article):
        results += compare(article, task)
    best = {}
    for result in results:
        point = (result["pieces"] / result["passes"], result["plain seconds"] / result["seconds"])
        best.setdefault(f"{result['task']}, {result['draft']}", []).append(point)
    article.end(results, {name: sorted(points) for name, points in best.items()}, x="pieces a pass", y="times as fast")


if __name__ == "__main__":
    main()
