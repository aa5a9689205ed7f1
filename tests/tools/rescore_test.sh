#!/bin/bash
# dragoman rescore: many pairs, part by part; normalised scores; one figure for all. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_folder model
rescore() { "$dragoman" rescore --model model "$@"; }

# ---- More pairs than are taken at once ----

awk 'BEGIN {
    for (i = 1; i <= 5000; i++) {
        printf "w%d w%d", 2 + i % 38, 2 + i * i % 37
        for (j = i % 3; j > 0; j--) printf " w%d", 2 + (i + j) % 7
        printf "\n"
    }
}' > source
tac source > target
rescore --mini-batch 1 source target > whole || fail 'rescoring'
[ "$(wc -l < whole)" = 5000 ] && [ "$(sort -u whole | wc -l)" -gt 1000 ] || fail 'not 5000 figures, or too few others'
rescore --mini-batch 1 <(tail -n 910 source) <(tail -n 910 target) > tail
tail -n 910 whole > expected
same 'the last pairs by themselves' expected tail

{ head -n 4499 source; yes w5 | head -n 5000 | tr '\n' ' '; echo; tail -n 500 source; } > long
rescore --mini-batch 1 long target > out 2> err
[ $? = 1 ] && grep -qF 'dragoman: long and target: line 4500: the source line has 5001 pieces' err ||
    fail "a line of very many pieces: $(cat err)"
head -n 4499 whole > expected
same 'what stands before a line of very many pieces' expected out
paste target long > pairs.tsv
rescore --tsv pairs.tsv > out 2> err
[ $? = 1 ] && grep -qF 'dragoman: pairs.tsv: line 4500: the target line has 5001 pieces' err ||
    fail "a line of very many pieces in a TSV: $(cat err)"
gone() { rescore source target | head -n 1 > first; return "${PIPESTATUS[0]}"; }
check 'a reader that goes away' 141 '' gone
[ ! -s err ] || fail "a reader that goes away: $(cat err)"

# ---- Scores by length, and one figure for all ----

head -n 100 source > few.source
tail -n 100 target | awk '{ print; if (NR % 4 == 0) print ""; }' | head -n 100 > few.target
rescore --word-scores few.source few.target > words
for power in 0 0.5 1 2.5; do
    rescore --normalize $power few.source few.target > out
    # sum / pieces^F, from the figures of each piece, which have four decimals
    awk -v power=$power '{ sum = 0; for (i = 3; i <= NF; i++) sum += $i; printf "%.6f\n", sum / (NF - 2) ^ power }' words |
        paste - out | awk '{ d = $1 - $2; if (d > 0.001 || d < -0.001) exit 1 }' || fail "--normalize $power"
done
[ "$(sort -u out | wc -l)" -gt 20 ] || fail 'normalised scores are all the same'
rescore --normalize 1 --word-scores few.source few.target | sed 's/.*||| //' > out
sed 's/.*||| //' words > expected
same 'figures of pieces are not normalised' expected out

# close NAME EXPECTED: the summary is that figure, as far as it can be had from four decimals
close() {
    rescore --summary "$1" few.source few.target > out || fail "--summary $1"
    [ "$(wc -l < out)" = 1 ] || fail "--summary $1 writes $(wc -l < out) lines"
    awk -v expected="$2" '{ d = $1 / expected - 1; if (d > 1e-4 || d < -1e-4) exit 1 }' out ||
        fail "--summary $1 is $(cat out) instead of $2"
}
sums=$(awk '{ for (i = 3; i <= NF; i++) sum -= $i; pieces += NF - 2 } END { printf "%.6f %d %d", sum, pieces, NR }' words)
close cross-entropy "$(echo "$sums" | awk '{ printf "%.6f", $1 / $3 }')"
close ce-mean-words "$(echo "$sums" | awk '{ printf "%.6f", $1 / $2 }')"
close perplexity "$(echo "$sums" | awk '{ printf "%.6f", exp($1 / $2) }')"
echo '{"SRC": "few.source", "TRG": "few.target", "summary": "ce-mean-words"}' > summary.json
rescore --summary ce-mean-words few.source few.target > expected
rescore --config summary.json > out
same 'a summary that a configuration asks for' expected out
check 'a summary of nothing' 1 '/dev/null is empty: there is nothing to summarise' \
    rescore --summary perplexity /dev/null /dev/null
check 'a summary with figures of pieces' 2 '--summary|--word-scores' \
    rescore --summary perplexity --word-scores few.source few.target
check 'a normalised summary' 2 '--summary|--normalize' rescore --summary perplexity --normalize 1 few.source few.target
check 'another summary' 2 'cross-entropy, ce-mean-words, perplexity' rescore --summary bleu few.source few.target

# The validation of a training run and rescore's summary say the same of the same model and text.
head -n 60 source > train.source
head -n 60 target > train.target
"$dragoman" train --train-sets train.source train.target --valid-sets few.source few.target --segmenter space --dim-emb 16 \
    --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --mini-batch-words 40 --after 8u --valid-freq 8u --quiet \
    --valid-metrics ce-mean-words perplexity --model trained || fail 'training'
for name in ce-mean-words perplexity; do
    valid=$(grep '"event":"valid"' trained/train.jsonl | sed -E "s/.*\"$name\":([0-9.]*).*/\1/")
    "$dragoman" rescore --model trained --summary $name few.source few.target > out
    awk -v expected="$valid" '{ d = $1 / expected - 1; if (NF != 1 || d > 1e-5 || d < -1e-5) exit 1 }' out ||
        fail "training says that $name is $valid, rescore $(cat out)"
done

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
