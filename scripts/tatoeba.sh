#!/usr/bin/env bash
# Chinese to English on Tatoeba: a translator to talk to after a quarter of an hour. The same command again goes on
# where it stopped.
#   scripts/tatoeba.sh [FOLDER [MODEL_FOLDER]]
#     FOLDER    holds zh-en.train.tsv, zh-en.dev.tsv, zh-en.test.tsv       default: ../shared/data/tatoeba
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

corpus=${1:-../shared/data/tatoeba}
model=${2:-build/tatoeba}
if [ ! -f "$corpus/zh-en.train.tsv" ]; then
    cat >&2 <<TEXT
$corpus/zh-en.train.tsv is not there. The sentences of Tatoeba are other people's text (CC-BY 2.0 France) and not part of
this project. Pairs with attribution, a pair a line: https://www.manythings.org/anki (cmn-eng.zip) or
https://tatoeba.org/downloads. Put the Chinese sentence first and the English one second, with a tab between, set 1,000
lines apart as zh-en.dev.tsv and 1,000 as zh-en.test.tsv, none of whose sentences is in zh-en.train.tsv, and name the
folder:  scripts/tatoeba.sh FOLDER
TEXT
    exit 1
fi
scripts/setup.sh

text=$model.text
mkdir -p "$text"
for part in train dev test; do
    cut -f 1 "$corpus/zh-en.$part.tsv" > "$text/$part.zh"
    cut -f 2 "$corpus/zh-en.$part.tsv" > "$text/$part.en"
done
step build/dragoman train --config scripts/recipes/tatoeba.json --model "$model" \
    --train-sets "$text/train.zh" "$text/train.en" --valid-sets "$text/dev.zh" "$text/dev.en"
step build/dragoman translate --model "$model" --input "$text/test.zh" --output "$model/test.en"
step build/dragoman score --metrics bleu chrf --ref "$text/test.en" -- "$model/test.en"

echo
echo "Some of the test sentences: source, reference, translation"
paste -d '\n' "$text/test.zh" "$text/test.en" "$model/test.en" |
    awk 'NR <= 48 { print "    " $0 } NR <= 48 && NR % 3 == 0 { print "" }'
if [ -t 0 ] && [ -t 1 ]; then
    echo "Now it is your turn: type a Chinese sentence. Ctrl-D or :quit leaves."
    step build/dragoman translate --model "$model"
fi
