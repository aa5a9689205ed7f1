#!/bin/bash
# Training runs that people can trust: ten kills, translating from a folder that is being trained in, divergence.
# Argument: the command to test.
. "$(dirname "$0")/common.sh"
root=$(realpath "$(dirname "$0")/../..")
pid=
export LC_ALL=C.UTF-8  # a character is a character to sed, where LANG is not set too
trap '[ -z "$pid" ] || kill -9 $pid; rm -rf "$room"' EXIT
cd "$room" || exit 1

"$root/scripts/kills.sh" 10 "$dragoman" > kills || fail "ten kills: $(cat kills)"
grep -q '^10 kills in .* 0 differences$' kills || fail "ten kills: $(cat kills)"

head -n 300 "$root/data/toy/train.zh" | sed 's/./& /g' > train.zh
head -n 300 "$root/data/toy/train.en" > train.en
small=(train --train-sets train.zh train.en --segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1
    --heads 2 --mini-batch-words 150 --lr-warmup 20 --lr-schedule inv-sqrt --cpu-threads 1)

# ---- Every model that a run in progress shows is a whole one ----

# Each update replaces model.safetensors.
head -n 1 train.zh > line
"$dragoman" "${small[@]}" --model live --after 1000000u --save-freq 1u --quiet 2> live.err &
pid=$!
until [ -s live/model.safetensors ]; do sleep 0.005; kill -0 $pid || break; done
for i in $(seq 30); do
    "$dragoman" translate --model live --beam-size 1 --cpu-threads 1 < line > out 2> err ||
        fail "translating, $i: $(cat err)"
    [ "$(wc -l < out)" = 1 ] || fail "translating, $i: not one line: $(cat out)"
    cmp -s live/model.safetensors before || seen=$((${seen:-0} + 1))
    cp live/model.safetensors before
done
kill -0 $pid || fail "the run has ended: $(cat live.err)"
kill -9 $pid
{ wait $pid; } 2> wait.err
pid=
[ "${seen:-0}" -gt 5 ] || fail "only ${seen:-0} models were seen in a folder that changes with every update"

# ---- A terminal that is gone is no kill ----

"$dragoman" "${small[@]}" --model gone --after 1000000u 2> gone.err &
pid=$!
until [ -s gone/train.jsonl ]; do sleep 0.005; kill -0 $pid || break; done
kill -HUP $pid
wait $pid 2> wait.err
got=$?
pid=
[ $got = 129 ] || fail "SIGHUP: exit status $got instead of 129: $(cat gone.err)"
grep -q 'Stopped after update' gone.err || fail "SIGHUP: not stopped in order: $(tail -n 3 gone.err)"
[ ! -e gone/train.lock ] && [ ! -e gone/train.new ] || fail "SIGHUP: left behind: $(ls -A gone)"

# ---- A name that is no UTF-8 does not spoil the folder's JSON ----

odd=$(printf 'train\xff.zh')
cp train.zh "$odd"
run=(train --train-sets "$odd" train.en "${small[@]:4}" --model odd --quiet)
"$dragoman" "${run[@]}" --after 1u 2> err || fail "a name that is no UTF-8: $(cat err)"
"$dragoman" info --model odd > out 2> err || fail "the folder of a text whose name is no UTF-8: $(cat err)"
"$dragoman" "${run[@]}" --after 2u 2> err || fail "going on with such a text: $(cat err)"

# ---- Divergence ----

"$dragoman" "${small[@]}" --model ruin --optimizer sgd --lr 100 --clip-norm 0 --lr-schedule constant --lr-warmup 0 \
    --save-freq 1u --after 100u --quiet > out 2> err
status=$?
[ $status = 1 ] || fail "divergence: exit status $status instead of 1"
[ ! -s out ] || fail "divergence: something on stdout"
for word in 'diverged at update' 'op ' 'logits [' 'model.shared.weight' 'in shard' 'lines ' 'of train.zh' 'is kept' \
    '--learn-rate' '--pretrained-model ruin'; do
    grep -qF -- "$word" err || fail "divergence: the message does not speak of '$word': $(cat err)"
done
"$dragoman" translate --model ruin < line > out 2> err || fail "the model before the divergence: $(cat err)"
[ "$(wc -l < out)" = 1 ] || fail "the model before the divergence does not translate"

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
