#!/bin/bash
# Norms of every kind in both places, by the command: the same bytes from any number of threads and after a stop, and what
# else is done with a model folder. Batch norm has most to lose, for its running statistics are of the run and not of a
# gradient. Argument: the command to test.
. "$(dirname "$0")/common.sh"
data=$(realpath "$(dirname "$0")/../../data/toy")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
for side in zh en; do
    head -n 500 "$data/train.$side" > train.$side
    head -n 40 "$data/dev.$side" > dev.$side
done
head -n 6 dev.zh > few.zh
head -n 6 dev.en > few.en

common=(--train-sets train.zh train.en --gemm openblas --mini-batch-words 300 --lr-warmup 20 --lr-schedule inv-sqrt --dropout 0.1 --disp-freq 10u
    --save-freq 25u --quiet)
shape=(--vocab-size 600 --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2)
options=("${common[@]}" "${shape[@]}" --shard-words 50 --valid-sets dev.zh dev.en --valid-freq 1e --average 2 --after 2e)
train() { "$dragoman" train "$@"; }
timeless() { sed -E 's/"(seconds|target_tokens_per_second)":[^,}]*,?//g' "$1/train.jsonl" | grep -v '"end"'; }

# ---- Training ----

for norm in rms batch; do
    for place in post pre; do
        run=$norm-$place
        kind=(--norm $norm --norm-place $place)
        check "$run" 0 '' train "${options[@]}" "${kind[@]}" --cpu-threads 1 --model $run
        check "$run, its beginning" 0 '' train "${options[@]}" "${kind[@]}" --cpu-threads 3 --after 17u --model half
        check "$run, the rest" 0 '' train "${options[@]}" --cpu-threads 2 --model half
        same "$run in two parts" $run/model.safetensors half/model.safetensors
        timeless half | grep -v '"update":17,' > log  # where it ended, it validated
        timeless $run | cmp -s - log || fail "$run: $(timeless $run | diff - log | head -n 5)"
        rm -r half
        grep -q '"model_type":	"dragoman"' $run/config.json || fail "$run: $(head -n 3 $run/config.json)"
        "$dragoman" info --model $run | grep -qF "$place-norm ($norm)" || fail "info does not tell of $run"
        ! cmp -s $run/model.safetensors other 2> cmp.err || fail "$run is no other model"
        cp $run/model.safetensors other
    done
done
batch=("${options[@]}" --norm batch)
check 'R-Drop' 0 '' train "${batch[@]}" --add-loss r-drop 2.5 --model r-drop
check 'a moving average' 0 '' train "${batch[@]}" --exponential-smoothing 0.01 --model moving
check 'training on' 0 '' train "${common[@]}" --pretrained-model batch-post --after 10u --model further
! cmp -s further/model.safetensors batch-post/model.safetensors || fail 'training on changes nothing'
if train "${batch[@]}" --optimizer sgd --lr 100 --clip-norm 0 --lr-schedule constant --lr-warmup 0 --after 100u --model ruin 2> err; then
    fail 'divergence: it went well'
fi
grep -q 'diverged at update .* in shard' err || fail "divergence: $(cat err)"

# ---- The folder ----

# Names of tensors, and bytes of those that match: tensors FILE PATTERN
tensors() {
    python3 -c '
import hashlib, json, re, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
for name, tensor in sorted(json.loads(data[8:8 + size]).items()):
    if re.search(sys.argv[2], name):
        begin, end = tensor["data_offsets"]
        print(name, tensor["dtype"], tensor["shape"], hashlib.md5(data[8 + size + begin:8 + size + end]).hexdigest())' "$@"
}
[ "$(tensors batch-pre/model.safetensors 'running_(mean|var)$' | grep -c ' F32 \[16\] ')" = 14 ] ||
    fail "running statistics: $(tensors batch-pre/model.safetensors running)"
tensors rms-pre/model.safetensors norm | grep -qE 'bias|running' && fail 'RMS norm has more than a gain'
cp batch-post/model.safetensors two
check 'an average' 0 'the average of 2' "$dragoman" average --model batch-post --last 2
same 'the average that training made' batch-post/model.safetensors two
check 'int8' 0 'Wrote int8' "$dragoman" quantize --model batch-post --output int8
check 'bf16' 0 '' "$dragoman" quantize --model batch-post --output bf16 --precision bf16
for folder in int8 bf16; do
    [ "$(tensors $folder/model.safetensors running)" = "$(tensors two running)" ] || fail "$folder: other statistics"
    "$dragoman" translate --model $folder < few.zh > out || fail "$folder does not translate"
    [ "$(wc -l < out)" = 6 ] || fail "$folder translates $(wc -l < out) lines of 6"
done
for threads in 1 3; do
    "$dragoman" bench train --model batch-post --seconds 0 --rounds 1 --sentences 100 --mini-batch-words 500 \
        --cpu-threads $threads > out || fail 'bench train'
done

# What else is in a batch changes nothing: outside training a row is by itself.
for run in rms-post rms-pre batch-post batch-pre r-drop moving further; do
    "$dragoman" translate --model $run --n-best 2 < few.zh > list || fail "$run does not translate"
    "$dragoman" translate --model $run --n-best 2 --mini-batch 1 < few.zh > alone
    same "$run: translated one by one" list alone
    "$dragoman" rescore --model $run few.zh few.en > scores || fail "$run does not rescore"
    paste few.zh few.en | while IFS=$'\t' read -r source target; do
        "$dragoman" rescore --model $run --tsv <(printf '%s\t%s\n' "$source" "$target")
    done > alone
    paste scores alone | awk '{ d = $1 - $2; if (d > 0.001 || d < -0.001) bad++ } END { exit bad || NR != 6 }' ||
        fail "$run: rescored one by one: $(paste scores alone)"
done

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
