#!/usr/bin/env python3
"""Words and their parts of speech, from the Turkish Web Treebank: what scripts/treebank.sh trains on.

    treebank.py WHEEL_OR_FOLDER FOLDER

reads data/web.conllu and data/wiki.conllu of the wheel of PyPI's turkish-treebanks, or of a folder, and writes into FOLDER
    train.words  train.labels  dev.words  dev.labels  test.words  test.labels
a sentence a line, and as many labels as words: the coarse parts of speech. The treebank cuts a word into its inflectional
groups ("Açık la nma yan"): here it is whole, and has the part of speech of its last group, which is how it is used in the
sentence. The treebank has no split: by FNV-1a of the words of a sentence, modulo 100, tests are 0 to 9, dev 10 to 19,
training the rest, so that the split is the same everywhere, and a sentence that occurs twice is on one side.
"""
import pathlib
import sys
import zipfile

FILES = ["data/web.conllu", "data/wiki.conllu"]
PARTS = ("train", "dev", "test")


def fnv_1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def part_of(words):
    bucket = fnv_1a(" ".join(words)) % 100
    return "test" if bucket < 10 else "dev" if bucket < 20 else "train"


def sentence_of(rows):
    """Words and labels. A group that others of its word follow is attached to the next one, as "ig"."""
    words, labels, begun = [], [], ""
    for row in rows:
        begun += "".join(row[1].split())
        if row[7] != "ig":
            words.append(begun)
            labels.append(row[3])
            begun = ""
    return words, labels


def sentences(text):
    for block in text.split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if line and not line.startswith("#")]
        if rows:
            yield sentence_of(rows)


def read(source):
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            return [wheel.read(name).decode() for name in FILES]
    return [(pathlib.Path(source) / name).read_text(encoding="utf-8") for name in FILES]


def main(source, folder):
    made = {part: [] for part in PARTS}
    for text in read(source):
        for words, labels in sentences(text):
            made[part_of(words)].append((words, labels))
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        for side, name in enumerate(("words", "labels")):
            lines = [" ".join(sentence[side]) + "\n" for sentence in made[part]]
            (folder / f"{part}.{name}").write_text("".join(lines), encoding="utf-8")
    counts = ", ".join(f"{len(made[part]):,} of {part} ({sum(len(words) for words, _ in made[part]):,} words)" for part in PARTS)
    labels = {label for part in PARTS for _, row in made[part] for label in row}
    print(f"{folder}: sentences: {counts}; {len(labels)} labels")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
