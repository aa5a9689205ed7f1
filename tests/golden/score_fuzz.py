#!/usr/bin/env python3
"""Compares `dragoman score` with sacreBLEU 2.6 on random lines out of a nasty alphabet.

    tests/golden/score_fuzz.py build/dragoman [--cases 500] [--seed 1]

Prints the first case that differs and leaves its files behind; exit status 1 then. Not part of the tests that always
run: it needs Python with sacrebleu.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from sacrebleu.metrics import BLEU, CHRF, TER

WHITE = [c for c in map(chr, range(0x3001)) if c.isspace() and c != "\n"]
PIECES = [
    "the", "The", "cat", "sat", "on", "mat", "a", "I", "it's", "1", "2.5", "3,000", "1990-2000", "7-", ".", ",",
    "...", ",,", "-", "--", "!", "?", ";", ":", "/", "\\", "'", '"', "(", ")", "[", "]", "{", "}", "<", ">",
    "&", "&quot;", "&amp;quot;", "&amp;", "&lt;", "&gt;", "&apos;", "<skipped>", "<skip<skipped>ped>", "@@",
    "_", "`", "^", "~", "$", "%", "+", "=", "#", "中", "国", "我爱", "，", "。", "！", "「", "」", "々", "〇", "𠀀", "𪛖",
    "﨑", "龻", "龼", "㐀", "䶵", "䶶", "カ", "ｶ", "한글", "ＡＢ", "“", "”", "‘", "’", "—", "–", "…", "€", "→", "∑", "⠀",
    "ⴰ", "☃", "✂", "①", "½", "²", "Ⅷ", "٣", "३", "௧", "،", "؟", "।", "مرحبا", "שלום", "é", "e\u0301", "ñ",
    "a\u0308\u0323", "\u0301", "ß", "ẞ", "İ", "ı", "I\u0307", "Σ", "ΑΣ", "ΣΑΣ", "Σ.", "Α\u0301Σ\u0301", "ς",
    "Ω", "Ǆ", "ǅ", "Ⅷ", "Ⓐ", "Ꭰ", "ꭰ", "Ა", "𐐀", "ÀÉ", "ДЯ", "ʼ", "·", "\u00ad", "\u200b", "\u200d", "\ufeff",
    "👩\u200d👩\u200d👧", "👍🏽", "🇨🇳", "\u2060", "\U000e0001", "\U0010ffff", "\ufffd", "\x01", "\x7f", "\x02",
]
PLAIN = ["the cat sat on the mat .", "a man is riding a horse , quickly", "机器学习很有意思。",
         "ein Mann, der 3.5 km läuft", ""]
TOKENIZERS = ["13a", "none", "zh", "char", "intl"]


def any_character(rng):
    while True:
        c = rng.randrange(1, rng.choice([0x80, 0x3100, 0x10000, 0x110000]))
        if c != 10 and not 0xD800 <= c < 0xE000:
            return chr(c)


def line(rng):
    if rng.random() < 0.05:
        return rng.choice(PLAIN)
    parts = []
    for _ in range(rng.choice([0, 1, 2, 5, 12, 30])):
        kind = rng.random()
        parts.append(rng.choice(PIECES) if kind < 0.75 else any_character(rng) if kind < 0.85 else rng.choice(WHITE))
        if rng.random() < 0.4:
            parts.append(rng.choice(WHITE) if rng.random() < 0.1 else " ")
    return "".join(parts)


def change(rng, text):
    """Something that shares n-grams with the line."""
    characters = list(text)
    for _ in range(rng.choice([0, 1, 1, 2, 4, 8])):
        at = rng.randrange(len(characters) + 1)
        new = rng.choice([[], list(rng.choice(PIECES)), [" "], [any_character(rng)]])
        characters[at:at + rng.choice([0, 1, 3])] = new
    return "".join(characters).replace("\n", " ")


def wordy_line(rng, words):
    """Words that come again, at lengths that reach the limits of TER's search."""
    return " ".join(rng.choice(words) for _ in range(rng.choice([0, 1, 2, 5, 10, 20, 30, 30, 60, 120])))


def edit(rng, text):
    """What TER undoes: words put in, left out, replaced, and phrases moved."""
    words = text.split()
    for _ in range(rng.choice([0, 1, 2, 4, 8])):
        start, length = rng.randrange(len(words) + 1), rng.choice([1, 2, 3, 5, 11, 30])
        phrase = words[start:start + length]
        kind = rng.random()
        if kind < 0.5:
            del words[start:start + length]
            at = rng.randrange(len(words) + 1)
            words[at:at] = phrase
        elif kind < 0.7:
            words[start:start + rng.choice([0, 1])] = [rng.choice(["x", "The", "."])]
        elif kind < 0.75:
            words = words[:start]
        else:
            del words[start:start + rng.choice([1, 1, 2, length])]
    return " ".join(words)


def wordy_stream(rng, base):
    return [edit(rng, text) if rng.random() < 0.95 else wordy_line(rng, ["the", "x"]) for text in base]


def stream(rng, base):
    kind = rng.random()
    lines = [line(rng) if kind < 0.1 or rng.random() < 0.1 else change(rng, text) for text in base]
    if lines[0].startswith("\ufeff"):  # a byte-order mark, which the command drops and sacreBLEU scores
        lines[0] = "x" + lines[0]
    return lines


def metric_of(name, tok, lowercase, word_order):
    if name == "chrf":
        return CHRF(lowercase=lowercase, word_order=word_order)
    return BLEU(lowercase, tokenize=tok) if name == "bleu" else TER()


def expected(hypotheses, references, metrics, as_json):
    """What the sacrebleu command would print, save the version."""
    hypotheses = [text.rstrip() for text in hypotheses]
    references = [[text.rstrip() for text in reference] for reference in references]
    results = []
    for metric in metrics:
        score = metric.corpus_score(hypotheses, references)
        results.append(score.format(1, False, metric.get_signature().format(), as_json))
    if as_json:
        return results[0] + "\n" if len(results) == 1 else "[\n" + ",\n".join(results) + "\n]\n"
    width = max(text.index("=") for text in results)
    return "".join(f"{text[:text.index('=')]:>{width}}{text[text.index('='):]}\n" for text in results)


def streams_of(rng):
    """Hypotheses, and one or more streams of references."""
    lines, references = rng.choice([1, 1, 2, 5, 20]), rng.choice([1, 1, 2, 3])
    if rng.random() < 0.5:
        base = [line(rng) for _ in range(lines)]
        return stream(rng, base), [stream(rng, base) for _ in range(references)]
    words = [f"w{i}" for i in range(rng.choice([1, 2, 5, 20, 200]))]
    base = [wordy_line(rng, words) for _ in range(lines)]
    return wordy_stream(rng, base), [wordy_stream(rng, base) for _ in range(references)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command")
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="score_fuzz_"))
    for case in range(arguments.cases):
        hypotheses, references = streams_of(rng)
        names = rng.sample(["bleu", "chrf", "ter"], rng.choice([1, 1, 2, 3]))
        tok, lowercase, as_json = rng.choice(TOKENIZERS), rng.random() < 0.5, rng.random() < 0.5
        word_order = rng.choice([0, 1, 2]) if "chrf" in names else 0
        files = [folder / name for name in ["hyp"] + [f"ref{i}" for i in range(len(references))]]
        for path, lines in zip(files, [hypotheses] + references):
            end = "\r\n" if rng.random() < 0.1 else "\n"
            path.write_bytes((end.join(lines) + end).encode())
        command = [arguments.command, "score", files[0], "--metrics", *names, "--tok", tok]
        command += [word for path in files[1:] for word in ("--ref", path)]
        command += ["--lowercase"] * lowercase + ["--json"] * as_json
        command += ["--chrf-word-order", str(word_order)] * (word_order > 0)
        result = subprocess.run(command, capture_output=True, encoding="utf-8")
        printed = re.sub(r"dragoman-[0-9.]+", "2.6.0", result.stdout)
        metrics = [metric_of(name, tok, lowercase, word_order) for name in names]
        wanted = expected(hypotheses, references, metrics, as_json)
        if printed != wanted or result.returncode:
            print(f"case {case} (seed {arguments.seed}) in {folder}:\n{' '.join(map(str, command))}")
            print(f"sacreBLEU:\n{wanted}dragoman (exit status {result.returncode}):\n{printed}{result.stderr}")
            sys.exit(1)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    print(f"{arguments.cases} cases agree with sacreBLEU (seed {arguments.seed})")


if __name__ == "__main__":
    main()
