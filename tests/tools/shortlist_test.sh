#!/bin/bash
# dragoman shortlist and translate --shortlist, as their users meet them. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# 600 words, each of which becomes one other word: w7 v7. Lists of 256 pieces are shorter than the vocabulary.
RANDOM=5
for i in $(seq 1500); do
    a=$((RANDOM % 600)) b=$((i % 600)) c=$((RANDOM % 600))
    echo "w$a w$b w$c" >> src
    echo "v$a v$b v$c" >> trg
done
"$dragoman" train --train-sets src trg --segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 \
    --gemm openblas --after 2u --quiet --model run 2> train.err || fail "train: $(cat train.err)"
check 'no list yet' 1 'run has no shortlist|dragoman shortlist --model run' "$dragoman" translate --model run --shortlist
check 'a list' 0 '' "$dragoman" shortlist --model run --train-sets src trg --first 20 --best 1
[ "$(grep -c $'\t' run/vmap.txt)" -gt 590 ] || fail "vmap.txt has $(wc -l < run/vmap.txt) lines"
[ "$(sed -n 2p run/vmap.txt | tr ' ' '\n' | wc -l)" = 20 ] || fail "its second line: $(sed -n 2p run/vmap.txt)"
[ "$(head -n 1 run/vmap.txt)" = "$(printf 'dragoman:bytes=%012d\t' "$(tail -n +2 run/vmap.txt | wc -c)")" ] ||
    fail "its first line: $(head -n 1 run/vmap.txt)"
right=$(grep -cE '^w([0-9]+)'$'\t''v\1$' run/vmap.txt)
[ "$right" -gt 550 ] || fail "only $right words are listed with their translations"
paste src trg > pairs.tsv
cp run/vmap.txt first
check 'of a table, with three threads' 0 '' "$dragoman" shortlist --model run --tsv pairs.tsv --first 20 --best 1 --cpu-threads 3
same 'the same text, the same list' run/vmap.txt first

head -n 40 src > lines
"$dragoman" translate --model run --shortlist --input lines --output one --cpu-threads 1 || fail 'translate --shortlist'
"$dragoman" translate --model run --shortlist --input lines --output three --cpu-threads 3 || fail 'with three threads'
[ "$(wc -l < one)" = 40 ] || fail "$(wc -l < one) lines came out of 40"
same 'any number of threads' one three
"$dragoman" bench translate --model run --input lines --shortlist --seconds 0 --rounds 1 > text || fail 'bench --shortlist'
check 'a smaller model' 0 '' "$dragoman" quantize --model run --output small --precision bf16
same 'the list comes along' run/vmap.txt small/vmap.txt
"$dragoman" translate --model small --shortlist --input lines > text || fail 'the list of a smaller model'
check 'made-up text has no list' 2 '--shortlist|--input' "$dragoman" bench translate --model run --shortlist
check 'training has none' 2 '--shortlist' "$dragoman" bench train --shortlist

check 'no text' 2 '--train-sets' "$dragoman" shortlist --model run
check 'the list as its own text' 1 'run/vmap.txt and the list|same file' \
    "$dragoman" shortlist --model run --train-sets src run/vmap.txt
echo 4711 quantize > run/train.lock
check 'while somebody writes there' 1 'number 4711 (dragoman quantize), is at work there' \
    flock run/train.lock "$dragoman" shortlist --model run --train-sets src trg
rm run/train.lock
check 'no model' 1 'nowhere' "$dragoman" shortlist --model nowhere --train-sets src trg
head -n 9 trg > short
check 'unequal text' 1 'short' "$dragoman" shortlist --model run --train-sets src short
same 'a failure leaves the list as it was' run/vmap.txt first
bytes=$(wc -c < first)
for cut in 0 1 10 29 30 100 $((bytes - 900)) $((bytes - 2)); do
    head -c $cut first > run/vmap.txt
    check "a list cut at byte $cut" 1 'run/vmap.txt|dragoman shortlist' "$dragoman" translate --model run --shortlist --input lines
done
tail -n +2 first > run/vmap.txt
"$dragoman" translate --model run --shortlist --input lines --output other || fail 'a list from elsewhere'
same 'a list from elsewhere' one other
cp first run/vmap.txt
echo 'w1	nobody' >> run/vmap.txt
check 'a list with a line too many' 1 'run/vmap.txt is not whole|dragoman shortlist' "$dragoman" translate --model run --shortlist
sed -i 1d run/vmap.txt
check 'a list of another model' 1 'vmap.txt|nobody' "$dragoman" translate --model run --shortlist

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
