#!/usr/bin/env python3
"""Attention that is told where to look: one head learns from word links, beside the translation (Chen et al. 2016, Garg et al.
2019). Links are those of dragoman align (--guided-alignment auto) or true ones; without any, alignments come from the heads
that a run finds to align best. "Whole target": in a pass of the decoder of its own, in which a piece sees what is written
after it (Garg et al., section 4.3). Alignments are of the test's own translations, which the decoder is made to write.

sounds: letters to sounds of German words, whose true links a lexicon has (scripts/links.sh). Percent that are right.
toy:    the toy grammar's sentences in words (scripts/toy_links.py). BLEU.
"""
import json
import subprocess

import systems
from article import Article, spread
from copying import MODELS, SMALL

SIZES = {"sounds": [(500, 3), (3000, 30)], "toy": [(500, 3), (3000, 30)]}  # pairs and epochs: small settings, and full ones
GUIDES = {  # links, and the weight of the term where it is not the usual one, 0.05
    "none": None,
    "dragoman align": ["auto"],
    "true links": ["file"],
    "dragoman align, weight 0.5": ["auto", 0.5],
    "true links, weight 0.5": ["file", 0.5],
    "true links, weight 0.5, whole target": ["file", 0.5],
}


def text_of(article, task):
    if task == "sounds":
        return article.text("scripts/links.sh"), ("letters", "sounds"), "exact"
    return article.text("scripts/toy_links.py"), ("zh", "en"), "bleu"


def known(article, task, text, endings, learnt):
    """The tests whose target words were all learnt from: others cannot be written."""
    words = {word for line in systems.read(learnt) for word in line.split()}
    tests = zip(*(systems.read(text / f"test.{ending}") for ending in (*endings, "links")))
    sides = zip(*(test for test in tests if words.issuperset(test[1].split())))
    return [systems.write(article.folder / f"{task}-test.{ending}", side) for ending, side in zip((*endings, "links"), sides)]


def error_rate(article, run, source, target, gold):
    """AER of the alignments of the references: they are given as what a translation begins with, and what a model adds to
    them has no links."""
    output = run.folder / "aligned"
    if not output.exists():
        command = [article.dragoman, "translate", "--model", run.folder, "--input", source, "--prefix", target, "--alignment",
                   "hard", "--beam-size", "1", "--output", output, "--cpu-threads", str(article.threads)]
        article.say(*command)
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    found = []
    for line, reference in zip(systems.read(output), systems.read(target)):
        links = line.rpartition("|||")[2].split()
        found.append(" ".join(link for link in links if int(link.split("-")[1]) < len(reference.split())))
    scored = subprocess.run([article.dragoman, "score", "--json", "--metrics", "aer", "--ref", gold, "--",
                             systems.write(run.folder / "links", found)], check=True, capture_output=True, text=True)
    return json.loads(scored.stdout)["score"]


def epochs_to(run, cost):
    """Until validation first cost no more."""
    return next((event["epoch"] for event in run.of("valid") if event["ce-mean-words"] <= cost), float("nan"))


def compare(article, task):
    text, endings, measure = text_of(article, task)
    pairs, epochs = SIZES[task][article.full]
    files = [systems.write(article.folder / f"{task}-{pairs}.{ending}", systems.read(text / f"train.{ending}")[:pairs])
             for ending in (*endings, "links")]
    dev, test = [text / f"dev.{ending}" for ending in endings], known(article, task, text, endings, files[1])
    rows, results = [], []
    for model in MODELS:
        goal = None
        for guide, kind in GUIDES.items():
            whole = "whole" in guide
            if whole and "LSTM" in model:
                continue  # whose state has not read on
            more = {} if not kind else {"add_loss": ["guided-alignment", *kind[1:]],
                                        "guided_alignment": files[2] if kind[0] == "file" else kind[0],
                                        **({"guided_alignment_context": "whole"} if whole else {})}
            runs = [article.train("-".join([task, *model.lower().replace(",", "").split(), *guide.replace(",", "").split(), str(seed)]),
                                  files[:2], dev, **{**SMALL, **MODELS[model]}, **more, mini_batch_words=1024,
                                  after=f"{epochs}e", seed=seed, precision=article.options.precision)
                    for seed in article.seeds]
            goal = goal or [run.best() for run in runs]
            found = {"aer": [error_rate(article, run, *test) for run in runs],
                     measure: [article.score(run, *test[:2], measure, tok="none" if measure == "bleu" else None)[measure]
                               for run in runs],
                     "epochs": [epochs_to(run, cost) for run, cost in zip(runs, goal)],
                     "cost": [run.best() for run in runs]}
            rows.append([model, guide, *[spread(found[key], 1).replace("failed", "not reached") for key in ("aer", measure, "epochs")],
                         spread(found["cost"], 3)])
            results.append({"task": task, "model": model, "guide": guide, **found})
    article.table([f"{task}: model", "links", "AER of attention", {"exact": "% right", "bleu": "BLEU"}[measure],
                   "epochs to the best cost without links", "best validation cost"], rows)
    return results


def main():
    article = Article(__doc__, "Attention can be told where to look", systems.add_precision)
    article.end([entry for task in SIZES for entry in compare(article, task)])


if __name__ == "__main__":
    main()
