#!/usr/bin/env python3
"""Finds the test lines that have a near copy in training: of these a translator may remember what others cannot know.

  scripts/near_copies.py --train SRC TRG --test SRC TRG FILE

The likeness of two lines is Dice's coefficient of their trigrams: twice the number that they share over the number that
both have. Trigrams are of characters, case and kind of spaces disregarded, a space before and behind the line. A test line
is as like as it is to the training line that is most like it on either side, source or target. FILE gets a line for each of
0.8 or more: number of the test line, likeness, number of the training line, side. The shares are printed.
"""
import argparse
import collections
import fractions
import itertools
import math
import pathlib

LEAST = fractions.Fraction(8, 10)
SIDES = "source", "target"


def trigrams(line):
    """The second of a kind is told from the first, so that sets are compared as bags."""
    text = f" {' '.join(line.casefold().split())} "
    found = set()
    for i in range(len(text) - 2):
        gram, more = text[i:i + 3], 1
        while gram in found:
            more += 1
            gram = text[i:i + 3] + str(more)
        found.add(gram)
    return found


def likeness(a, b):
    return 2 * len(a & b) / (len(a) + len(b))


def nearest(test, train):
    """Of each test line: (likeness, number of the training line), (0, None) where none comes to LEAST.

    Two lines that do share at least LEAST / (2 - LEAST) of the trigrams of either; the rest may be missing. So of a line's
    rarest trigrams, one more than may be missing and a few beyond that, the other has at least one and these few: hardly a
    line has, and only those are compared. All that there are are found."""
    wanted = [trigrams(line) for line in test]
    having = {gram: [] for grams in wanted for gram in grams}  # numbers of training lines
    sizes = []
    for number, line in enumerate(train):
        grams = trigrams(line)
        sizes.append(len(grams))
        for gram in grams & having.keys():
            having[gram].append(number)
    found = []
    for grams in wanted:
        share = math.ceil(len(grams) * LEAST / (2 - LEAST))
        longest = math.floor(len(grams) * (2 - LEAST) / LEAST)
        missing = len(grams) - share
        few = missing // 2
        rarest = sorted(grams, key=lambda gram: (len(having[gram]), gram))[:missing + few + 1]
        counts = collections.Counter(itertools.chain.from_iterable(having[gram] for gram in rarest))
        alike = [number for number, count in counts.items() if count > few and share <= sizes[number] <= longest]
        best = max(((likeness(grams, trigrams(train[number])), -number) for number in alike), default=(0, 0))
        found.append((best[0], -best[1]) if best[0] >= LEAST else (0, None))
    return found


def read(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n") for line in file]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, nargs=2)
    parser.add_argument("--test", required=True, nargs=2)
    parser.add_argument("file", type=pathlib.Path)
    given = parser.parse_args()
    sides = [nearest(read(test), read(train)) for test, train in zip(given.test, given.train)]
    lines = []
    for pair in zip(*sides, strict=True):
        like, number = max(pair, key=lambda one: one[0])  # the source's where both are as like
        lines.append((like, number, SIDES[pair.index((like, number))]))
    new = given.file.with_name(given.file.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        for at, (like, number, side) in enumerate(lines, 1):
            if number is not None:
                file.write(f"{at}\t{like:.6f}\t{number + 1}\t{side}\n")
    new.replace(given.file)
    for least in 0.8, 0.9:
        near = sum(like >= least for like, _, _ in lines)
        print(f"{near:,} of {len(lines):,} test lines ({100 * near / len(lines):.1f}%) have a near copy in training,",
              f"of likeness {least} or more")


if __name__ == "__main__":
    main()
