#!/usr/bin/env python3
"""Small models in Marian's own files, and what Marian computes with them: see README.md beside this file.

  python tests/golden/marian_npz.py [NAME ...]        (needs pymarian)

Writes tests/golden/marian-npz/NAME/. The committed files were made by this script; the tests read them, not this. Marian
makes the files by an update of a training run; then all weights are drawn anew, so that every one of them matters.
"""
import array
import math
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent / "marian-npz"
SOURCE = ["the red , \" big \" house", "a # b : c - d", "she said : 'yes'", "it 's ~ 7 \\ 8", "中 文 house", "big red null true no",
          "the the the", "a b c d e unseen"]
TARGET = ["das rote , \" grosse \" Haus", "ein # b : c - d", "sie sagte : 'ja'", "es ist ~ 7 \\ 8", "中 文 Haus",
          "gross rot null wahr nein", "das das das", "ein b c d e nie"]
PRE = ["--transformer-preprocess", "n", "--transformer-postprocess", "da", "--transformer-postprocess-top", "n"]
SSRU = ["--transformer-decoder-autoreg", "rnn", "--dec-cell", "ssru"]
KINDS = {
    "post": ["--tied-embeddings-all"],
    "untied": ["--transformer-ffn-activation", "relu", "--transformer-decoder-dim-ffn", "10"],
    "pre": ["--tied-embeddings", *PRE],
    "ssru": ["--tied-embeddings-all", "--transformer-no-projection", "--transformer-tied-layers", "1", "1", *SSRU],
    "ssru-pre": ["--tied-embeddings-src", *PRE, *SSRU],
    "average": ["--tied-embeddings-all", "--transformer-decoder-autoreg", "average-attention", "--transformer-dim-aan", "14"],
    "rms": ["--tied-embeddings-all", "--transformer-postprocess", "dar"],
}
SEPARATE = ("untied", "pre")
PIECES = ("ssru", "pre")  # by SentencePiece
SEEDS, DIFFERENT = 12, 8  # of so many, the first by which translations have so many words


def marian(*arguments):
    command = [pathlib.Path(sys.executable).parent / "pymarian", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"pymarian {' '.join(map(str, arguments))}: {done.stderr[-4000:]}")
    return done.stdout


def rewritten(path, change=lambda name, data: data, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), change(name, data), method)


def draw(path, seed):
    """New weights in the place of the old."""
    dice = random.Random(seed)

    def change(name, data):
        if name.startswith("special:"):
            return data
        begin = 10 + struct.unpack("<H", data[8:10])[0]
        mean, deviation = (1, 0.3) if "_scale" in name else (0, 0.1) if re.search("_(ln_bias|b)", name) else (0, 0.6)
        values = [round(64 * dice.gauss(mean, deviation)) / 64 for _ in range((len(data) - begin) // 4)]
        return data[:begin] + array.array("f", values).tobytes()

    rewritten(path, change)


def make(name):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sides = ["source", "target"] if name in SEPARATE else ["vocab", "vocab"]
    vocabularies = [folder / f"{side}.{'spm' if name in PIECES else 'yml'}" for side in sides]
    model = folder / "model.npz"
    with tempfile.TemporaryDirectory() as scratch:
        text = [pathlib.Path(scratch) / side for side in ("source", "target")]
        for path, lines in zip(text, (SOURCE, TARGET)):
            seen = "".join(line.replace("unseen", "a").replace("nie", "ein") + "\n" for line in lines)
            path.write_text(16 * seen, encoding="utf-8")  # SentencePiece wants a hundred lines
        pieces = ["--dim-vocabs", 50, 50, "--sentencepiece-options",
                  "--normalization_rule_name=identity --hard_vocab_limit=false"] if name in PIECES else []
        marian("train", "--cpu-threads", 1, "-w", 100, "--type", "transformer", "--train-sets", *text, "--vocabs", *vocabularies,
               "--model", model, "--dim-emb", 8, "--transformer-heads", 2, "--transformer-dim-ffn", 14, "--enc-depth", 1,
               "--dec-depth", 2 if name in ("ssru", "post") else 1,
               "--mini-batch", 4, "--after", "1u", "--seed", 1, *pieces, *KINDS[name])
        for left in folder.glob("model.npz.*"):
            left.unlink()
        for path, lines in zip(text, (SOURCE, TARGET)):
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
            shutil.copy(path, folder / path.name)
        how = ["--cpu-threads", 1, "-w", 100, "--vocabs", *vocabularies, "--quiet"]
        for seed in range(SEEDS):
            draw(model, seed)
            found = marian("decode", "-m", model, "-i", text[0], "-b", 1, "--mini-batch", 1, "--max-length-factor", 3, *how)
            if len(set(found.split())) >= DIFFERENT:
                break
        # With pre-norm and self-attention, Marian's search is not of the model that it scores by (scripts/marian_npz.py).
        if name != "pre":
            (folder / "greedy").write_text(found, encoding="utf-8")
        (folder / "scores").write_text(marian("score", "-m", model, "--train-sets", *text, *how))
    rewritten(model, method=zipfile.ZIP_DEFLATED)  # Marian itself reads no compressed ones
    assert all(map(math.isfinite, map(float, (folder / "scores").read_text().split())))


for chosen in sys.argv[1:] or KINDS:
    make(chosen)
