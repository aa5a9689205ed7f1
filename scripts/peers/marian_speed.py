#!/usr/bin/env python3
"""How fast Marian trains and translates with its tiny student shape (Kim et al. 2019; Bogoychev et al. 2020): PyPI's pymarian,
whose command takes Marian's own options. train and run print one JSON object.

  marian_speed.py teach --to model.npz --train SOURCE TARGET [--minutes M]
  marian_speed.py train [--batch-words N] [--threads N] [--updates N] [--to model.npz]
  marian_speed.py convert --model model.npz --to model.bin --gemm NAME
  marian_speed.py run --model model.npz|model.bin --vocabs S T --input FILE [--batch N] [--threads N] [--output FILE]

The shape: 6 layers of an encoder and 2 of a decoder with SSRU, width 256, ffn 1,536, 8 heads, one table for both sides and the
output. teach trains it with real text, cut by SentencePiece, until the time is over; train with made-up sentences and 10,000
pieces, as dragoman bench does, and counts target words a second of the updates behind the first ones, as its log has them.
run translates greedily and counts target pieces a second, ends of sentence counted, of the time that Marian says it took,
in which it has opened the model already.
"""
import argparse
import json
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

import made_up

SHAPE = """--type transformer --enc-depth 6 --dec-depth 2 --dim-emb 256 --transformer-dim-ffn 1536 --transformer-heads 8
--transformer-decoder-autoreg rnn --dec-cell ssru --transformer-postprocess dan --transformer-ffn-activation relu
--tied-embeddings-all""".split()
TRAINING = """--optimizer-params 0.9 0.98 1e-09 --clip-norm 1 --label-smoothing 0.1 --cost-type ce-mean-words
--transformer-dropout 0.1 --seed 1 --overwrite --maxi-batch 100""".split()
VOCABULARY = 10000
WARM = 2  # lines of the log
COMMAND = pathlib.Path(sys.executable).parent / "pymarian"


def marian(*arguments):
    """What it prints, and its log."""
    command = [str(COMMAND), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout, done.stderr


def print_figures(**figures):
    peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"peer": "Marian", **figures, "peak_memory_bytes": peak}))


def teach(options):
    """Marian saves and ends when it is told that the time is over."""
    vocabulary = options.to.parent / "vocab.spm"
    command = [COMMAND, "train", "--cpu-threads", options.threads, "-w", 2000, *SHAPE, *TRAINING, "--learn-rate", 0.002,
               "--lr-warmup", 300, "--mini-batch", 64, "--dim-vocabs", 8000, 8000, "--sentencepiece-options",
               "--hard_vocab_limit=false", "--train-sets", *options.train, "--vocabs", vocabulary, vocabulary, "--model",
               options.to, "--quiet"]
    running = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
    try:
        running.wait(60 * options.minutes)
    except subprocess.TimeoutExpired:
        running.terminate()
        running.wait()
    if not options.to.exists():
        sys.exit(f"marian_speed.py: Marian has not written {options.to}")


def write_made_up(folder, count):
    names = ["source", "target"]
    for name, side in zip(names, zip(*made_up.pairs(count, VOCABULARY))):
        (folder / name).write_text("".join(" ".join(f"w{i}" for i in ids[:-1]) + "\n" for ids in side), encoding="utf-8")
    pieces = ["</s>", "<unk>", *(f"w{i}" for i in range(2, VOCABULARY))]
    (folder / "vocab.yml").write_text("".join(f"{piece}: {i}\n" for i, piece in enumerate(pieces)), encoding="utf-8")
    return [folder / name for name in names], [folder / "vocab.yml"] * 2


def train(options):
    with tempfile.TemporaryDirectory() as scratch:
        text, vocabularies = write_made_up(pathlib.Path(scratch), 10000)
        model = options.to or pathlib.Path(scratch) / "model.npz"
        _, log = marian("train", "--cpu-threads", options.threads, "-w", 4000, *SHAPE, *TRAINING, "--train-sets", *text,
                        "--vocabs", *vocabularies, "--model", model, "--mini-batch", 1000, "--mini-batch-words", options.batch_words,
                        "--after", f"{options.updates}u", "--disp-freq", "2u", "--save-freq", "100000u")
    speeds = [float(speed.replace(",", "")) for speed in re.findall(r": ([0-9.,]+) words/s", log)][WARM:]
    print_figures(batch_words=options.batch_words, threads=options.threads,
                  target_tokens_per_second={"median": statistics.median(speeds)} if speeds else None)


def convert(options):
    marian("convert", "--from", options.model, "--to", options.to, "--gemm-type", options.gemm)


def run(options):
    text = options.input.read_text(encoding="utf-8")
    lines = text.count("\n")
    batch = options.batch or -(-lines // options.threads)
    maxi = ["--maxi-batch", -(-lines // batch), "--maxi-batch-sort", "src"] if batch > 1 else []
    pieces, log = marian("decode", "--models", options.model, "--vocabs", *options.vocabs, "--input", options.input,
                         "--beam-size", 1, "--skip-cost", "--no-spm-decode", "--max-length-factor", 3, "--cpu-threads", options.threads,
                         "--mini-batch", batch, *maxi, "-w", 500, "--quiet-translation")
    seconds = float(re.search(r"Total time: ([0-9.]+)s", log).group(1))
    tokens = sum(len(line.split()) + 1 for line in pieces.splitlines())
    if options.output:
        joined = ("".join(line.split()).replace("\u2581", " ").strip() for line in pieces.splitlines())
        options.output.write_text("".join(line + "\n" for line in joined), encoding="utf-8")
    print_figures(batch=options.batch, threads=options.threads, sentences=lines, target_tokens=tokens,
                  target_tokens_per_second={"median": tokens / seconds})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["teach", "train", "convert", "run"])
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--to", type=pathlib.Path, help="the model to write")
    parser.add_argument("--train", type=pathlib.Path, nargs=2, metavar=("SOURCE", "TARGET"), help="text to teach")
    parser.add_argument("--minutes", type=float, default=8, help="of teach")
    parser.add_argument("--vocabs", type=pathlib.Path, nargs=2)
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, help="write the translations there")
    parser.add_argument("--gemm", default="intgemm8", help="what convert packs the matrices for")
    parser.add_argument("--batch", type=int, default=32, help="sentences; 0: all, a batch for each thread")
    parser.add_argument("--batch-words", type=int, default=1024, help="of an update, target words, about")
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    {"teach": teach, "train": train, "convert": convert, "run": run}[options.what](options)


if __name__ == "__main__":
    main()
