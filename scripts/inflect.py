#!/usr/bin/env python3
"""Forms of words, letter by letter: what scripts/inflect.sh writes.

    inflect.py plurals|pasts WHEEL FOLDER

reads the wheel of PyPI's german-nouns (plurals of German nouns: Haus, Häuser) or pyinflect (past tenses of English verbs: go,
went), and writes into FOLDER
    {train,dev,test}.word  {train,dev,test}.form
a word a line with a blank between its letters, and its form likewise. Taken are words of letters alone that have one such
form. By FNV-1a of a word, modulo 100, tests are 0 to 9, dev 10 and 11, training the rest, so that the split is the same
everywhere; of tests and dev at most 1,000, those with the smallest hashes, and all in the order of their hashes, so that the
first N of training are N words at random.
"""
import csv
import io
import pathlib
import sys
import zipfile

from g2p import fnv_1a, part_of

MOST = {"train": None, "dev": 1000, "test": 1000}


def plurals(archive):
    with archive.open("german_nouns/nouns.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")):
            yield row["nominativ singular"], row["nominativ plural"]


def pasts(archive):
    with archive.open("pyinflect/infl.csv") as file:
        for row in csv.reader(io.TextIOWrapper(file, encoding="utf-8")):
            if row[1] == "V":
                yield row[0], row[2]  # "dreamed/dreamt" is two forms, and no word of letters


FORMS = {"plurals": plurals, "pasts": pasts}


def main(what, wheel, folder):
    if what not in FORMS:
        sys.exit(__doc__)
    forms = {}
    with zipfile.ZipFile(wheel) as archive:
        for word, form in FORMS[what](archive):
            if word.isalpha() and form.isalpha():
                forms.setdefault(word, set()).add(form)
    parts = {part: [] for part in MOST}
    for word in sorted((word for word in forms if len(forms[word]) == 1), key=fnv_1a):
        parts[part_of(word)].append(word)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part, words in parts.items():
        words = words[:MOST[part]]
        for ending, lines in (("word", words), ("form", [next(iter(forms[word])) for word in words])):
            (folder / f"{part}.{ending}").write_text("".join(" ".join(line) + "\n" for line in lines), encoding="utf-8")
        print(f"{folder}: {len(words):,} words of {part}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
