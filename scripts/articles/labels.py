#!/usr/bin/env python3
"""A label for each word, by self-attention and by what sees a window alone; then parts of speech in Turkish.

"I saw a saw": in sentences of a small grammar the same word is a verb or a noun. Every sentence has a twin that differs in
its last words alone, and therefore in what "saw" is: where these words are far away, both readings stand in the same
surrounding, and only what sees the whole sentence can tell them apart. Compared are
    the most frequent label of each word in training, of unknown words that of words seen once;
    a window of five words on each side: one layer of self-attention with --attention-window 5, which is a classifier of
    these eleven words and nothing else; three of them, which hand on what they saw, up to fifteen words;
    self-attention to the whole sentence.
The treebank is that of scripts/treebank.sh.
"""
import collections
import math
import random

from article import HERE, Article, spread

NAMES, PEOPLE = ["anna", "tom", "ida", "max", "lena", "paul"], ["man", "woman", "child", "farmer", "painter", "teacher"]
THINGS = ["box", "table", "chair", "tree", "house", "door", "window", "road", "hill", "lamp"]
KINDS, BIRDS = ["old", "green", "small", "long", "dark", "clean"], ["bird", "cat", "dog", "boat", "star", "fox"]
PLACES, ENDS = ["by", "in", "on", "near", "under", "behind"], ["sleeps", "falls", "waits", "rests", "rusts", "moves"]
WINDOW = 5
TREEBANK = {"config": str(HERE / "scripts/recipes/treebank.json")}
SENTENCES, EPOCHS = [(3000, 500), (20000, 2000)], [("6e", "3e"), ("20e", "25e")]  # small and full: of either text


def phrase(dice, most):
    """So many times "in the green box", at most."""
    words = []
    for _ in range(dice.randint(0, most)):
        words += [(dice.choice(PLACES), "PREP"), ("the", "DET"), (dice.choice(KINDS), "ADJ"), (dice.choice(THINGS), "NOUN")]
    return words


def twins(dice, most):
    """The two readings of one beginning: [(word, label), ...] each, and how far off the word is that decides."""
    if dice.random() < 0.1:  # "I saw a saw": the neighbours tell
        who = dice.choice([[("i", "PRON")], [(dice.choice(NAMES), "NOUN")], [("the", "DET"), (dice.choice(PEOPLE), "NOUN")]])
        both = [*who, ("saw", "VERB"), (dice.choice(["a", "the"]), "DET"), ("saw", "NOUN"), *phrase(dice, most), (".", ".")]
        return [both], 1
    begin = [("the", "DET"), (dice.choice(PEOPLE), "NOUN"), (dice.choice(PLACES), "PREP"), ("the", "DET"),
             (dice.choice(KINDS), "ADJ"), (dice.choice(THINGS), "NOUN")]
    behind = phrase(dice, most)
    seen = [("a", "DET"), (dice.choice(BIRDS), "NOUN"), (".", ".")]
    return [[*begin, ("saw", "VERB"), *behind, *seen],
            [*begin, ("saw", "NOUN"), *behind, (dice.choice(ENDS), "VERB"), (".", ".")]], 1 + len(behind)


def sentences(seed, count, most=4):
    dice, made = random.Random(seed), []
    while len(made) < count:
        both, distance = twins(dice, most)
        made += [(sentence, distance) for sentence in both]
    dice.shuffle(made)
    return made[:count]


def write(stem, made):
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = [stem.with_name(f"{stem.name}.{side}") for side in ("words", "labels")]
    for k, file in enumerate(files):
        file.write_text("".join(" ".join(pair[k] for pair in sentence) + "\n" for sentence, _ in made), encoding="utf-8")
    return files


def lines(file):
    return [line.split() for line in file.read_text(encoding="utf-8").splitlines()]


def most_frequent(train, test):
    """Labels of the words of `test`, each the most frequent one of its word; and in training of words that are seen once."""
    of, once = collections.defaultdict(collections.Counter), collections.Counter()
    for words, labels in zip(*map(lines, train)):
        for word, label in zip(words, labels):
            of[word][label] += 1
    for seen in of.values():
        once += seen if sum(seen.values()) == 1 else collections.Counter()
    unknown = (once or sum(of.values(), collections.Counter())).most_common(1)[0][0]
    return [[of[word].most_common(1)[0][0] if word in of else unknown for word in words] for words in lines(test[0])]


def share(right):
    right = list(right)
    return 100 * sum(right) / len(right) if right else math.nan


def accuracies(said, test, made):
    """Of all words; of "saw" where what decides is seen by the window, and where it is farther away."""
    pairs = [(word, a, b, distance) for words, ours, labels, (_, distance) in zip(lines(test[0]), said, lines(test[1]), made)
             for word, a, b in zip(words, ours, labels)]
    return [share(a == b for _, a, b, _ in pairs),
            share(a == b for word, a, b, distance in pairs if word == "saw" and distance <= WINDOW),
            share(a == b for word, a, b, distance in pairs if word == "saw" and distance > WINDOW)]


def saw(article):
    count, tests = SENTENCES[article.full]
    train, valid, test = (sentences(seed, n) for seed, n in ((1, count), (2, tests), (3, tests)))
    folder = article.folder / "saw"
    files = {name: write(folder / name, made) for name, made in (("train", train), ("valid", valid), ("test", test))}
    common = {"type": "labels", "segmenter": "space", "dim_emb": 64, "dim_ffn": 128, "heads": 4, "positions": "rotary",
              "mini_batch_words": 2000, "learn_rate": 0.002, "dropout": 0.1, "early_stopping": 0,
              "valid_metrics": ["accuracy"], "after": EPOCHS[article.full][0]}
    systems = {"a window of five words, one layer": {"enc_depth": 1, "attention_window": WINDOW},
               "a window of five words, three layers": {"enc_depth": 3, "attention_window": WINDOW},
               "self-attention to all words, three layers": {"enc_depth": 3}}
    results = [{"system": "the most frequent label of the word",
                "accuracy": [accuracies(most_frequent(files["train"], files["test"]), files["test"], test)]}]
    for system, options in systems.items():
        accuracy = []
        for seed in article.seeds:
            run = article.train(f"saw-{options['enc_depth']}-{options.get('attention_window', 'all')}-{seed}", files["train"],
                                files["valid"], **common, **options, seed=seed)
            article.score(run, *files["test"], "accuracy")
            accuracy.append(accuracies(lines(run.folder / f"{files['test'][0].name}.out"), files["test"], test))
        results.append({"system": system, "accuracy": accuracy})
    article.table(["", "all words", f"“saw”, what decides is at most {WINDOW} words away", "“saw”, it is farther away"],
                  [[entry["system"], *[spread(list(column), 1) for column in zip(*entry["accuracy"])]] for entry in results])
    return results


def treebank(article):
    text = article.text("scripts/treebank.sh", "--text-only")
    files = {part: [text / f"{part}.{side}" for side in ("words", "labels")] for part in ("train", "dev", "test")}
    wanted = lines(files["test"][1])
    known = {word for words in lines(files["train"][0]) for word in words}
    new = [[word not in known for word in words] for words in lines(files["test"][0])]

    def of(said):
        pairs = [(a == b, fresh) for row in zip(said, wanted, new) for a, b, fresh in zip(*row)]
        return [share(right for right, _ in pairs), share(right for right, fresh in pairs if fresh)]

    results = [{"system": "the most frequent label of the word", "accuracy": [of(most_frequent(files["train"], files["test"]))]}]
    accuracy, entries = [], []
    for seed in article.seeds:
        run = article.train(f"treebank-{seed}", files["train"], files["dev"], **TREEBANK, after=EPOCHS[article.full][1], seed=seed)
        entries.append(article.score(run, *files["test"], "accuracy", "f1"))
        accuracy.append(of(lines(run.folder / f"{files['test'][0].name}.out")))
    results.append({"system": "self-attention", "accuracy": accuracy, "f1": [entry["f1"] for entry in entries]})
    article.table(["", "all words", "words that training has not", "F1 (macro)"],
                  [[entry["system"], *[spread(list(column), 1) for column in zip(*entry["accuracy"])],
                    spread(entry["f1"], 1) if "f1" in entry else "–"] for entry in results])
    return results


def main():
    article = Article(__doc__, "I saw a saw: with a window of five words on each side a word's label can be told, unless the "
                               "whole sentence decides")
    article.end({"saw": saw(article), "treebank": treebank(article)})


if __name__ == "__main__":
    main()
