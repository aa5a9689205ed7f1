#!/usr/bin/env python3
"""Several pieces at once: how many passes of the model greedy search takes with drafts, and how many times as fast it is, for
the same bytes. What is drafted by what:

handbook: German to English on the pairs of systems.py, the base shape (pre-norm) checked by one of a fifth of its width and a
layer, by what was written before, by the source, and by three heads of its own that look ahead (multi-token prediction).
decoder alone: the same of half the width, the source being a prompt; its heads are a chain of two.
plurals: letters of German nouns, most of which the plural copies from the source.

And what heads that look ahead do to a small model that is trained with them: BLEU of the pre-norm Transformer of systems.py,
whose runs are in the folder beside this one.

Seconds are those of the command, less those of one that translates nothing, with --speed, on a machine that does nothing
else. The same bytes are checked each time.
"""
import collections
import dataclasses
import json
import pathlib
import subprocess
import sys
import time

import systems
from article import Article, spread

BASE = {"dim_emb": 512, "dim_ffn": 2048, "enc_depth": 6, "dec_depth": 6, "heads": 8}
ALONE = {**BASE, "dim_emb": 256, "dim_ffn": 1024}
TINY = {"dim_emb": 96, "dim_ffn": 192, "enc_depth": 2, "dec_depth": 1, "heads": 4}
SMALLER = {"dim_emb": 32, "dim_ffn": 64, "enc_depth": 1, "dec_depth": 1, "heads": 2}  # of both, in small settings
APART = {"add_loss": ["ahead", 0.3], "ahead": 3}
CHAIN = {"add_loss": ["ahead", 0.3], "ahead": 2, "ahead_form": "chain"}
COMMON = {"norm_place": "pre", "mini_batch_words": systems.WORDS, "learn_rate": 0.001, "lr_warmup": 100, "lr_schedule": "cosine",
          "dropout": 0.2, "valid_metrics": "ce-mean-words", "early_stopping": 0, "disp_freq": "1e"}
EPOCHS = {"large": (2, 6), "alone": (2, 12), "small": (2, 24), "plurals": (2, 12)}
LINES = {"handbook": (20, 100), "plurals": (20, 2000)}  # that are translated
PARTS = ["handbook", "decoder alone", "plurals", "cost of heads"]
LENGTHS = {"adaptive": 0, "2": 2, "4": 4, "8": 8}  # of a draft
WAYS = [(precision, threads, batch) for precision in ("fp32", "int8") for threads in (1, 2) for batch in (1, 8)]
ROUNDS = 3  # of --speed, of which the fastest counts


@dataclasses.dataclass
class Checked:
    """A model, and what drafts for it."""
    name: str
    folder: pathlib.Path
    drafts: dict
    lines: pathlib.Path


# ---- What is trained -------------------------------------------------------------------------------------------------


def alone(shape):
    """The same as a decoder alone."""
    return {"type": "lm", "positions": "sine", **{name: value for name, value in shape.items() if name != "enc_depth"}}


def first_lines(article, name, path):
    return systems.write(article.folder / f"{name}.input", systems.read(path)[: LINES[name][article.full]])


def train(article, name, epochs, pairs, validation, **options):
    run = article.train(f"drafts-{name}", pairs, validation, **COMMON, after=f"{EPOCHS[epochs][article.full]}e",
                        precision=article.options.precision, **options)
    print(f"{name}: validation cost {run.best():.3f} nats a piece")
    return run.folder


def checked_models(article, task):
    asked = systems.asked_for(article, PARTS)
    base, half, small = (BASE, ALONE, TINY) if article.full else (SMALLER, SMALLER, SMALLER)
    lines = first_lines(article, "handbook", task.test)
    for name, epochs, large, form, heads, drafts in (("handbook", "large", base, dict, APART, ["lookup", "source"]),
                                                     ("decoder alone", "alone", half, alone, CHAIN, ["lookup"])):
        if name not in asked:
            continue
        called = name.replace(" ", "-")
        folder = train(article, f"{called}-large", epochs, task.train, task.dev, **task.options, **form(large), **heads)
        drafting = train(article, f"{called}-small", "small", task.train, task.dev, **task.options, **form(small))
        yield Checked(name, folder, {"a small model": drafting, **{draft: draft for draft in drafts}, "its own heads": "self"}, lines)
    if "plurals" not in asked:
        return
    text = article.text("scripts/inflect.sh", "plurals")
    pairs, validation = [[text / f"{part}.{side}" for side in ("word", "form")] for part in ("train", "dev")]
    folder = train(article, "plurals", "plurals", pairs, validation, segmenter="space", **small)
    yield Checked("plurals", folder, {"source": "source", "lookup": "lookup"},
                  first_lines(article, "plurals", text / "test.word"))


# ---- What is measured ------------------------------------------------------------------------------------------------


def search(article, model, way, lines, draft=None, length=0):
    """Seconds, and the lines; None: this processor has no such products."""
    precision, threads, batch = way
    command = [article.dragoman, "translate", "--model", model.folder, "--input", lines, "--beam-size", "1", "--precision",
               precision, "--cpu-threads", str(threads), "--mini-batch", str(batch), "--json",
               *(["--draft", draft, "--draft-length", str(length)] if draft else [])]
    begun = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return None
    return time.monotonic() - begun, [json.loads(line) for line in done.stdout.splitlines()]


def same(model, draft, drafted, plain):
    found = [[[line["text"], line["piece_scores"]] for line in lines] for lines in (drafted, plain)]
    if found[0] != found[1]:
        sys.exit(f"{model.name}: drafts by {draft} have other bytes")


def count(article, model):
    """Passes: without drafts a piece is one."""
    way = "fp32", article.threads, 8
    _, plain = search(article, model, way, model.lines)
    rows, results = [], []
    for draft, by in model.drafts.items():
        for name, length in LENGTHS.items():
            _, lines = search(article, model, way, model.lines, by, length)
            same(model, draft, lines, plain)
            right = collections.Counter(number for line in lines for number in line["accepted"])
            passes, drafted = [sum(line[what] for line in lines) for what in ("passes", "drafted")]
            at_least = {n: 100 * sum(times for number, times in right.items() if number >= n) / passes for n in range(1, 9)}
            accepted = sum(number * times for number, times in right.items())
            a_pass = sum(len(line["pieces"]) for line in lines) / passes
            rows.append([draft, name, f"{a_pass:.2f}", f"{100 * accepted / max(drafted, 1):.0f}",
                         ", ".join(f"{share:.0f}" for share in at_least.values() if share) or "–"])
            results.append({"model": model.name, "draft": draft, "length": name, "pieces a pass": a_pass, "drafted": drafted,
                            "accepted": accepted, "at least so many right, % of passes": at_least})
    article.table([f"{model.name}: drafts by", "draft length", "pieces a pass", "guesses that are right, %",
                   "passes with 1, 2, … right guesses or more, %"], rows)
    return results


def fastest(article, model, way, draft=None):
    """Seconds of the lines, and what was found."""
    empty = systems.write(article.folder / "nothing", [])
    rounds = [search(article, model, way, model.lines, draft) for _ in range(ROUNDS)]
    if None in rounds:
        return None, None
    idle = min(search(article, model, way, empty, draft)[0] for _ in range(ROUNDS))
    return max(min(seconds for seconds, _ in rounds) - idle, 1e-9), rounds[0][1]


def measure(article, model):
    rows, results = [], []
    for way in WAYS:
        seconds, plain = fastest(article, model, way)
        if not plain:
            continue
        times = {}
        for draft, by in model.drafts.items():
            drafted, lines = fastest(article, model, way, by)
            same(model, draft, lines, plain)
            times[draft] = seconds / drafted
        rows.append([*way, f"{seconds:.2f}", *(f"{value:.2f}" for value in times.values())])
        results.append({"model": model.name, "precision": way[0], "threads": way[1], "batch": way[2], "seconds": seconds,
                        "times as fast": times})
    article.table([f"{model.name}: precision", "threads", "batch", "seconds without drafts",
                   *(f"times as fast, {draft}" for draft in model.drafts)], rows)
    return results


def cost_of_heads(article, task):
    rows, results = [], []
    for name, called, heads in (("without heads", [], {}), ("three heads", ["ahead"], APART)):
        runs = [systems.train(article, task, "Transformer, pre-norm", seed, called=called, **heads) for seed in article.seeds]
        scores, costs = [task.score(article, run) for run in runs], [run.best() for run in runs]
        rows.append([name, spread(scores, 1), spread(costs, 3)])
        results.append({"heads": name, "scores": scores, "costs": costs})
    article.table([f"handbook, {task.epochs} epochs", "BLEU", "validation cost, nats a piece"], rows)
    return results


def add_options(parser):
    systems.add_precision(parser)
    systems.add_only(parser, PARTS)
    parser.add_argument("--speed", action="store_true", help="also measure how many times as fast: on a machine that does "
                                                             "nothing else")


def main():
    article = Article(__doc__, "A small model drafts, the large one checks all of it in one pass: faster, and the same text",
                      add_options)
    article.runs = article.folder.parent / "systems"
    task = systems.handbook(article)
    models = list(checked_models(article, task))
    results = {"passes": [entry for model in models for entry in count(article, model)]}
    if article.options.speed:
        results["speed"] = [entry for model in models for entry in measure(article, model)]
    if "cost of heads" in systems.asked_for(article, PARTS):
        results["cost of heads"] = cost_of_heads(article, task)
    curves = collections.defaultdict(list)
    for entry in results["passes"]:
        if entry["length"] != "adaptive":
            curves[f"{entry['model']}, {entry['draft']}"].append((int(entry["length"]), entry["pieces a pass"]))
    article.end(results, curves, x="guesses of a draft", y="pieces a pass")


if __name__ == "__main__":
    main()
