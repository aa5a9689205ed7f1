#!/usr/bin/env bash
# Parts of speech: a label for each word of Turkish sentences, learned from the Turkish Web Treebank. The same command again
# goes on where it stopped.
#   scripts/treebank.sh [--text-only] [FOLDER [MODEL_FOLDER]]
#     --text-only  stops when words and labels are there
#     FOLDER       is where the text comes, or is already                   default: build/treebank.text
# The treebank (Google Research, Apache 2.0) is not part of this project: it is taken from PyPI's package turkish-treebanks,
# of which nothing is installed. Where there is no network, put turkish_treebanks-1.0.0-py3-none-any.whl or its folder data
# into FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

only=
[ "${1:-}" != --text-only ] || only=yes
[ -z "$only" ] || shift
text=${1:-build/treebank.text}
model=${2:-build/treebank}
[ -n "$only" ] || scripts/setup.sh
mkdir -p "$text"
if [ ! -f "$text/test.labels" ]; then
    source=$text
    if [ ! -f "$source/data/web.conllu" ]; then
        source=$text/turkish_treebanks-1.0.0-py3-none-any.whl
        fetch_from_pypi "$source" turkish-treebanks==1.0.0 \
            5a009c29a8e96e8f7e25059d59ac293c3baead6d746bf0fa4c9d3349b1e37ba0
    fi
    step python3 scripts/treebank.py "$source" "$text"
fi
[ -z "$only" ] || exit 0
step build/dragoman train --config scripts/recipes/treebank.json --model "$model" \
    --train-sets "$text/train.words" "$text/train.labels" --valid-sets "$text/dev.words" "$text/dev.labels"
step build/dragoman translate --model "$model" --input "$text/test.words" --output "$model/test.labels"
step build/dragoman score --metrics accuracy f1 --ref "$text/test.labels" -- "$model/test.labels"

echo
echo "Some of the test sentences: words, labels, what the model says"
paste -d '\n' "$text/test.words" "$text/test.labels" "$model/test.labels" |
    awk 'NR <= 24 { print "    " $0 } NR <= 24 && NR % 3 == 0 { print "" }'
if [ -t 0 ] && [ -t 1 ]; then
    echo "Now it is your turn: type a Turkish sentence, punctuation apart from the words. Ctrl-D or :quit leaves."
    step build/dragoman translate --model "$model"
fi
