#!/bin/bash
# --precision as its users meet it: where the processor and the library have such products the translations nearly are
# those of float32, elsewhere a sentence says what to take instead. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text
mv src text
shape=(--train-sets text text --segmenter space --dim-emb 32 --dim-ffn 64 --enc-depth 1 --dec-depth 1 --heads 2
    --mini-batch-words 60 --lr-warmup 20 --lr-schedule inv-sqrt --learn-rate 0.01 --dropout 0.1 --after 120e --quiet)
"$dragoman" train "${shape[@]}" --model run 2> train.err || fail 'train'
"$dragoman" translate --model run --precision fp32 < text > fp32.out || fail 'translate in fp32'
[ "$(diff text fp32.out | grep -c '^>')" -lt 6 ] || fail 'the model has not learnt to copy, so there is nothing to compare'

has() {  # has PRECISION: does this machine have it?
    "$dragoman" translate --model run --gemm onednn --precision "$1" < /dev/null 2> message
}

for precision in bf16 int8; do
    if ! has $precision; then
        grep -q -- '--precision fp32\|no oneDNN' message || fail "$precision is refused without advice: $(cat message)"
        check "$precision with rescore" 1 "$precision" "$dragoman" rescore --model run --gemm openblas --precision $precision text text
        continue
    fi
    "$dragoman" translate --model run --precision $precision < text > $precision.out || fail "translate in $precision"
    [ "$(diff fp32.out $precision.out | grep -c '^>')" -lt 6 ] || fail "$precision translates otherwise: $(diff fp32.out $precision.out)"
    "$dragoman" rescore --model run --precision fp32 text text > a || fail 'rescore in fp32'
    "$dragoman" rescore --model run --precision $precision text text > b || fail "rescore in $precision"
    cmp -s a b && fail "$precision gives the very figures of fp32: it was not used"
    paste a b | awk '{ d = $1 - $2; if (d < -0.5 || d > 0.5) exit 1 }' || fail "$precision rescores otherwise"
done

for precision in fp32 bf16 int8; do  # what shares its batch does not show in a line
    has $precision || continue
    for batch in 1 2 5 16; do
        "$dragoman" translate --model run --precision $precision --n-best 3 --word-scores --mini-batch $batch < text > list.$batch ||
            fail "$precision: translate in batches of $batch"
        same "$precision: translations in batches of $batch" list.1 list.$batch
        "$dragoman" rescore --model run --precision $precision --word-scores --mini-batch $batch text text > scores.$batch ||
            fail "$precision: rescore in batches of $batch"
        same "$precision: scores in batches of $batch" scores.1 scores.$batch
    done
done

has bf16 && check 'bf16 with openblas' 1 'oneDNN|--precision fp32' "$dragoman" translate --model run --gemm openblas --precision bf16 -i text
if grep -q avx2 /proc/cpuinfo; then  # kernels of our own, whatever the library
    "$dragoman" translate --model run --gemm openblas --precision int8 < text > own.out || fail 'int8 with openblas'
    [ "$(diff fp32.out own.out | grep -c '^>')" -lt 6 ] || fail "int8 with openblas translates otherwise: $(diff fp32.out own.out)"
    "$dragoman" rescore --model run --gemm openblas --precision int8 text text > b || fail 'rescore in int8 with openblas'
    cmp -s a b && fail 'int8 with openblas gives the very figures of fp32: it was not used'
else
    check 'int8 with openblas' 1 '--precision fp32' "$dragoman" translate --model run --gemm openblas --precision int8 -i text
fi

if has bf16; then
    "$dragoman" train "${shape[@]}" --precision bf16 --model bf16 2> train.err || fail 'train in bf16'
    "$dragoman" translate --model bf16 < text > trained.out || fail 'translate with what was trained in bf16'
    [ "$(diff text trained.out | grep -c '^>')" -lt 6 ] || fail 'training in bf16 has not learnt to copy'
    cp -r run plain
    sed -i 's/"gemm":[^,]*/"gemm": "openblas"/' plain/config.json
    "$dragoman" bench train --model plain --precision bf16 --seconds 0 --rounds 1 > text.bench 2> message ||
        fail "bench train in bf16, of a shape that was trained with another library: $(cat message)"
    check 'a run keeps its precision' 2 'precision' "$dragoman" train "${shape[@]}" --after 121e --precision fp32 --model bf16
fi
check 'int8 is not for training' 2 'fp32, bf16' "$dragoman" train "${shape[@]}" --precision int8 --model other
check 'int8 is not for bench train' 2 'bench translate' "$dragoman" bench train --precision int8

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
