#!/usr/bin/env python3
"""Letters of German nouns, singular and plural: what scripts/plurals.sh writes.

    plurals.py WHEEL FOLDER

reads the wheel of PyPI's german-nouns and writes {train,dev,test}.{singular,plural} into the folder, a noun a line, its
letters with spaces between: "H a u s", "H ä u s e r". Nouns are those of letters alone that have one plural. Which part one
is in is said by FNV-1a of its last four letters, modulo 100, so that compounds stand beside what they are made of: tests are
0 to 4, dev 5 and 6, training the rest.
"""
import csv
import io
import pathlib
import sys
import zipfile

from g2p import fnv_1a


def part_of(noun):
    bucket = fnv_1a(noun[-4:].lower()) % 100
    return "test" if bucket < 5 else "dev" if bucket < 7 else "train"


def nouns(wheel):
    with zipfile.ZipFile(wheel) as archive, archive.open("german_nouns/nouns.csv") as table:
        for row in csv.DictReader(io.TextIOWrapper(table, encoding="utf-8")):
            singular, plural = row["nominativ singular"], row["nominativ plural"]
            if singular and plural and singular.isalpha() and plural.isalpha():
                yield singular, plural


def main():
    wheel, folder = sys.argv[1:]
    parts = {"train": [], "dev": [], "test": []}
    for singular, plural in dict(nouns(wheel)).items():
        parts[part_of(singular)].append((singular, plural))
    for part, pairs in parts.items():
        pairs.sort(key=lambda pair: fnv_1a(pair[0]))  # the dictionary goes by the alphabet
        for side, name in enumerate(("singular", "plural")):
            lines = "".join(" ".join(pair[side]) + "\n" for pair in pairs)
            (pathlib.Path(folder) / f"{part}.{name}").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
