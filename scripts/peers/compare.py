#!/usr/bin/env python3
"""Runs dragoman bench and its peers in turn and prints what came of it. See scripts/peers.sh."""
import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import ctranslate2

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DRAGOMAN = str(ROOT / "build" / "dragoman")
BASE_SENTENCES = 64
OUR_NAME = {"float32": "fp32", "bfloat16": "bf16", "int8": "int8"}  # of CTranslate2's precisions


@dataclass
class Contender:
    """One program in one precision; a peer may have several ways to run, of which the first round finds the best."""
    name: str
    precision: str
    ways: list  # of (what is special about it, command)
    ours: bool = False
    runs: list = field(default_factory=list)  # what each round printed

    def run(self, score):
        tried = [(label, command, json.loads(run(command))) for label, command in self.ways]
        label, command, figures = max(tried, key=lambda way: score(way[2]))
        self.ways = [(label, command)]
        self.runs.append(figures)


def run(command, quiet=False, **how):
    """What it prints. Of a quiet one, what goes to standard error is shown only where it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=False,
                          stderr=subprocess.PIPE if quiet else None, **how)
    if done.returncode:
        sys.stderr.write(done.stderr or "")
        sys.exit(f"peers.sh: this failed with exit status {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def python(script, *arguments):
    return [sys.executable, HERE / script, *map(str, arguments)]


def speed(figures):
    return figures["target_tokens_per_second"]["median"]


# ---- The table -------------------------------------------------------------------------------------------------------


class Table:
    def __init__(self, options):
        self.options, self.cells, self.shown = options, [], set()

    def measure(self, title, contenders, columns):
        """columns: (name, value of a run, whether more is better); the first one decides what a peer's best way is."""
        _, value, more = columns[0]
        for _ in range(self.options.rounds):
            for contender in contenders:
                contender.run(value if more else lambda figures: -value(figures))
        for name, value, more in columns:
            self.show(f"{title}, {name}", contenders, value, more)
        self.show_commands(contenders)

    def show(self, title, contenders, value, more):
        print(f"\n{title}")
        rows = []
        peers = [c for c in contenders if not c.ours]
        medians = {id(c): statistics.median(map(value, c.runs)) for c in contenders}
        best = (max if more else min)(peers, key=lambda c: medians[id(c)])
        for c in contenders:
            values = [value(figures) for figures in c.runs]
            label = " ".join(filter(None, [c.name, c.precision, c.ways[0][0]]))
            row = {"name": label, "median": medians[id(c)], "min": min(values), "max": max(values),
                   "peak_memory_bytes": statistics.median(figures["peak_memory_bytes"] for figures in c.runs)}
            ratios = []
            for peer in [p for p in peers if p.precision == c.precision or p is best] if c.ours else []:
                times = medians[id(c)] / medians[id(peer)] if more else medians[id(peer)] / medians[id(c)]
                row.setdefault("ratios", {})[f"{peer.name} {peer.precision}"] = times
                ratios.append(f"{times:.2f} x {peer.precision}" + " (best)" * (peer is best))
            digits = 0 if more else 2
            spread = f"{row['median']:,.{digits}f} [{row['min']:,.{digits}f} ... {row['max']:,.{digits}f}]"
            memory = f"{row['peak_memory_bytes'] / 2**20:,.0f} MiB"
            print(f"  {label:<36} {spread:<28} {memory:>9}  {', '.join(ratios)}".rstrip())
            rows.append(row)
        sys.stdout.flush()
        self.cells.append({"title": title, "rows": rows})

    def show_commands(self, contenders):
        """Once for each kind of work: the others differ in their options alone."""
        for c in contenders:
            words = [pathlib.Path(word).name if pathlib.Path(word).is_absolute() else word
                     for word in map(str, c.ways[0][1])]
            if (kind := (c.name, *words[:3])) not in self.shown:
                self.shown.add(kind)
                print("  + " + " ".join(words))


def taking_turns(ours, peers):
    longest = max(len(ours), len(peers))
    return [c for i in range(longest) for c in ours[i:i + 1] + peers[i:i + 1]]


def bench(what, *arguments):
    return [DRAGOMAN, "bench", what, *map(str, arguments), "--json"]


# ---- Training --------------------------------------------------------------------------------------------------------


def train_cell(table, options, shape, ours, script, ways):
    """ways: of a peer, what is special about each, and its options."""
    seconds = 2 if options.quick else 6
    mine, peers = [], []
    for precision in ("fp32", "bf16"):
        how = ["--precision", precision, "--seconds", seconds]
        command = bench("train", *ours, *how, "--rounds", 1, "--cpu-threads", options.threads)
        if precision in options.precisions:
            mine.append(Contender("dragoman", precision, [("", command)], ours=True))
        command = python(*script, "--shape", shape, *how, "--threads", options.threads)
        peers.append(Contender("PyTorch", precision, [(name, command + way) for name, way in ways]))
    table.measure(f"train {shape}, {options.threads} threads", taking_turns(mine, peers),
                  [("target tokens a second", speed, True)])


def batches(options):
    return [(f"batches of {tokens:,}", ["--batch-tokens", tokens]) for tokens in ([1024] if options.quick else [1024, 4096])]


def train(table, options):
    """base is timed with the shape of the same 10,000 pieces, so that both have the same products."""
    for shape, ours in (("tiny", ["--shape", "tiny"]), ("base", ["--model", options.work / "base"])):
        if shape == "tiny" or not options.quick:
            train_cell(table, options, shape, ours, ["torch_speed.py"], batches(options))


# ---- Recurrent models ------------------------------------------------------------------------------------------------


CELLS = [("whole cells", ["--cell", "whole"]), ("cells in parts", ["--cell", "parts"])]


def search_cell(table, options, shape, batch):
    how = ["--sentences", 300, "--seconds", 1]
    mine, peers = [], []
    for precision in options.precisions:
        command = bench("translate", "--shape", shape, "--precision", precision, "--rounds", 1, *how, "--mini-batch",
                        batch or -(-300 // options.threads), "--cpu-threads", options.threads)
        mine.append(Contender("dragoman", precision, [("", command)], ours=True))
    for precision in ("fp32", "bf16"):
        command = python("torch_rnn_speed.py", "translate", "--shape", shape, "--precision", precision, *how, "--batch",
                         batch, "--threads", options.threads)
        peers.append(Contender("PyTorch", precision, [(name, command + way) for name, way in CELLS]))
    table.measure(f"translate {shape}, {options.threads} threads, greedy, batch {batch or 'all'}", taking_turns(mine, peers),
                  [("target tokens a second", speed, True)])


def recurrent(table, options):
    """lstm's decoder is one call in training."""
    for shape in ["gru"] if options.quick else ["gru", "lstm"]:
        cells = CELLS if shape == "gru" else [("", [])]
        ways = [(f"{name} {cell}".strip(), how + way) for name, how in batches(options) for cell, way in cells]
        train_cell(table, options, shape, ["--shape", shape], ["torch_rnn_speed.py", "train"], ways)
        for batch in [32] if options.quick else [1, 32, 0]:
            search_cell(table, options, shape, batch)


# ---- Translating -----------------------------------------------------------------------------------------------------


def peer_command(options, shape, *arguments, text=None):
    folder = options.model if shape == "trained" else options.work / "base"
    text = ["--input", text or options.text] if shape == "trained" else ["--made-up", BASE_SENTENCES]
    return python("ctranslate2_speed.py", "run", "--converted", options.work / f"{shape}.ct2", "--model", folder, *text,
                  *arguments)


def our_command(options, shape, *arguments, text=None):
    text = (["--model", options.model, "--input", text or options.text] if shape == "trained" else
            ["--model", options.work / "base", "--sentences", BASE_SENTENCES])
    return bench("translate", *text, "--rounds", 1, *arguments)


def translate_cell(table, options, shape, threads, beam, batch):
    peers, mine = [], []
    sentences = options.sentences if shape == "trained" else BASE_SENTENCES
    share = batch or -(-sentences // threads)  # of everything, a batch for each thread, as CTranslate2's inter has it
    for compute in options.computes:
        command = peer_command(options, shape, "--compute", compute, "--beam-size", beam, "--batch", batch)
        peers.append(Contender("CTranslate2", OUR_NAME[compute],
                               [(f"intra {intra} inter {inter}", command + ["--intra", intra, "--inter", inter])
                                for intra, inter in sorted({(threads, 1), (1, threads)})]))
    for precision in options.precisions:
        command = our_command(options, shape, "--precision", precision, "--beam-size", beam, "--mini-batch",
                              share, "--cpu-threads", threads, "--seconds", 0.5)
        mine.append(Contender("dragoman", precision, [("", command)], ours=True))
    title = f"translate {shape}, {threads} thread{'s' * (threads > 1)}, {f'beam {beam}' if beam > 1 else 'greedy'}"
    table.measure(f"{title}, batch {batch or 'all'}", taking_turns(mine, peers),
                  [("target tokens a second", speed, True)])


def count_same(options):
    theirs, mine = options.work / "theirs", options.work / "mine"
    run(peer_command(options, "trained", "--output", theirs))
    run([DRAGOMAN, "translate", "--model", options.model, "--input", options.text, "--output", mine, "--beam-size", 5])
    pairs = list(zip(*(path.read_text(encoding="utf-8").splitlines() for path in (theirs, mine))))
    same = sum(a.strip() == b.strip() for a, b in pairs)
    print(f"\ntranslate trained, beam 5, fp32: {same} of {len(pairs)} lines are the same text as CTranslate2's float32")
    return {"title": "same lines, fp32, beam 5", "same": same, "lines": len(pairs)}


def translate(table, options):
    for shape in ["trained"] if options.quick else ["trained", "base"]:
        for threads in [options.threads] if options.quick else sorted({1, options.threads}):
            for beam in (1, 5):
                for batch in [32] if options.quick else [1, 32, 0]:
                    translate_cell(table, options, shape, threads, beam, batch)
    table.cells.append(count_same(options))


# ---- Text alone ------------------------------------------------------------------------------------------------------


def generate_cell(table, options, batch):
    """Each thread goes on with texts of its own, and where there is one text for both, both with it."""
    texts, length = 2 * batch, 32 if options.quick else 128
    peers, mine = [], []
    for compute in options.computes:
        command = python("ctranslate2_speed.py", "generate", "--converted", options.work / "gpt2.ct2", "--model",
                         options.work / "gpt2", "--made-up", texts, "--length", length, "--compute", compute, "--batch", batch)
        peers.append(Contender("CTranslate2", OUR_NAME[compute],
                               [(f"intra {intra} inter {inter}", command + ["--intra", intra, "--inter", inter])
                                for intra, inter in sorted({(options.threads, 1), (1, options.threads)})]))
    for precision in options.precisions:
        command = bench("translate", "--model", options.work / "gpt2", "--precision", precision, "--beam-size", 1,
                        "--length", length, "--sentences", texts, "--mini-batch", batch, "--cpu-threads", options.threads,
                        "--rounds", 1, "--seconds", 0.5)
        mine.append(Contender("dragoman", precision, [("", command)], ours=True))
    table.measure(f"generate gpt2, {options.threads} threads, greedy, batch {batch}", taking_turns(mine, peers),
                  [("target tokens a second", speed, True)])


def text(table, options):
    """The same update on both sides: what a batch of 4,096 does to PyTorch is seen in train."""
    batch = [("", ["--batch-tokens", 1024])]
    ours = ["--model", options.work / "gpt2", "--length", 128, "--mini-batch-words", 1024]
    train_cell(table, options, "gpt2", ours, ["torch_gpt2_speed.py"], batch)
    for size in [32] if options.quick else [1, 32]:
        generate_cell(table, options, size)


def latency(table, options):
    peers = [Contender("CTranslate2", OUR_NAME[compute],
                       [("", peer_command(options, "trained", "--latency", "--compute", compute,
                                          text=options.long_text))])
             for compute in options.computes]
    mine = [Contender("dragoman", precision,
                      [("", our_command(options, "trained", "--latency", "--precision", precision, "--beam-size", 5,
                                        "--seconds", 2, text=options.long_text))], ours=True)
            for precision in options.precisions]
    table.measure("latency trained, 1 thread, beam 5", taking_turns(mine, peers),
                  [("median ms", lambda figures: figures["latency_ms"]["median"], False),
                   ("99th percentile ms", lambda figures: figures["latency_ms"]["p99"], False)])


def start(table, options):
    for shape in ["trained"] if options.quick else ["trained", "base"]:
        folder = options.model if shape == "trained" else options.work / "base"
        peers = [Contender("CTranslate2", OUR_NAME[compute],
                           [("", python("ctranslate2_speed.py", "start", "--converted", options.work / f"{shape}.ct2",
                                        "--model", folder, "--compute", compute))]) for compute in options.computes]
        mine = [Contender("dragoman", precision,
                          [("", python("start_speed.py", DRAGOMAN, "translate", "--model", folder, "--precision",
                                       precision))], ours=True) for precision in options.precisions]
        table.measure(f"start {shape}", taking_turns(mine, peers), [("ms", lambda figures: figures["start_ms"], False)])


# ---- Marian ----------------------------------------------------------------------------------------------------------


PACKED = ["intgemm8", "packed8avx2", "packed8avx512"]  # Marian's ways to multiply in int8


def marian_speed(*arguments):
    return python("marian_speed.py", *arguments)


def prepare_marian(options):
    """Marian's model, the same weights as a folder and as each of Marian's own int8, and the text."""
    if options.marian:
        model, source = options.marian
    else:
        model, source = ROOT / "build" / "marian" / "model.npz", ROOT / "data" / "toy" / "test.zh"
        if not model.exists():
            model.parent.mkdir(parents=True, exist_ok=True)
            print("Marian trains a student for some minutes, once", file=sys.stderr)
            run(marian_speed("teach", "--to", model, "--train", ROOT / "data/toy/train.zh", ROOT / "data/toy/train.en",
                             "--minutes", 0.5 if options.quick else 8, "--threads", options.threads))
    options.marian_text = options.work / "marian_text"
    lines = [line for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    options.marian_lines = min(len(lines), 64 if options.quick else 300)
    options.marian_text.write_text("".join(line + "\n" for line in lines[:options.marian_lines]), encoding="utf-8")
    options.student = options.work / "student"
    run([sys.executable, ROOT / "scripts" / "marian_npz.py", model, options.student])
    sys.path.insert(0, str(ROOT / "scripts"))
    import marian_npz

    options.marian_vocabs = marian_npz.said_vocabularies(model)
    options.marian_models = {"fp32": [("", model)], "int8": []}
    for gemm in PACKED:  # which of them a machine has, Marian says by ending
        packed = options.work / f"{gemm}.bin"
        commands = [marian_speed("convert", "--model", model, "--to", packed, "--gemm", gemm), marian_run(options, packed)]
        if all(subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode == 0 for command in commands):
            options.marian_models["int8"].append((gemm, packed))
        else:
            print(f"{gemm} is left out: Marian does not run it here", file=sys.stderr)


def marian_run(options, model, *arguments):
    return marian_speed("run", "--model", model, "--vocabs", *options.marian_vocabs, "--input", options.marian_text, *arguments)


def marian_cell(table, options, threads, batch):
    peers, mine = [], []
    for precision, models in options.marian_models.items():
        ways = [(name, marian_run(options, model, "--batch", batch, "--threads", threads)) for name, model in models]
        if ways:
            peers.append(Contender("Marian", precision, ways))
    share = batch or -(-options.marian_lines // threads)
    for precision in options.precisions:
        command = bench("translate", "--model", options.student, "--input", options.marian_text, "--rounds", 1, "--precision",
                        precision, "--beam-size", 1, "--mini-batch", share, "--cpu-threads", threads, "--seconds", 0.5)
        mine.append(Contender("dragoman", precision, [("", command)], ours=True))
    table.measure(f"translate student, {threads} thread{'s' * (threads > 1)}, greedy, batch {batch or 'all'}",
                  taking_turns(mine, peers), [("target tokens a second", speed, True)])


def train_student(table, options):
    """The student's shape with the 10,000 pieces of made-up text."""
    folder = options.work / "student-10000"
    folder.mkdir()
    config = json.loads((options.student / "config.json").read_text(encoding="utf-8"))
    config.update({"vocab_size": 10001, "decoder_vocab_size": 10001, "pad_token_id": 10000, "decoder_start_token_id": 10000})
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    updates = 8 if options.quick else 30
    ways = [(f"batches of {words:,}", marian_speed("train", "--batch-words", words, "--threads", options.threads, "--updates",
                                                   updates)) for words in ([1024] if options.quick else [1024, 4096])]
    mine = [Contender("dragoman", precision,
                      [("", bench("train", "--model", folder, "--precision", precision, "--seconds", 2 if options.quick else 6,
                                  "--rounds", 1, "--cpu-threads", options.threads))], ours=True)
            for precision in ("fp32", "bf16") if precision in options.precisions]
    table.measure(f"train student, {options.threads} threads", taking_turns(mine, [Contender("Marian", "fp32", ways)]),
                  [("target tokens a second", speed, True)])


def count_same_as_marian(options):
    theirs, mine = options.work / "marian_theirs", options.work / "marian_mine"
    run(marian_run(options, options.marian_models["fp32"][0][1], "--output", theirs))
    run([DRAGOMAN, "translate", "--model", options.student, "--input", options.marian_text, "--output", mine, "--beam-size", 1,
         "--max-length-factor", 3])
    pairs = list(zip(*(path.read_text(encoding="utf-8").splitlines() for path in (theirs, mine))))
    same = sum(a.strip() == b.strip() for a, b in pairs)
    print(f"\ntranslate student, greedy, fp32: {same} of {len(pairs)} lines are the same text as Marian's")
    return {"title": "same lines as Marian's, fp32, greedy", "same": same, "lines": len(pairs)}


def marian(table, options):
    prepare_marian(options)
    train_student(table, options)
    for threads in [options.threads] if options.quick else sorted({1, options.threads}):
        for batch in [32] if options.quick else [1, 32, 0]:
            marian_cell(table, options, threads, batch)
    table.cells.append(count_same_as_marian(options))


PARTS = {"train": train, "recurrent": recurrent, "translate": translate, "text": text, "latency": latency,
         "start": start, "marian": marian}  # in this order

# ---- Beginning -------------------------------------------------------------------------------------------------------


def probe(options):
    """What this machine can do: the precisions of each side, and what dragoman says of the processor."""
    options.computes = [name for name in OUR_NAME if name in ctranslate2.get_supported_compute_types("cpu")]
    options.precisions = []
    for precision in OUR_NAME.values():
        once = bench("translate", "--sentences", 1, "--rounds", 1, "--seconds", 0.01, "--precision", precision)
        done = subprocess.run(once, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{precision} is left out. {done.stderr.strip()}", file=sys.stderr)
            continue
        options.precisions.append(precision)
        first = json.loads(done.stdout)
    return first


def libraries():
    linked = re.findall(r"(\S*lib(?:dnnl|openblas)\S*) \(", run(["ldd", DRAGOMAN]))
    return sorted({os.path.basename(os.path.realpath(path)) for path in linked})


def head(probed, options):
    processor = probed["processor"]
    versions = [f"dragoman {probed['version']}", *libraries()] + [
        f"{name} {importlib.metadata.version(name)}" for name in ("torch", "ctranslate2", "transformers", "pymarian")
        if importlib.util.find_spec(name)]
    facts = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
             "processor": f"{processor['name']}, {processor['count']} processors, {' '.join(processor['flags'])}",
             "versions": ", ".join(versions), "command": " ".join(["scripts/peers.sh", *sys.argv[1:]]),
             "rounds": f"{options.rounds}, all take turns; median [least ... most], peak memory, ratio of medians"}
    for name, text in facts.items():
        print(f"{name + ':':<11} {text}")
    sys.stdout.flush()
    return facts


def prepare_text(options):
    """The folder that is translated with, and its text."""
    if not options.model:
        options.model, options.input = ROOT / "build" / "toy", ROOT / "data" / "toy" / "test.zh"
        if not (options.model / "model.safetensors").exists():
            run([DRAGOMAN, "train", "--config", "scripts/recipes/toy.json", "--model", "build/toy"], cwd=ROOT)
    lines = [line for line in options.input.read_text(encoding="utf-8").splitlines() if line.strip()]
    options.sentences = min(len(lines), 64 if options.quick else 300)
    if not lines:
        sys.exit(f"peers.sh: {options.input} has no sentence")
    options.text, options.long_text = options.work / "text", options.work / "long_text"
    for path, count in (options.text, options.sentences), (options.long_text, 64 if options.quick else 1000):
        path.write_text("".join(line + "\n" for line in lines[:count]), encoding="utf-8")


def prepare(options):
    translates = bool({"translate", "latency", "start"} & set(options.parts))
    if translates:
        prepare_text(options)
    if not options.quick and {"train", "translate", "start"} & set(options.parts):
        run(python("random_folder.py", "base", options.work / "base"), quiet=True)
    if "text" in options.parts:
        run(python("random_folder.py", "gpt2", options.work / "gpt2"), quiet=True)
    for shape in ["trained", "base"] * translates + ["gpt2"]:
        folder = options.model if shape == "trained" else options.work / shape
        if folder.exists():
            run(python("ctranslate2_speed.py", "convert", "--model", folder, "--to", options.work / f"{shape}.ct2"),
                quiet=True)


def read_options():
    parser = argparse.ArgumentParser(prog="peers.sh", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all")
    parser.add_argument("--model", type=pathlib.Path, help="MarianMT folder")
    parser.add_argument("--input", type=pathlib.Path, help="text for it")
    parser.add_argument("--marian", type=pathlib.Path, nargs=2, metavar=("MODEL.npz", "FILE"),
                        help="of marian: a model that Marian has trained with its tiny student shape, and text for it")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true", help="a look at it: little of each, one round")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures there")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part}; there are {', '.join(PARTS)}")
    if bool(options.model) != bool(options.input):
        parser.error("--model and --input belong together")
    if not importlib.util.find_spec("pymarian"):
        if "marian" in options.parts:
            parser.error(f"{sys.prefix} lacks pymarian, which is Marian: install it there with pip")
        del PARTS["marian"]
    options.parts = options.parts or list(PARTS)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.threads = len(os.sched_getaffinity(0))
    return options


def main():
    options = read_options()
    minutes = {"train": (9, 1), "recurrent": (10, 1), "translate": (19, 1), "text": (13, 2), "latency": (2, 1), "start": (1, 0),
               "marian": (17, 2)}
    share = options.rounds / (1 if options.quick else 3)
    print(f"About {sum(minutes[part][options.quick] for part in options.parts) * share:.0f} minutes on two cores.",
          file=sys.stderr)
    with tempfile.TemporaryDirectory() as work:
        options.work = pathlib.Path(work)
        prepare(options)
        facts = head(probe(options), options)
        table = Table(options)
        for name, part in PARTS.items():
            if name in options.parts:
                part(table, options)
    if options.json:
        options.json.write_text(json.dumps({**facts, "cells": table.cells}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
