#!/usr/bin/env python3
"""Shows that dragoman obeys what generation_config.json says of search as transformers does: beam search, key by key.

  .venv/bin/python scripts/search_keys.py FOLDER SOURCE_FILE [--dragoman build/dragoman] [--lines 14]

FOLDER: a model with one vocabulary; one that has learnt little tells more. A copy of it is told each key; transformers'
generate() and `dragoman translate` translate with their defaults. Exit status 0: all lines agree.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import torch
import transformers

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("source", type=pathlib.Path)
parser.add_argument("--dragoman", default="build/dragoman", metavar="PATH")
parser.add_argument("--lines", type=int, default=14, metavar="N", help="of the source (14)")
args = parser.parse_args()
warnings.filterwarnings("ignore")
transformers.utils.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()
lines = [line for line in args.source.read_text(encoding="utf-8").splitlines() if line.strip()][:args.lines]
tokenizer = transformers.AutoTokenizer.from_pretrained(args.folder)


@torch.inference_mode()
def by_transformers(folder, returned):
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    out = model.generate(**tokenizer(lines, return_tensors="pt", padding=True))
    return tokenizer.batch_decode(out, skip_special_tokens=True)[::returned]


def by_dragoman(folder):
    command = [args.dragoman, "translate", "--model", folder, "--max-length-factor", "1000"]  # a limit of its own
    out = subprocess.run(command, input="\n".join(lines) + "\n", stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return out.stdout.splitlines()


def told(keys):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "model"
        shutil.copytree(args.folder, folder)
        path = folder / "generation_config.json"
        settings = {**json.loads(path.read_text(encoding="utf-8")), **keys}
        path.write_text(json.dumps({key: value for key, value in settings.items() if value is not None}))
        return by_transformers(folder, keys.get("num_return_sequences", 1)), by_dragoman(folder)


# Pieces that translations hold, for the keys that speak of pieces.
plain = told({})
pieces = list(dict.fromkeys(i for text in plain[1] for i in tokenizer(text_target=text).input_ids[:-1]))[:4]
cases = [
    {"num_beams": 1}, {"num_beams": 12}, {"early_stopping": True}, {"early_stopping": False, "length_penalty": 2.0},
    {"early_stopping": "never", "max_length": 30, "length_penalty": 2.0}, {"length_penalty": 0},
    {"forced_bos_token_id": pieces[1]}, {"forced_bos_token_id": pieces[1], "num_beams": 1},
    {"suppress_tokens": pieces}, {"begin_suppress_tokens": pieces},
    {"begin_suppress_tokens": pieces[:3], "forced_bos_token_id": pieces[3]}, {"bad_words_ids": [[i] for i in pieces]},
    {"no_repeat_ngram_size": 1}, {"no_repeat_ngram_size": 2}, {"min_length": 14}, {"min_new_tokens": 14},
    {"max_length": 8}, {"max_length": 8, "forced_eos_token_id": None}, {"max_new_tokens": 5},
    {"renormalize_logits": True, "suppress_tokens": pieces}, {"num_return_sequences": 3},
    {"temperature": 0.5, "top_k": 5, "top_p": 0.5},
]
good = True
for keys in cases:
    theirs, ours = told(keys)
    same = sum(a == b for a, b in zip(theirs, ours))
    changed = sum(a != b for a, b in zip(ours, plain[1]))
    print(f"{same} of {len(lines)} lines agree, {changed} changed by {keys}", flush=True)
    for i in [i for i in range(len(lines)) if theirs[i] != ours[i]][:2]:
        print(f"    dragoman: {ours[i]}\n    transformers: {theirs[i]}")
    good = good and same == len(lines)
sys.exit(0 if good else 1)
