#!/bin/bash
# Text alone: training on one file, going on with lines, rescoring, and what does not go together. Argument: the command
# to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
here=$(realpath "$(dirname "$0")")
cd "$room" || exit 1

# Forty lines: each number word is followed by the next ones; some lines are long.
numbers=(one two three four five six seven eight nine ten)
for i in $(seq 0 39); do
    line=''
    for j in $(seq 0 $((i == 7 ? 40 : 7 + i % 4))); do line="$line ${numbers[(i + j) % 10]}"; done
    echo "${line# }"
done > text
head -n 12 text > dev

common=(--train-sets text --type lm --segmenter space --dim-emb 32 --dim-ffn 64 --dec-depth 2 --heads 2 --gemm openblas
    --mini-batch-words 60 --shard-words 20 --max-length 12 --lr-warmup 20 --learn-rate 0.01 --lr-schedule inv-sqrt --dropout 0.1
    --disp-freq 10u)
train() { "$dragoman" train "${common[@]}" --quiet "$@"; }
generate() { "$dragoman" generate --model run "$@"; }
rescore() { "$dragoman" rescore --model run "$@"; }

# ---- Training ----

check 'a training' 0 '' train --after 60e --valid-sets dev --valid-freq 10e --early-stopping 0 --average 3 --cpu-threads 1 --model run
check 'its beginning' 0 '' train --after 70u --valid-sets dev --valid-freq 10e --early-stopping 0 --average 3 --cpu-threads 3 --model half
check 'the rest' 0 '' train --after 60e --cpu-threads 2 --change --model half
same 'in two parts, by other threads' run/model.safetensors half/model.safetensors
grep -q '"examples":	"text"' run/config.json || fail "config.json does not say text: $(cat run/config.json)"
tr -d '\n\t ' < run/config.json | grep -q '"valid-metrics":\["ce-mean-words"\]' || fail 'text alone is validated by translations'
grep -q '"event":"sample".*"source":"one two three four five","reference":"one two three four five six seven eight"' run/train.jsonl || fail "no samples: $(grep sample run/train.jsonl | head -2)"
rm -r half
"$dragoman" train "${common[@]}" --after 1u --model first 2> log || fail 'a first update'
grep -q 'Cut into windows: 1 line of more than --max-length 12 pieces' log || fail "nothing was cut: $(cat log)"
grep -q 'Training in first: 43 windows, 13 pieces' log || fail "other windows: $(cat log)"
paste <(seq 40) text > text.tsv
check 'a column' 0 '' "$dragoman" train "${common[@]:2}" --tsv text.tsv --tsv-columns 2 --quiet --after 1u --model column
same 'a column' first/model.safetensors column/model.safetensors
check 'another text' 1 'this is not the text that the run in first was begun with' \
    "$dragoman" train --model first --train-sets dev --after 2u --change --quiet

# ---- Going on ----

printf 'one two\nfive six seven\n\neight\n' > beginnings
generate < beginnings > out || fail 'generating'
[ "$(wc -l < out)" = 4 ] || fail "other lines came out: $(cat out)"
grep -q '^one two three' out && grep -q '^five six seven eight' out || fail "it has not learnt to count: $(cat out)"
sed -n 3p out | grep -q '^[a-z]' || fail "nothing begins with nothing: $(cat out)"
for manner in '--beam-size 3 --n-best 3' '--output-sampling full --seed 3 --n-best 2' '--output-sampling topk 3 --json' \
    '--beam-size 1 --word-scores' '--stop four ten --max-length 5 --json --n-best 1'; do
    # shellcheck disable=SC2086
    generate $manner < beginnings > together || fail "$manner"
    # shellcheck disable=SC2086
    generate $manner --mini-batch 1 --cpu-threads 3 < beginnings > alone
    same "$manner, one by one" together alone
    [ "$(wc -l < together)" -ge 4 ] || fail "$manner: $(cat together)"
done
generate --stop four --max-length 30 < beginnings > out
[ "$(sed -n 1p out)" = 'one two three four' ] || fail "it does not stop: $(cat out)"
generate --max-length 2 < beginnings > out
[ "$(sed -n 2p out)" = 'five six seven eight nine' ] || fail "other lengths: $(cat out)"
echo '  one   two ' | generate --max-length 1 > out
[ "$(cat out)" = '  one   two three' ] || fail "the line is another: '$(cat out)'"
echo 'what two' | generate --max-length 1 > out
[ "$(cat out)" = 'what two three' ] || fail "an unknown word is lost: '$(cat out)'"
generate --stream < beginnings > out
generate --beam-size 1 < beginnings > expected
same 'a stream' expected out
generate --output-sampling full --seed 4 < beginnings > out
generate --output-sampling full --seed 5 < beginnings > expected
cmp -s out expected && fail 'another seed draws the same'
generate --output-sampling full --seed 4 < beginnings > expected
same 'the same seed' expected out

python3 "$here/generate_conversation.py" "$dragoman" "$room/run" "$room" || fail 'a conversation'
check 'heads that look ahead' 0 '' train --after 60e --add-loss ahead 0.3 --ahead 2 --ahead-form chain --model heads
python3 "$here/generate_conversation.py" "$dragoman" "$room/heads" "$room" --draft self || fail 'a conversation by drafts'

# ---- Rescoring ----

rescore text > scores || fail 'rescoring'
[ "$(wc -l < scores)" = 40 ] || fail "$(wc -l < scores) scores of 40"
rescore --mini-batch 1 --cpu-threads 3 text > out
same 'one by one' scores out
rescore --word-scores text > words
awk '{ print NF - 2 }' words > counts
awk '{ print NF + 1 }' text > expected
same 'a score for each piece and the end' expected counts
awk '{ sum = 0; for (i = 3; i <= NF; i++) sum += $i; d = sum - $1; if (d > 0.003 || d < -0.003) exit 1 }' words ||
    fail 'the scores of pieces do not add up'
rescore --word-scores --no-eos text > out
sed -E 's/ [^ ]*$//; s/^[^ ]*//' words > expected
sed -E 's/^[^ ]*//' out > without
same 'without the ends' expected without
check 'a run to compare with' 0 '' train --after 8u --valid-sets text --valid-freq 8u --valid-metrics ce-mean-words perplexity --model short
for name in ce-mean-words perplexity; do
    valid=$(grep '"event":"valid"' short/train.jsonl | sed -E "s/.*\"$name\":([0-9.]*).*/\1/")
    "$dragoman" rescore --model short --summary $name text > out
    awk -v expected="$valid" '{ d = $1 / expected - 1; if (NF != 1 || d > 1e-5 || d < -1e-5) exit 1 }' out ||
        fail "training says that $name is $valid, rescore $(cat out)"
done
rescore --tsv text.tsv --tsv-columns 2 > out
same 'a column' scores out
printf '\none two\n' | rescore --word-scores - > out
[ "$(sed -n 1p out | awk '{ print NF }')" = 3 ] || fail "an empty line is its end: $(cat out)"
printf '\none two\n' | rescore --no-eos - > out
[ "$(sed -n 1p out)" = 0.0000 ] || fail "of nothing nothing is left: $(cat out)"

# ---- What else is done with it ----

check 'int8' 0 'Wrote int8' "$dragoman" quantize --model run --output int8
"$dragoman" generate --model int8 < beginnings > out && [ "$(wc -l < out)" = 4 ] || fail 'int8 does not go on'
check 'an average' 0 '' "$dragoman" average --model run --last 2 --output run/mean.safetensors
check 'a report' 0 'Wrote' "$dragoman" report --model run --output report.html
grep -q 'has learnt from text alone' report.html || fail 'the report does not say that there is no source'
"$dragoman" info --model run > out || fail 'info'
grep -q 'run: lm, of text alone' out && ! grep -q 'a source piece\|nan' out || fail "info of text alone: $(cat out)"
"$dragoman" bench translate --model run --seconds 0 --rounds 1 --sentences 20 > out || fail 'bench translate'
"$dragoman" bench train --model run --seconds 0 --rounds 1 --sentences 60 --mini-batch-words 100 > out || fail 'bench train'
"$dragoman" generate --model run run < beginnings > out || fail 'an ensemble'
generate < beginnings > expected
same 'an ensemble of the same' expected out
check 'training on, on pairs' 0 '' "$dragoman" train --train-sets text text --pretrained-model run --after 2u --max-length 12 --quiet --model pairs
"$dragoman" translate --model pairs < beginnings > out && [ "$(wc -l < out)" = 4 ] || fail 'pairs do not translate'
check 'training on, on text' 0 '' "$dragoman" train --train-sets text --pretrained-model pairs --after 2u --max-length 12 --quiet --model again
check 'words of a source that is not there' 2 '--dropout-src has no effect on a model of text alone' "$dragoman" train \
    --train-sets text --pretrained-model run --dropout-src 0.2 --after 2u --max-length 12 --quiet --model new
"$dragoman" generate --model again < beginnings > out && [ "$(wc -l < out)" = 4 ] || fail 'text does not go on'

# A pair whose source is predicted too is learnt as the text that it is, joined by the end of the source, which no line of
# text can have in it.
check 'both sides' 0 '' "$dragoman" train --train-sets text text --pretrained-model run --loss-on both --after 2u --max-length 12 --quiet --model both
cmp -s both/model.safetensors pairs/model.safetensors && fail '--loss-on both changes nothing'

# ---- What does not go together ----

from_text() { "$@" < beginnings; }
check 'a translation' 2 'ask it by dragoman generate' from_text "$dragoman" translate --model run
check 'text of a translator' 2 'ask it by dragoman translate' from_text "$dragoman" generate --model pairs
check 'an unlike ensemble' 1 'cannot be asked together' from_text "$dragoman" generate --model run pairs
check 'serving' 2 'ask it by dragoman generate' "$dragoman" serve --model run --port 0
check 'a shortlist' 1 'translates nothing' "$dragoman" shortlist --model run --train-sets text text
check 'pairs of a model of text' 2 'learnt from text alone' rescore text text
check 'text of a model of pairs' 2 'learnt from pairs: give it SRC and TRG' "$dragoman" rescore --model pairs text
check 'no end of a translation' 2 'only of text alone' "$dragoman" rescore --model pairs --no-eos text text
check 'a stop that is no piece' 2 "text cannot stop at 'four five'" from_text generate --stop 'four five'
check 'a stream of a beam' 2 '--stream is for greedy search' from_text generate --stream --beam-size 2
check 'a Transformer of text alone' 2 'a model of --type transformer learns from pairs|--type lm' \
    "$dragoman" train --train-sets text --model new
check 'metrics of translations' 2 '--valid-metrics bleu compares translations' train --valid-sets dev --valid-metrics bleu --model new
check 'pairs to validate on' 2 'what is learnt from is text alone, and what is validated on pairs' train --valid-sets dev dev --model new
check 'windows of one piece' 2 '--max-length 1 cuts text' train --max-length 1 --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
