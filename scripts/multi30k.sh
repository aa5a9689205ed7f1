#!/usr/bin/env bash
# English to German on Multi30k: the recipe of Transformer-Tiny (Wu et al. 2021, "Good for Misconceived Reasons"), from
# text to score. The same command again goes on where it stopped.
#   scripts/multi30k.sh [FOLDER [DURATION [MODEL_FOLDER [OPTION...]]]]
#     FOLDER    holds bpe/train.en, bpe/train.de, bpe/valid.*, bpe/test.2016.*     default: ../shared/data/multi30k
#     DURATION  how long to train: 30m, 40e (epochs), 8000u (updates)              default: 8000u, the published recipe
#     OPTION    of train: --seed 2 --precision bf16 (translate takes the precision, too)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

corpus=${1:-../shared/data/multi30k}
duration=${2:-8000u}
model=${3:-build/multi30k-tiny}
options=("${@:4}") precision=()
[[ " ${options[*]} " =~ " --precision"[\ =]([a-z0-9]+)" " ]] && precision=(--precision "${BASH_REMATCH[1]}")
text=$corpus/bpe
if [ ! -f "$text/train.en" ]; then
    cat >&2 <<TEXT
$text/train.en is not there. Multi30k (Elliott et al. 2016) is other people's text and not part of this project.
    The captions:    https://github.com/multi30k/dataset
    As needed here (lowercased, tokenised, 10,000 joint BPE merges, files train, valid and test.2016 in en and de):
                     https://github.com/LividWo/Revisit-MMT
Put the six files into a folder bpe and name the folder above it:  scripts/multi30k.sh FOLDER
TEXT
    exit 1
fi
scripts/setup.sh

step build/dragoman train --config scripts/recipes/multi30k-tiny.json --model "$model" --after "$duration" \
    "${options[@]}" --train-sets "$text/train.en" "$text/train.de" --valid-sets "$text/valid.en" "$text/valid.de"
step build/dragoman translate --model "$model" --beam-size 5 --normalize 1 "${precision[@]}" \
    --input "$text/test.2016.en" --output "$model/test.2016.de"
sed 's/@@ //g' "$text/test.2016.de" > "$model/reference.2016.de"
step build/dragoman score --tok none --ref "$model/reference.2016.de" -- "$model/test.2016.de"
