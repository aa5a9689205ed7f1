#!/usr/bin/env python3
"""Faster, one piece at a time: a deep encoder with a shallow decoder (Kasai et al. 2021), and decoders that look back by a scan
in the place of self-attention (average attention, Zhang et al. 2018; simpler simple recurrent units, Kim et al. 2019), beside
the pre-norm Transformer of systems.py, whose runs, in the folder beside this one, are the first row. Translations are greedy and
in int8; speed is in target pieces a second, with --speed, on a machine that does nothing else. A row is on the front if no
other is both better and faster.
"""
import json
import subprocess

import systems
from article import Article, spread

SYSTEM = systems.FOUR[3]
SHAPES = {  # what is other
    "3 + 3 layers": {},
    "6 + 2 layers": {"enc_depth": 6, "dec_depth": 2},
    "6 + 1 layers": {"enc_depth": 6, "dec_depth": 1},
    "12 + 1 layers": {"enc_depth": 12, "dec_depth": 1},
    "3 + 3 layers, average attention": {"dec_autoreg": "average-attention"},
    "3 + 3 layers, SSRU": {"dec_autoreg": "ssru"},
    "6 + 2 layers, SSRU": {"enc_depth": 6, "dec_depth": 2, "dec_autoreg": "ssru"},
    "12 + 1 layers, SSRU": {"enc_depth": 12, "dec_depth": 1, "dec_autoreg": "ssru"},
}
SEARCH = {"precision": "int8", "beam_size": 1}
BATCHES = 1, 32
THREADS = 2


def speed(article, task, run, batch):
    """Target pieces a second, measured with --speed, and kept. None: they have not been yet."""
    kept = run.folder / f"bench-{batch}-at-once.json"
    if article.options.speed:
        command = [article.dragoman, "bench", "translate", "--model", run.folder, "--input", task.test, "--precision",
                   SEARCH["precision"], "--beam-size", "1", "--mini-batch", str(batch), "--cpu-threads", str(THREADS), "--json",
                   "--seconds", str(systems.SECONDS)]
        article.say(*command)
        kept.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout, encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))["target_tokens_per_second"]["median"] if kept.exists() else None


def score(article, task, run):
    source = systems.write(run.folder / f"{task.test.name}.int8", systems.read(task.test))
    return article.score(run, source, task.references, "bleu", tok=task.tok, **SEARCH)["bleu"]


def on_front(rows, row):
    """rows: (better, faster)"""
    return not any(other[0] >= row[0] and other[1] >= row[1] and other != row for other in rows)


def compare(article, task):
    found, results = [], []
    for shape in systems.asked_for(article, SHAPES):
        changes = SHAPES[shape]
        named = {"called": shape.replace("+", "").replace(",", "").lower().split()} if changes else {}
        runs = [systems.train(article, task, SYSTEM, seed, **named, **changes) for seed in article.seeds]
        scores = [score(article, task, run) for run in runs]
        speeds = [speed(article, task, runs[0], batch) for batch in BATCHES]
        parameters, piece, _ = systems.costs(article, runs[0])
        found.append((shape, scores, speeds, parameters, piece, [run.seconds / 60 for run in runs]))
        results.append({"task": task.name, "shape": shape, "scores": scores,
                        "pieces a second": dict(zip(map(str, BATCHES), speeds))})
    fronts = [[(sum(row[1]), row[2][k] or 0) for row in found] for k in range(len(BATCHES))]
    rows = []
    for at, (shape, scores, speeds, parameters, piece, minutes) in enumerate(found):
        said = ["–" if speed is None else f"{speed:,.0f}" + " (front)" * on_front(front, front[at])
                for speed, front in zip(speeds, fronts)]
        rows.append([shape, spread(scores, 1), f"{parameters / 1e6:.2f}", f"{piece / 1e6:.1f}", *said, spread(minutes, 1)])
    article.table([f"{task.name}, {task.epochs} epochs", "BLEU", "million parameters",
                   "million operations a piece, training", *[f"pieces a second, {batch} at once" for batch in BATCHES],
                   "minutes"], rows)
    curves = {row[0]: [(speed or 0, sum(row[1]) / len(row[1])) for speed in row[2]] for row in found}
    return results, curves


def add_options(parser):
    systems.add_comparison(parser, ["handbook"])
    systems.add_only(parser, SHAPES)


def main():
    article = Article(__doc__, "A deep encoder and a shallow decoder: as good, and several times as fast", add_options)
    article.runs = article.folder.parent / "systems"
    results, curves = [], None
    for task in systems.tasks_asked(article):
        found, drawn = compare(article, task)
        results += found
        curves = curves or drawn
    article.end(results, curves, x="target pieces a second", y="BLEU", log_x=True)


if __name__ == "__main__":
    main()
