#!/usr/bin/env python3
"""What gives quality on little data: one change at a time to the pre-norm Transformer of systems.py, on its handbook and,
where the user has it, on Multi30k's captions, into German as its recipes are; its runs, in the folder beside this one, are the
first row. BLEU is of the test text, the choice is to be made by validation, which stands beside it.

Text in pieces already, as Multi30k's, is not cut in other ways, nor has each of its sides a vocabulary of its own.
"""
import dataclasses
import re
import subprocess
import types

import systems
from article import HERE, Article, spread

SYSTEM = "Transformer, pre-norm"
INTO_GERMAN = "multi30k-en-de"
systems.FIRST[INTO_GERMAN] = systems.FIRST["multi30k"]
CHANGES = {  # what is other; of the handbook's text alone where it is about how that is cut into pieces
    "as it is": {},
    "dropout 0.2": {"dropout": 0.2},
    "dropout 0.4": {"dropout": 0.4},
    "no label smoothing": {"label_smoothing": 0},
    "dropout of attention too, 0.1": {"dropout_attention": 0.1},
    "dropout inside feed-forward too, 0.1": {"dropout_ffn": 0.1},
    "layers passed over, 0.1 (Fan et al. 2020)": {"layer_drop": 0.1},
    "words left out, 0.1 (Sennrich et al. 2016)": {"dropout_src": 0.1, "dropout_trg": 0.1},
    "weight decay 0.01 (Loshchilov and Hutter 2019)": {"weight_decay": 0.01},
    "R-Drop (Liang et al. 2021)": {"add_loss": ["r-drop", 2.5]},
    "cutoff of tokens (Shen et al. 2020)": {"add_loss": ["cutoff", 1]},
    "cutoff of a span": {"add_loss": ["cutoff", 1], "cutoff_kind": "span"},
    "average of the last 5 epochs": {"average": 5},
    "moving average of the weights": {"exponential_smoothing": 0.001},
    "tables of source and target apart": {"tied_embeddings": "target"},
    "no tables tied": {"tied_embeddings": "none"},
}
OF_RAW_TEXT = {
    "BPE": {"segmenter": "bpe"},
    "BPE-dropout 0.1 (Provilkov et al. 2020)": {"segmenter": "bpe", "segment_noise": 0.1},
    "sampling of segmentations, 0.2 (Kudo 2018)": {"segment_noise": 0.2},
    "half as many pieces": {"vocab_size": lambda size: size // 2},
    "twice as many pieces": {"vocab_size": lambda size: size * 2},
    "a vocabulary for each side": {"tied_embeddings": "target", "separate_vocabs": True},
}
ENSEMBLE = 3  # models that translate together, that a model is distilled from, and that go each way in diversification


def tasks_asked(article):
    for task in systems.tasks_asked(article):
        yield (dataclasses.replace(systems.multi30k(article, ("en", "de")), name=INTO_GERMAN) if task.name == "multi30k" else
               task)


def train(article, task, name, changes, seed, pairs=None):
    """pairs: others to train on than the task's, in as many updates."""
    changes = {option: value(task.options["vocab_size"]) if callable(value) else value for option, value in changes.items()}
    rate, usual = systems.chosen_for(task.name, SYSTEM)
    dropout = changes.pop("dropout", usual)
    words = [] if name == "as it is" else re.findall(r"\w+", name.lower())
    return systems.train(article, dataclasses.replace(task, train=pairs or task.train), SYSTEM, seed,
                         (rate, dropout) if dropout != usual else None, epochs=updates_alike(task, pairs), called=words, **changes)


def updates_alike(task, pairs):
    if not pairs:
        return None
    count, usual = (sum(1 for _ in open(files[0], encoding="utf-8")) for files in (pairs, task.train))
    return max(1, round(task.epochs * usual / count))


def distil(article, task, name, *arguments):
    folder = article.folder / f"{task.name}-{name}"
    command = [HERE / "scripts" / "distil.sh", *map(str, arguments), *task.train, folder]
    article.say(*command)
    subprocess.run(command, check=True, capture_output=True)
    return [folder / "train.src", folder / "train.trg"]


def row(article, task, name, runs):
    scores = [task.score(article, run) for run in runs]
    print(f"{task.name}: {name}: {spread(scores, 1)}", flush=True)
    return {"task": task.name, "change": name, "bleu": scores, "validation": [run.best() for run in runs],
            "minutes": [run.seconds / 60 for run in runs]}


def together(article, task, runs):
    """The models as an ensemble, whose translation is there as that of a run."""
    folder = article.folder / f"{task.name}-together"
    output = folder / f"{task.test.name}.out"
    folder.mkdir(exist_ok=True)
    if not output.exists():
        command = [article.dragoman, "translate", "--model", *[run.folder for run in runs], "--input", task.test, "--output",
                   output, "--cpu-threads", str(article.threads)]
        article.say(*command)
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return types.SimpleNamespace(folder=folder, diverged=False, seconds=sum(run.seconds for run in runs), best=lambda: None)


def models_of(article, task, backward):
    """As many as translate together; those that translate back are this script's."""
    seeds = range(1, 1 + ENSEMBLE)
    if not backward:
        return [train(article, task, "as it is", {}, seed) for seed in seeds]
    back = dataclasses.replace(task, train=task.train[::-1], dev=task.dev[::-1])
    return [systems.train(article, back, SYSTEM, seed, called=["back"]) for seed in seeds]


def distilled(article, task, name):
    models = ",".join(str(run.folder) for run in models_of(article, task, False))
    pairs = distil(article, task, "distilled", "--only", "--forward", models)
    return [train(article, task, name, {}, seed, pairs) for seed in article.seeds]


def diversified(article, task, name):
    forward, back = (models_of(article, task, backward) for backward in (False, True))
    pairs = distil(article, task, "diversified", *[word for run in forward for word in ("--forward", run.folder)],
                   *[word for run in back for word in ("--backward", run.folder)])
    return [train(article, task, name, {}, seed, pairs) for seed in article.seeds]


OF_SEVERAL = {
    "an ensemble of three": lambda article, task, _: [together(article, task, models_of(article, task, False))],
    "distilled from three (Kim and Rush 2016)": distilled,
    "diversified, three models each way (Nguyen et al. 2020)": diversified,
}


def compare(article, task):
    changes = CHANGES | (OF_RAW_TEXT if "vocab_size" in task.options else {})
    results = [row(article, task, name, [train(article, task, name, changes[name], seed) for seed in article.seeds])
               for name in systems.asked_for(article, changes)]
    for name in systems.asked_for(article, OF_SEVERAL):
        results.append(row(article, task, name, OF_SEVERAL[name](article, task, name)))
    article.table([f"{task.name}, {task.epochs} epochs", "BLEU", "validation cost, nats a piece (which other pieces change)",
                   "minutes"],
                  [[entry["change"], spread(entry["bleu"], 1),
                    "–" if None in entry["validation"] else spread(entry["validation"], 3), spread(entry["minutes"], 1)]
                   for entry in results])
    return results


def add_options(parser):
    systems.add_comparison(parser, ["handbook"])
    systems.add_only(parser, [*CHANGES, *OF_RAW_TEXT, *OF_SEVERAL])


def main():
    article = Article(__doc__, "On little data, settings and noise give what size cannot", add_options)
    article.runs = article.folder.parent / "systems"
    article.end([entry for task in tasks_asked(article) for entry in compare(article, task)])


if __name__ == "__main__":
    main()
