#!/bin/bash
# dragoman quantize as its users meet it. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text
mv src text
"$dragoman" train --train-sets text text --segmenter space --dim-emb 32 --dim-ffn 64 --enc-depth 1 --dec-depth 1 --heads 2 \
    --mini-batch-words 60 --lr-warmup 20 --lr-schedule inv-sqrt --dropout 0.1 --after 25e --gemm openblas --quiet --model run 2> train.err || fail 'train'
size() { stat -c %s "$1/model.safetensors"; }

check 'int8' 0 'Wrote int8' "$dragoman" quantize --model run --output int8
check 'bf16' 0 '' "$dragoman" quantize --model run --output deep/bf16 --precision bf16
[ "$(size int8)" -lt $(($(size run) / 2)) ] || fail "int8 takes $(size int8) bytes, float32 $(size run)"
[ "$(size deep/bf16)" -lt $(($(size run) * 2 / 3)) ] || fail "bf16 takes $(size deep/bf16) bytes, float32 $(size run)"
for folder in int8 deep/bf16; do
    for file in vocab.json generation_config.json train.jsonl; do
        same "$folder" run/$file $folder/$file
    done
    for file in training.safetensors train.lock; do
        [ ! -e $folder/$file ] || fail "$folder has $file"
    done
    [ -z "$(find $folder -name '*.tmp')" ] || fail "$folder has $(find $folder -name '*.tmp')"
    "$dragoman" translate --model $folder < text > $folder.out || fail "$folder does not translate"
    [ "$(wc -l < $folder.out)" = 30 ] || fail "$folder does not translate every line"
    "$dragoman" rescore --model $folder text text > out || fail "$folder does not rescore"
    "$dragoman" info --model $folder > out || fail "$folder cannot be described"
    "$dragoman" translate --model run $folder < text > out || fail "$folder is no part of an ensemble"
    check "training on in $folder" 1 "$folder|--pretrained-model" \
        "$dragoman" train --train-sets text text --model $folder --after 1u
    check "starting from $folder" 0 '' "$dragoman" train --train-sets text text --gemm openblas --after 1u --quiet \
        --pretrained-model $folder --model from-$(basename $folder)
done
"$dragoman" info --model int8 --json | tr -d ' \t' | grep -q '"precision":"int8"' || fail 'info does not say int8'
"$dragoman" info --model run --json | tr -d ' \t' | grep -q '"precision":"fp32"' || fail 'info does not say fp32'
"$dragoman" info --model deep/bf16 | grep -q bf16 || fail 'info does not say bf16'
mkdir locked
check 'while somebody writes there' 1 'locked: another process is at work there' \
    flock locked/train.lock "$dragoman" quantize --model run --output locked
check 'int8 of int8' 0 '' "$dragoman" quantize --model int8 --output again
same 'int8 of int8' int8/model.safetensors again/model.safetensors

check 'a folder that holds a model' 1 'int8 holds a model already|--output' "$dragoman" quantize --model run --output int8
check 'the same folder' 1 'run holds a model already' "$dragoman" quantize --model run --output run
check 'no model' 1 'nowhere' "$dragoman" quantize --model nowhere --output new
[ ! -e new ] || fail 'a command that could not begin left a folder'
check 'no output' 2 '--output' "$dragoman" quantize --model run
check 'another precision' 2 'int4|int8|bf16' "$dragoman" quantize --model run --output new --precision int4
cp -r int8 bad
sed -i 's/model.shared.weight_scale/model.shared.weight_skale/' bad/model.safetensors
check 'a missing scale' 1 'model.shared.weight_scale' "$dragoman" translate --model bad

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
