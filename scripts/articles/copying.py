#!/usr/bin/env python3
"""Copying: a decoder that may point at the source beside choosing from its vocabulary (See et al. 2017), where much can be
copied and little is there to learn from.

plurals:  of German nouns, letter by letter, from 100, 300 and 1,000 of them (scripts/inflect.sh). Percent that are right.
pasts:    past tenses of English verbs likewise.
names:    the toy grammar's sentences in words, in which names and numbers stand as they are in both languages, those of the
          tests in none that was learnt from. Percent of names and of numbers that arrive, and BLEU.
handbook: German to English on 15,000 pairs, as in systems.py, if it is asked for. BLEU.
"""
import random
import re
import sys

import systems
from article import HERE, Article, spread

sys.path.insert(0, str(HERE / "scripts"))

import toy_corpus
import toy_links

COUNTS = [[100], [100, 300, 1000]]  # words to learn from: small settings, and full ones
UPDATES = [200, 1000]
NAMES = [(500, 3), (1085, 20)]  # pairs, of 2,085 that have a name or a number, and epochs
TESTS = 500
SMALL = {"dim_emb": 64, "learn_rate": 0.003, "lr_schedule": "cosine", "lr_warmup": 100, "dropout": 0.3, "early_stopping": 0,
         "segmenter": "space", "valid_metrics": "ce-mean-words"}
MODELS = {
    "Transformer": {"dim_ffn": 128, "enc_depth": 2, "dec_depth": 2, "heads": 4, "norm_place": "pre"},
    "LSTM, attention": {"type": "rnn", "rnn_cell": "lstm", "dim_rnn": 64},
}
OUTPUTS = {"softmax": {}, "pointer": {"output_layer": "pointer"},
           "pointer, coverage": {"output_layer": "pointer", "add_loss": ["coverage", 1]}}


def train(article, task, model, output, seed, files, dev, **more):
    name = "-".join([task, *re.findall(r"\w+", f"{model} {output}".lower()), str(seed)])
    return article.train(name, files, dev, **SMALL, **MODELS[model], **OUTPUTS[output], **more, seed=seed,
                         precision=article.options.precision)


# ---- Forms of words ---------------------------------------------------------------------------------------------------


def forms(article, task):
    text = article.text("scripts/inflect.sh", task)
    dev, test = [[text / f"{part}.{ending}" for ending in ("word", "form")] for part in ("dev", "test")]
    rows, results = [], []
    for count in COUNTS[article.full]:
        files = [systems.write(article.folder / f"{task}-{count}.{ending}",
                               systems.read(text / f"train.{ending}")[:count]) for ending in ("word", "form")]
        for model in MODELS:
            row = [count, model]
            for output in OUTPUTS:
                runs = [train(article, f"{task}-{count}", model, output, seed, files, dev, mini_batch_words=400,
                              after=f"{UPDATES[article.full]}u", valid_freq="100u") for seed in article.seeds]
                exact = [article.score(run, *test, "exact")["exact"] for run in runs]
                row.append(spread(exact, 1))
                results.append({"task": task, "words": count, "model": model, "output": output, "exact": exact,
                                "minutes": [run.seconds / 60 for run in runs]})
            rows.append(row)
    article.table([f"{task}: words", "model", *OUTPUTS], rows)
    return results


# ---- Names and numbers ------------------------------------------------------------------------------------------------


def called(dice):
    """A name that nobody has."""
    return "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(dice.randrange(2, 5))).capitalize()


def counted(dice):
    return str(dice.randrange(1000, 10 ** dice.randrange(4, 8)))


KNOWN = {"name": {name.zh: [name.subj] for name in toy_corpus.NAMES if " " not in name.subj},
         "number": {toy_corpus.chinese_number(n): toy_corpus.english_number(n).split() for n in range(11, 1000)}}


def replaced(zh, en, fresh):
    """The pair with something else in the place of the name or the number that it has once on each side, and what it is; None
    if it has none, or more of them."""
    for kind, known in KNOWN.items():
        at = [i for i, word in enumerate(zh) if word in known]
        if len(at) != 1:
            continue
        words = known[zh[at[0]]]
        places = [i for i in range(len(en)) if en[i:i + len(words)] == words]
        if len(places) == 1:
            new = fresh(kind)
            return (zh[:at[0]] + [new] + zh[at[0] + 1:], en[:places[0]] + [new] + en[places[0] + len(words):], kind, new)
    return None


def sentences(article):
    """Files of train, dev and test, and of each test what is to arrive: (kind, word)."""
    dice, known, splits, files, used = random.Random(1), toy_links.dictionary(), toy_corpus.splits(), {}, set()
    make = {"name": called, "number": counted}
    learnt = {kind: [make[kind](dice) for _ in range(200)] for kind in make}

    def unseen(kind):
        new = make[kind](dice)
        while new in used or new in learnt[kind]:
            new = make[kind](dice)
        used.add(new)
        return new

    pairs = [made for zh, en in splits["train"]
             for made in [replaced(toy_links.cut(zh, known), toy_links.words_of(en), lambda kind: dice.choice(learnt[kind]))] if made]
    held = pairs[-2 * TESTS:]
    tests = [([unseen_word if word == old else word for word in zh], [unseen_word if word == old else word for word in en], kind,
              unseen_word) for zh, en, kind, old in held for unseen_word in [unseen(kind)]]
    parts = {"train": pairs[:-2 * TESTS][:NAMES[article.full][0]], "dev": tests[:TESTS], "test": tests[TESTS:]}
    for part, made in parts.items():
        files[part] = [systems.write(article.folder / "names" / f"{part}.{side}", (" ".join(pair[k]) for pair in made))
                       for k, side in enumerate(("zh", "en"))]
    return files, [(kind, word) for _, _, kind, word in parts["test"]]


def names(article, _):
    files, wanted = sentences(article)
    rows, results = [], []
    for model in MODELS:
        for output, translating in [("softmax", {}), ("softmax", {"unk_replace": True}), *[(name, {}) for name in list(OUTPUTS)[1:]]]:
            runs = [train(article, "names", model, output, seed, files["train"], files["dev"], mini_batch_words=1024,
                          after=f"{NAMES[article.full][1]}e") for seed in article.seeds]
            found = {"name": [], "number": [], "bleu": []}
            for run in runs:
                source = systems.write(run.folder / "-".join(["names", *translating]), systems.read(files["test"][0]))
                found["bleu"].append(article.score(run, source, files["test"][1], "bleu", tok="none", **translating)["bleu"])
                lines = systems.read(run.folder / f"{source.name}.out")
                for kind in ("name", "number"):
                    of_kind = [word in line.split() for (k, word), line in zip(wanted, lines) if k == kind]
                    found[kind].append(100 * sum(of_kind) / len(of_kind))
            how = f"{output}, --unk-replace" if translating else output
            rows.append([model, how, *[spread(values, 1) for values in found.values()]])
            results.append({"task": "names", "model": model, "output": how, **found})
    article.table(["names: model", "output", "names that arrive, %", "numbers, %", "BLEU"], rows)
    return results


def handbook(article, _):
    article.runs = article.folder.parent / "systems"
    task, system = systems.handbook(article), systems.FOUR[3]
    rows, results = [], []
    for output, changes in OUTPUTS.items():
        named = {"called": re.findall(r"\w+", output)} if changes else {}
        runs = [systems.train(article, task, system, seed, **named, **changes) for seed in article.seeds]
        scores = [task.score(article, run) for run in runs]
        rows.append([output, spread(scores, 1), spread([run.seconds / 60 for run in runs], 1)])
        results.append({"task": "handbook", "output": output, "bleu": scores})
    article.table([f"handbook: {system}", "BLEU", "minutes"], rows)
    return results


TASKS = {"plurals": forms, "pasts": forms, "names": names, "handbook": handbook}


def add_options(parser):
    systems.add_precision(parser)
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=list(TASKS)[:3])


def main():
    article = Article(__doc__, "Names and numbers can only be copied", add_options)
    article.end([entry for task in article.options.tasks for entry in TASKS[task](article, task)])


if __name__ == "__main__":
    main()
