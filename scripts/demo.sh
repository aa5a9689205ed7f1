#!/usr/bin/env bash
# From nothing to a translator: installs, builds, trains on the toy corpus, translates, scores, and lets you type.
#   scripts/demo.sh [MODEL_FOLDER]      default: build/toy
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
scripts/setup.sh

model=${1:-build/toy}
step build/dragoman train --config scripts/recipes/toy.json --model "$model"

echo
echo "The 500 test sentences, none of which was seen in training:"
step build/dragoman translate --model "$model" --input data/toy/test.zh --output "$model/test.en"
step build/dragoman score --ref data/toy/test.en -- "$model/test.en"

echo
echo "Some of them: source, reference, translation"
paste -d '\n' data/toy/test.zh data/toy/test.en "$model/test.en" |
    awk 'NR <= 24 { print "    " $0 } NR <= 24 && NR % 3 == 0 { print "" }'

echo "And what people try first:"
printf '我爱中国\n机器学习\n中国的首都是哪里？\n' | step build/dragoman translate --model "$model"

if [ -t 0 ] && [ -t 1 ]; then
    echo
    echo "Now it is your turn: type a Chinese sentence. Ctrl-D or :quit leaves."
    step build/dragoman translate --model "$model"
fi
