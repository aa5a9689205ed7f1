#!/usr/bin/env python3
"""Letters and sounds of German words with the links between them, from gruut's lexicon: what scripts/links.sh writes.

    links.py ARCHIVE_OR_DATABASE FOLDER [WORDS]

reads lexicon.db of PyPI's gruut-lang-de, or of its archive, and writes into FOLDER
    {train,dev,test}.letters  {train,dev,test}.sounds  {train,dev,test}.links
a word a line with a blank between its letters, its sounds likewise, and which letters stand for which sounds, "0-0 1-0 2-1"
(Pharaoh's form, from 0). In the lexicon "sc|h}ʃ" are letters and a sound that belong together: each letter is linked with each
sound. What is silent has no link. By FNV-1a of a word's letters, modulo 100, tests are 0 to 9, dev 10 and 11, training the
rest, so that the split is the same everywhere. WORDS: at most so many, those with the smallest hashes, so that fewer are
some of the more.
"""
import pathlib
import sqlite3
import sys
import tarfile
import tempfile
import zipfile

from g2p import fnv_1a, part_of

NAME = "gruut_lang_de/lexicon.db"


def unpacked(source, folder):
    """Where lexicon.db lies: there, or in the folder, out of an archive."""
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            name = next(name for name in archive.namelist() if name.endswith(NAME))
            return archive.extract(name, folder)
    if tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            member = next(member for member in archive.getmembers() if member.name.endswith(NAME))
            path = pathlib.Path(folder) / "lexicon.db"
            path.write_bytes(archive.extractfile(member).read())
            return path
    return source


def linked(alignment):
    """Letters, sounds and links of "s|c|h}ʃ ö}øː n}n"."""
    letters, sounds, links = [], [], []
    for group in alignment.split():
        left, _, right = group.partition("}")
        left = [letter for letter in left.split("|") if letter not in ("", "_")]
        right = [sound for sound in right.split("|") if sound not in ("", "_")]
        links += [(len(letters) + i, len(sounds) + j) for i in range(len(left)) for j in range(len(right))]
        letters += left
        sounds += right
    return letters, sounds, links


def main(source, folder, most=None):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        database = sqlite3.connect(f"file:{unpacked(source, scratch)}?mode=ro", uri=True)
        rows = database.execute("SELECT word, alignment FROM g2p_alignments").fetchall()
        database.close()
    words = {}
    for _, alignment in rows:
        letters, sounds, links = linked(alignment)
        if letters and sounds:
            words.setdefault(" ".join(letters), (" ".join(sounds), links))
    chosen = sorted(words, key=fnv_1a)[:int(most) if most else len(words)]
    made = {part: [] for part in ("train", "dev", "test")}
    for word in sorted(chosen):
        made[part_of(word)].append((word, words[word][0], " ".join(f"{i}-{j}" for i, j in words[word][1])))
    for part, lines in made.items():
        for k, ending in enumerate(("letters", "sounds", "links")):
            (folder / f"{part}.{ending}").write_text("".join(line[k] + "\n" for line in lines), encoding="utf-8")
    print(f"{folder}: words: " + ", ".join(f"{len(lines):,} of {part}" for part, lines in made.items()))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
