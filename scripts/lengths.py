#!/usr/bin/env python3
"""Shows how the time of an update grows: with the length of the sentences, and with the number of target pieces.

  scripts/lengths.py [--dragoman build/dragoman] [options of dragoman bench train]

Times updates of the tiny Transformer with --profile, on made-up sentences that are all of one length: first with as many
pieces an update, in sentences of 16 to 1,024, then with sentences of 32 and more and more pieces. Attention is the only
part whose time for a piece grows with the length of its sentence. About three minutes on a machine that does nothing
else.
"""
import argparse
import json
import subprocess

BENCH = ["bench", "train", "--rounds", "1", "--seconds", "4", "--profile", "--json"]
PIECES = 8192
LENGTHS = [16, 32, 64, 128, 256, 512, 1024]


def measure(options, length, pieces):
    command = [options.dragoman, *BENCH, "--length", length, "--mini-batch-words", pieces, "--sentences",
               max(1, 4 * pieces // length), "--shard-words", 384, *options.more]
    return json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True).stdout)


def row(figures, length, pieces):
    profile = figures["profile"]
    attention = sum(op[way]["seconds"] for op in profile["ops"] if op["op"] == "attention"
                    for way in ("forward", "backward"))
    busy = profile["seconds"] - profile["waiting_for_end"]
    seconds, done = profile["seconds"] / figures["threads"], figures["target_tokens"]
    return (f"| {length:,} | {pieces:,} | {1e3 * seconds / figures['updates']:,.0f} "
            f"| {1e6 * (busy - attention) / done:.1f} | {1e6 * attention / done:.2f} "
            f"| {1e9 * attention / done / length:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dragoman", default="build/dragoman")
    options, options.more = parser.parse_known_args()
    print("| pieces of a sentence | of an update | ms an update | us of a core a target piece: all but attention "
          "| attention | ns of it, by length |\n| --- | --- | --- | --- | --- | --- |")
    for length in LENGTHS:
        print(row(measure(options, length, PIECES), length, PIECES), flush=True)
    for pieces in (2048, 4096, 16384, 32768):
        print(row(measure(options, 32, pieces), 32, pieces), flush=True)


if __name__ == "__main__":
    main()
