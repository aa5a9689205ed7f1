#!/usr/bin/env python3
"""Translating without going piece by piece, beside greedy search and a beam of 5: masked pieces, corrected in T passes
(Ghazvininejad et al. 2019), and one pass by CTC (Libovický and Helcl 2018). The model is the pre-norm Transformer of
systems.py, whose runs, in the folder beside this one, are the first rows; each kind is trained on the text as it is, and on
what that model has made of it with a beam of 5 (sequence-level distillation, Kim and Rush 2016). Since an update of masked
pieces says half of them, those models are trained for twice as many epochs.

Decoder calls are of a line by itself: its pieces and the end of it piece by piece, T at most by masks, one by CTC. Seconds are
of the whole test file on one thread, with --speed, on a machine that does nothing else.
"""
import dataclasses
import json
import pathlib
import statistics
import subprocess
import time

import systems
from article import HERE, Article, spread, words

SYSTEM = "Transformer, pre-norm"
KINDS = {  # training, how many times the epochs, and the searches: their options, and decoder calls where they are known
    "piece by piece": ({}, 1, {"greedy": ({"beam_size": 1}, None), "beam 5": ({"beam_size": 5}, None)}),
    "masked": ({"objective": "masked"}, 2, {f"T = {t}": ({"iterations": t}, t) for t in (1, 4, 10)}),
    "CTC": ({"output_layer": "ctc"}, 1, {"one pass": ({}, 1)}),
}
BATCHES = 1, 32
ROUNDS = 3  # of --speed, of which the fastest counts


def train(article, task, kind, seed, distilled=None):
    changes, longer, _ = KINDS[kind]
    if distilled:
        task = dataclasses.replace(task, train=distilled)
    called = ([] if kind == "piece by piece" else [kind.lower()]) + ["distilled"] * bool(distilled)
    return systems.train(article, task, SYSTEM, seed, epochs=longer * task.epochs, called=called, **changes)


def distil(article, task):
    """What the first model makes of the text it was trained on."""
    folder = article.folder / f"{task.name}-distilled"
    command = [HERE / "scripts" / "distil.sh", "--only", "--beam-size", "5", "--forward",
               train(article, task, "piece by piece", 1).folder, *task.train, folder]
    article.say(*command)
    subprocess.run(command, check=True, capture_output=True)
    return [folder / "train.src", folder / "train.trg"]


def command_of(article, run, task, options, *more):
    return [article.dragoman, "translate", "--model", run.folder, "--input", task.test, *words(options), *more]


def translate(article, run, task, how, options):
    """The score of what is found so, and the pieces of a line in the mean, its end among them."""
    name = f"{task.test.name}.{how.replace(' ', '')}"
    kept = run.folder / f"{name}.json"
    if not kept.exists():
        command = command_of(article, run, task, options, "--json", "--output", kept, "--cpu-threads", str(article.threads))
        article.say(*command)
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    found = [json.loads(line) for line in systems.read(kept)]
    systems.write(run.folder / f"{name}.out", [line["text"] for line in found])
    score = article.score(run, pathlib.Path(name), task.references, task.metric, tok=task.tok)[task.metric]
    return (100 - score if task.metric == "exact" else score,
            statistics.fmean(len(line.get("pieces") or [""]) for line in found))


def seconds(article, run, task, how, options, batch):
    """Measured with --speed, and kept; None: it has not been yet."""
    kept = run.folder / f"seconds-{how.replace(' ', '')}-{batch}.json"
    if article.options.speed:
        command = command_of(article, run, task, options, "--mini-batch", str(batch), "--cpu-threads", "1", "--output",
                             run.folder / "speed.out")
        article.say(*command)
        rounds = []
        for _ in range(ROUNDS):
            begun = time.monotonic()
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            rounds.append(time.monotonic() - begun)
        kept.write_text(json.dumps(min(rounds)) + "\n", encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None


def compare(article, task):
    """Calls and seconds are of the models of the text as it is: those of distilled text are as large."""
    rows, results = [], []
    texts = {"raw": None, "distilled": distil(article, task)}
    for kind, (_, _, searches) in KINDS.items():
        runs = {text: [train(article, task, kind, seed, pairs) for seed in article.seeds] for text, pairs in texts.items()}
        for how, (options, calls) in searches.items():
            found = {text: [translate(article, run, task, how, options) for run in of_text] for text, of_text in runs.items()}
            scores = {text: [score for score, _ in pairs] for text, pairs in found.items()}
            calls_of = calls or statistics.fmean(pieces for _, pieces in found["raw"])
            took = [seconds(article, runs["raw"][0], task, how, options, batch) for batch in BATCHES]
            rows.append([kind, how, *(spread(values, 1) for values in scores.values()), f"{calls_of:.3g}",
                         *("–" if value is None else f"{value:.2f}" for value in took)])
            results.append({"task": task.name, "kind": kind, "search": how, "scores": scores, "calls": calls_of,
                            "seconds": dict(zip(BATCHES, took))})
    measured = "WER" if task.metric == "exact" else "BLEU"
    article.table([f"{task.name}, {task.epochs} epochs", "search", measured, f"{measured}, distilled text", "decoder calls a line",
                   *(f"seconds, {batch} line{'s' * (batch > 1)} at once" for batch in BATCHES)], rows)
    return results


def main():
    article = Article(__doc__, "A decoder that writes all pieces at once is many times as fast",
                      lambda parser: systems.add_comparison(parser, ["sounds", "handbook"]))
    article.runs = article.folder.parent / "systems"
    article.end([entry for task in systems.tasks_asked(article) for entry in compare(article, task)])


if __name__ == "__main__":
    main()
