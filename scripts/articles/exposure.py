#!/usr/bin/env python3
"""Exposure bias: a decoder that has read nothing but references in training has to go on from its own pieces later, and
"one wrong step and all that follows is wrong". How wrong it is, is measured: a wrong word is forced on each translation at
its fourth word, and the edits are counted that the rest needs, beside those where the right word is forced; after teacher
forcing and after scheduled sampling.

numbers: 427013 becomes "four hundred twenty seven thousand thirteen".
strings: 8 to 16 letters become the same from the last to the first.
handbook: German to English on 15,000 pairs, as in systems.py, whose runs are those of teacher forcing. BLEU, and edits in
          percent of words.
"""
import random

import systems
from article import Article, spread

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = ["", "thousand", "million", "billion"]
FORCED = 3  # the word that is forced, from 0
SIZES = [(3000, 8), (6000, 20)]  # pairs and epochs: small settings, and full ones

MODELS = {
    "LSTM, no attention": {"type": "rnn", "rnn_cell": "lstm", "rnn_attention": "none", "enc_direction": "forward",
                           "dim_rnn": 128},
    "LSTM, attention": {"type": "rnn", "rnn_cell": "lstm", "dim_rnn": 64},
    "Transformer": {"dim_ffn": 128, "enc_depth": 2, "dec_depth": 2, "heads": 4},
}


def sampling(updates, passes):
    """The reference fades in the first half of a run to half of the pieces."""
    return {"objective": "scheduled-sampling", "sampling_decay": "linear",
            "sampling_constants": (1, round(1 / updates, 6), 0.5), "sampling_passes": passes}


# ---- Tasks ------------------------------------------------------------------------------------------------------------


def below_thousand(n):
    words = [ONES[n // 100], "hundred"] if n >= 100 else []
    n %= 100
    if n >= 20:
        words.append(TENS[n // 10 - 1])
        n %= 10
    return words + ([ONES[n]] if n else [])


def called(n):
    """The words of a number."""
    words = []
    for power in reversed(range(len(SCALES))):
        part = n // 1000 ** power % 1000
        words += below_thousand(part) + [SCALES[power]] * (part > 0 and power > 0)
    return words or [ONES[0]]


def number(dice):
    n = dice.randrange(10 ** dice.randrange(4, 12))
    return list(str(n)), called(n)


def string(dice):
    letters = [dice.choice("abcdefghijklmnop") for _ in range(dice.randrange(8, 17))]
    return letters, letters[::-1]


TASKS = {"numbers": number, "strings": string}


def make(article, task):
    """Files of train, dev and test, no pair of which stands in two of them."""
    dice, seen, files = random.Random(1), set(), {}
    for part, count in (("train", SIZES[article.full][0]), ("dev", 300), ("test", 500)):
        pairs = []
        while len(pairs) < count:
            source, target = TASKS[task](dice)
            if tuple(source) not in seen and len(target) > FORCED + 1:
                seen.add(tuple(source))
                pairs.append((source, target))
        files[part] = [systems.write(article.folder / task / f"{part}.{side}", map(" ".join, lines))
                       for side, lines in zip(("source", "target"), zip(*pairs))]
    return files


# ---- A wrong word -------------------------------------------------------------------------------------------------------


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def after_forced(article, run, files, wrong):
    """Edits in percent of the words that should have followed."""
    references = [line.split() for line in systems.read(files[1])]
    words = sorted({word for line in references for word in line})
    dice, begun = random.Random(7), []
    for line in references:
        other = dice.choice([word for word in words if word != line[min(FORCED, len(line) - 1)]])
        begun.append(line[:FORCED] + [other if wrong else line[FORCED]] if len(line) > FORCED + 1 else line)
    name = f"{files[0].name}.{'wrong' if wrong else 'right'}"
    prefix = systems.write(run.folder / f"{name}.prefix", map(" ".join, begun))
    source = systems.write(run.folder / name, systems.read(files[0]))
    article.score(run, source, files[1], "wer", beam_size=1, prefix=prefix)  # leaves the translations there
    total = needed = 0
    for line, got in zip(references, systems.read(run.folder / f"{name}.out")):
        if len(line) > FORCED + 1:
            rest = line[FORCED + 1:]
            total += len(rest)
            needed += edits(got.split()[FORCED + 1:], rest)
    return 100 * needed / total


def compare(article, task, files, models, train, measures):
    rows, results = [], []
    for model in models:
        for how, passes in (("teacher forcing", None), ("piece by piece", 0), ("one pass", 1)):
            runs = [train(model, passes, seed) for seed in article.seeds]
            found = {measure: [article.score(run, *files, measure, beam_size=1)[measure] for run in runs]
                     for measure in measures}
            found["after the right word"] = [after_forced(article, run, files, False) for run in runs]
            found["after a wrong word"] = [after_forced(article, run, files, True) for run in runs]
            rows.append([model, how, *[spread(values, 1) for values in found.values()],
                         spread([run.seconds / 60 for run in runs], 1)])
            results.append({"task": task, "model": model, "how": how, **found})
    article.table([f"{task}: model", "training", *measures, "edits in % after the right word", "after a wrong one",
                   "minutes"], rows)
    return results


def add_options(parser):
    systems.add_precision(parser)
    systems.add_only(parser, [*TASKS, "handbook"])


def main():
    article = Article(__doc__, "With teacher forcing one wrong step makes all that follows wrong", add_options)
    asked = article.options.only or [*TASKS, *["handbook"] * article.full]
    results = []
    for task in (task for task in TASKS if task in asked):
        files = make(article, task)
        pairs, epochs = SIZES[article.full]
        updates = epochs * pairs // 100  # of some 100 pairs

        def train(model, passes, seed, task=task, files=files, epochs=epochs, updates=updates):
            more = {} if passes is None else sampling(updates, passes)
            name = "-".join([task, *model.lower().replace(",", "").split(), "forced" if passes is None else str(passes),
                             str(seed)])
            return article.train(name, files["train"], files["dev"], **MODELS[model], **more, dim_emb=64,
                                 segmenter="space", mini_batch_words=1024, learn_rate=0.003, lr_schedule="cosine",
                                 lr_warmup=50, dropout=0.1, early_stopping=0, after=f"{epochs}e",
                                 valid_metrics="ce-mean-words", seed=seed, precision=article.options.precision)
        results += compare(article, task, files["test"], MODELS, train, ["exact", "wer"])
    if "handbook" in asked:
        article.runs = article.folder.parent / "systems"
        task = systems.handbook(article)
        updates = task.epochs * 130

        def train_handbook(model, passes, seed):
            more = {} if passes is None else {"called": [f"sampling{passes}"], **sampling(updates, passes)}
            return systems.train(article, task, model, seed, **more)
        results += compare(article, "handbook", [task.test, *task.references], systems.FOUR[1:2] + systems.FOUR[3:],
                           train_handbook, ["bleu"])
    article.end(results)


if __name__ == "__main__":
    main()
