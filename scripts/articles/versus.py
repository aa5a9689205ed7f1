#!/usr/bin/env python3
"""An encoder with a decoder against a decoder alone, for which the source is a prompt: the tasks of systems.py, whose runs
of the Transformer, in the folder beside this one, are the first row. At equal operations a decoder alone has half of the
weights in its layers, since every piece of the source goes through all of them; with as many weights it takes twice the
operations.
"""
import systems
from article import Article

PRE_NORM = "Transformer, pre-norm"
EQUAL_WORK = {"type": "lm", "positions": "sine", "dim_ffn": 384, "dec_depth": 4, "heads": 4}
COMPARED = {
    PRE_NORM: systems.SYSTEMS[PRE_NORM],
    "decoder alone": EQUAL_WORK,
    "decoder alone, the prompt seen in both directions": {**EQUAL_WORK, "prompt_mask": "full"},
    "decoder alone, the source predicted too": {**EQUAL_WORK, "loss_on": "both"},
    "decoder alone, as many weights": {**EQUAL_WORK, "dim_ffn": 512, "dec_depth": 7},
}


def main():
    article = Article(__doc__, "A decoder is enough", systems.add_comparison)
    article.runs = article.folder.parent / "systems"
    systems.SYSTEMS |= COMPARED
    results, pictures = [], []
    for task in systems.tasks_asked(article):
        found, curves, _ = systems.compare(article, task, COMPARED)
        results += found
        pictures.append(curves)
    article.end(results, pictures[0], x="10^12 operations", y="validation cost, nats a piece", log_y=True)


if __name__ == "__main__":
    main()
