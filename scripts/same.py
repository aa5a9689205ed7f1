#!/usr/bin/env python3
"""Compares WORK/old/dragoman and WORK/new/dragoman: their bytes, then their speed in turn. See scripts/same.sh."""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

VERSIONS = ("old", "new")
BRIEF = "--after 100u --valid-freq 50u --disp-freq 10u --mini-batch-words 2048 --quiet"
TEXT = "--train-sets data/toy/train.zh data/toy/train.en --valid-sets data/toy/dev.zh data/toy/dev.en"
SPACE = ("--config scripts/recipes/toy.json --segmenter space --train-sets data/toy/train.en data/toy/train.en "
         "--valid-sets data/toy/dev.en data/toy/dev.en")
RECIPES = {
    "toy": "--config scripts/recipes/toy.json",
    "tiny": f"--config scripts/recipes/multi30k-tiny.json --segmenter unigram --vocab-size 1200 {TEXT}",
}
SEARCHES = [
    "--beam-size 1",
    "--beam-size 5 --n-best 5",
    "--output-sampling full --seed 3",
    "--output-sampling topk 10 --n-best 2",
    "--beam-size 5 --prefix WORK/prefix",
    "--beam-size 5 --shortlist",
    "--beam-size 1 --precision int8",
    "--beam-size 5 --precision bf16",
    "--beam-size 5 --alignment soft",
    "--beam-size 5 --coverage-penalty 0.2",
    "--beam-size 5 --word-scores",
    "--beam-size 5 --no-repeat-ngram 2",
]
BENCHES = [
    "train --shape tiny",
    "translate --shape tiny --beam-size 1",
    "translate --shape tiny --beam-size 5",
    "train --shape base --mini-batch-words 1024",
    "translate --shape base --beam-size 1 --sentences 64",
    "translate --shape base --beam-size 5 --sentences 64",
]
STARTS = 20  # in a round

parser = argparse.ArgumentParser()
parser.add_argument("work", type=pathlib.Path)
parser.add_argument("--rounds", type=int, default=9)
options = parser.parse_args()
work = options.work
results = {True: 0, False: 0}


def run(version, words):
    """What it prints. WORK among the words is the temporary folder, MINE the one of this version."""
    command = [work / version / "dragoman", *words.replace("WORK", str(work)).replace("MINE", str(work / version)).split()]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        sys.exit(f"same.py: this failed with exit status {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def compare(title, one, other):
    same = one == other
    results[same] += 1
    where = ""
    if not same:
        at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
        where = f" (from byte {at + 1}, line {one[:at].count(10) + 1}; {len(one)} and {len(other)} bytes)"
    print(f"{'same' if same else 'DIFFERENT':<10} {title}{where}", flush=True)


# ---- Bytes -----------------------------------------------------------------------------------------------------------


def figures(path):
    """train.jsonl without what the clock says."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{key: value for key, value in event.items() if not re.search("seconds?$", key)} for event in events]
    return "\n".join(map(json.dumps, kept)).encode()


def train(name, words):
    """Old with one thread is what the others are compared with, and what is translated with."""
    print(f"\ndragoman train {words}")
    first = None
    for version, threads in (("old", 1), ("old", 2), ("new", 1), ("new", 2)):
        folder = work / f"{name}-{version}-{threads}"
        run(version, f"train --model {folder} {words} --cpu-threads {threads}")
        made = (folder / "model.safetensors").read_bytes(), figures(folder / "train.jsonl")
        if first:
            for what, one, other in zip(("weights", "train.jsonl"), first, made):
                compare(f"{name}: {what}, old with 1 thread, {version} with {threads}", one, other)
            shutil.rmtree(folder)
        first = first or made
    return folder.with_name(f"{name}-old-1")


def both(name, words, threads=True, clean=lambda out: out):
    """Old with one thread, new with two."""
    out = [clean(run(version, words + f" --cpu-threads {n}" * threads)) for n, version in enumerate(VERSIONS, 1)]
    compare(f"{name}: {words}", *out)


def translate(name, folder, has_bf16):
    for version in VERSIONS:
        shutil.copytree(folder, work / version / "model", dirs_exist_ok=True)
        run(version, "shortlist --model MINE/model --train-sets data/toy/train.zh data/toy/train.en")
    compare(f"{name}: shortlist", *[(work / version / "model/vmap.txt").read_bytes() for version in VERSIONS])
    for search in SEARCHES:
        if has_bf16 or "bf16" not in search:
            both(name, f"translate --model MINE/model --input data/toy/test.zh {search}")
    both(name, "rescore --model MINE/model data/toy/test.zh data/toy/test.en --word-scores")


def resume(words):
    """A run of each version that stops half-way and goes on; and one of the old version, which the new one goes on."""
    print(f"\ndragoman train {words}, stopped at update 50")
    made = []
    for begins, goes_on in (("old", "old"), ("new", "new"), ("old", "new")):
        folder = work / f"resumed-{begins}-{goes_on}"
        for version, threads, after in ((begins, 2, "--after 50u"), (goes_on, 1, "--after 100u")):
            run(version, f"train --model {folder} {words.replace('--after 100u', after)} --cpu-threads {threads}")
        made.append((folder / "model.safetensors").read_bytes())
    compare("resumed: weights, old and new", *made[:2])
    compare("resumed: weights, old, and old resumed by new", made[0], made[2])


def ensemble(words):
    first, second = [train(f"seed-{seed}", f"{words} --seed {seed}") for seed in (11, 12)]
    for search in ("--beam-size 4", "--beam-size 1 --mini-batch 1"):
        both("ensemble", f"translate --model {first} {second} --input data/toy/test.zh {search}")


def in_pieces(words):
    """Text that is in pieces already."""
    folder = train("space", words)
    both("space", f"translate --model {folder} --input data/toy/test.en --beam-size 4 --alignment hard")


def compare_bytes():
    flags = re.search(r"^flags.*", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    has_bf16 = flags is not None and re.search("avx512_bf16|amx_bf16", flags[0]) is not None
    has_onednn = all(b"libdnnl" in subprocess.run(["ldd", work / version / "dragoman"], capture_output=True,
                                                  check=True).stdout for version in VERSIONS)
    references = [line.split(" ") for line in pathlib.Path("data/toy/test.en").read_text().splitlines()]
    (work / "prefix").write_text("".join(words[0] + "\n" for words in references))
    (work / "beginnings").write_text("".join(" ".join(words[:4]) + "\n" for words in references))
    for recipe, words in RECIPES.items():
        for precision, gemm in (("fp32", "openblas"), ("fp32", "onednn"), ("bf16", "onednn")):
            name = f"{recipe}, {precision}, {gemm}"
            if (gemm == "onednn" and not has_onednn) or (precision == "bf16" and not has_bf16):
                print(f"\n{name}: not on this machine")
                continue
            folder = train(name.replace(", ", "-"), f"{words} {BRIEF} --precision {precision} --gemm {gemm}")
            translate(name, folder, has_bf16)
    simple = f"{BRIEF} --precision fp32 --gemm openblas"
    resume(f"{RECIPES['toy']} {simple} --lr-schedule constant")
    ensemble(f"{RECIPES['toy']} {simple}")
    in_pieces(f"{SPACE} {simple}")
    print()
    for more in ("bleu chrf ter", "bleu chrf --confidence --chrf-word-order 2"):
        both("toy", f"score --ref data/toy/test.en WORK/beginnings --json --metrics {more}", threads=False,
             clean=lambda out: re.sub(rb'"?version"?:\s*"?[^"|,]*', b"", out))


# ---- Speed -----------------------------------------------------------------------------------------------------------


def bench(version, words):
    said = json.loads(run(version, words))
    return {"tokens/s": said["target_tokens_per_second"]["median"], "peak MiB": said["peak_memory_bytes"] / 2**20}


def start(version, words):
    begin = time.perf_counter()
    child = subprocess.Popen([work / version / "dragoman", *words.split()], stdin=subprocess.DEVNULL)
    _, child.returncode, usage = os.wait4(child.pid, 0)
    if child.returncode:
        sys.exit(f"same.py: {version} dragoman {words} failed")
    return {"ms": 1000 * (time.perf_counter() - begin), "peak MiB": usage.ru_maxrss / 1024}


def measure(how, words, rounds):
    print(f"\ndragoman {words}")
    runs = {version: [] for version in VERSIONS}
    for i in range(rounds):
        for version in VERSIONS[::-1] if i % 2 else VERSIONS:
            runs[version].append(how(version, words))
    for key in runs["old"][0]:
        values = {version: sorted(figure[key] for figure in runs[version]) for version in VERSIONS}
        median = {version: statistics.median(values[version]) for version in VERSIONS}
        spread = [f"{version} {f'{median[version]:,.1f} [{values[version][0]:,.1f} ... {values[version][-1]:,.1f}]':<32}"
                  for version in VERSIONS]
        print(f"  {key:<10}{' '.join(spread)} new/old {median['new'] / median['old']:.3f}", flush=True)


def main():
    cpu = re.search(r"^model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    print(f"{cpu[1] if cpu else 'unknown processor'}, {os.cpu_count()} threads, load {os.getloadavg()[0]:.2f}")
    for version in VERSIONS:
        print(f"{version}: {' '.join(run(version, '--version').decode().split())}")
    compare_bytes()
    print(f"\n{results[True]} the same, {results[False]} different")
    if options.rounds:
        print(f"\nRounds: {options.rounds}, old and new in turn; median [least ... most]")
        for words in BENCHES:
            measure(bench, f"bench {words} --json --rounds 1 --seconds 1", options.rounds)
        measure(start, f"translate --model {work}/old/model", STARTS * options.rounds)
    sys.exit(1 if results[False] else 0)


main()
