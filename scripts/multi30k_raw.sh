#!/usr/bin/env bash
# Multi30k as people write it (cased, not tokenised), through SentencePiece, in both directions or one. The same command
# again goes on where it stopped.
#   scripts/multi30k_raw.sh [FOLDER [DIRECTION ...]]
#     FOLDER     holds raw/train.en, raw/train.de, raw/val.*, raw/test_2016_flickr.*      default: ../shared/data/multi30k
#     DIRECTION  en-de or de-en                                                           default: both
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

corpus=${1:-../shared/data/multi30k}
directions=("${@:2}")
[ ${#directions[@]} -gt 0 ] || directions=(en-de de-en)
text=$corpus/raw
if [ ! -f "$text/train.en" ]; then
    cat >&2 <<TEXT
$text/train.en is not there. Multi30k (Elliott et al. 2016) is other people's text and not part of this project:
    https://github.com/multi30k/dataset  (folder data/task1/raw)
Unpack train, val and test_2016_flickr in en and de into a folder raw and name the folder above it:
    scripts/multi30k_raw.sh FOLDER
TEXT
    exit 1
fi
scripts/setup.sh

for direction in "${directions[@]}"; do
    source=${direction%-*} target=${direction#*-} model=build/multi30k-raw-$direction
    step build/dragoman train --config scripts/recipes/multi30k-raw.json --model "$model" \
        --train-sets "$text/train.$source" "$text/train.$target" --valid-sets "$text/val.$source" "$text/val.$target"
    step build/dragoman translate --model "$model" \
        --input "$text/test_2016_flickr.$source" --output "$model/test_2016_flickr.$target"
    step build/dragoman score --metrics bleu chrf --ref "$text/test_2016_flickr.$target" -- \
        "$model/test_2016_flickr.$target"
done
