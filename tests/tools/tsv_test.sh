#!/bin/bash
# translate and rescore on columns separated by tabs. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_folder model
translate() { "$dragoman" translate --model model --beam-size 1 "$@"; }
rescore() { "$dragoman" rescore --model model "$@"; }

for i in $(seq 40); do
    words=
    for j in $(seq $((i * 7 % 6))); do words="$words w$((2 + (i * i + j * 5) % 38))"; done
    echo "${words# }"
done > source
tac source > target
paste source target > pairs.tsv
{ printf '\xef\xbb\xbf'; paste <(seq 40) source <(seq 40) target <(seq 40) | sed 's/$/\r/'; } > many.tsv

# ---- translate ----

translate < source > translated
[ "$(wc -l < translated)" = 40 ] && [ "$(sort -u translated | wc -l)" -gt 5 ] || fail 'translating'
echo '{"tsv": true, "tsv-columns": 2, "input": "many.tsv"}' > translate.json
for command in '--config translate.json' '--tsv --input pairs.tsv' '--tsv --input source' '--tsv --tsv-columns 1 --input pairs.tsv' \
    '--tsv --tsv-columns 2 --input many.tsv'; do
    translate $command > out || fail "translate $command"
    same "translate $command" translated out
done
from pairs.tsv translate --tsv > out
same 'standard input' translated out
translate < target > backward
translate --tsv --tsv-columns 4 --input many.tsv > out
same 'another column' backward out
printf 'w5 w6\tx\nw7\n' | translate --tsv > out
printf 'w5 w6\nw7\n' | translate > expected
same 'lines of one and two columns' expected out
{ head -n 3 pairs.tsv; echo w5; head -n 3 pairs.tsv; } > short.tsv
translate --tsv --tsv-columns 2 --input short.tsv > out 2> err
[ $? = 1 ] && grep -qF 'dragoman: short.tsv: line 4 has 1 column, but column 2 is wanted' err ||
    fail "a column too few: $(cat err)"
head -n 3 backward > expected
same 'what stands before a column too few' expected out
check 'columns without a TSV' 2 '--tsv-columns has no effect without --tsv' translate --tsv-columns 2 --input pairs.tsv
check 'tabs in two meanings' 2 '--tsv and --prefix tab' translate --tsv --prefix tab --input pairs.tsv

coproc translate --tsv --tsv-columns 2
conversation=$COPROC_PID
for i in 3 17; do
    sed -n "${i}p" pairs.tsv >&"${COPROC[1]}"
    IFS= read -r -t 60 answer <&"${COPROC[0]}" || fail "no answer to line $i while the pipe is open"
    [ "$answer" = "$(sed -n "${i}p" backward)" ] || fail "the answer to line $i is another one: $answer"
done
eval "exec ${COPROC[1]}>&-"
wait "$conversation" || fail 'a conversation that ends is a failure'

# ---- rescore ----

rescore source target > rescored
[ "$(wc -l < rescored)" = 40 ] || fail 'rescoring'
for command in '--tsv pairs.tsv' '--tsv many.tsv --tsv-columns 2 4' '--config columns.json'; do
    echo '{"tsv": "many.tsv", "tsv-columns": [2, 4]}' > columns.json
    rescore $command > out || fail "rescore $command"
    same "rescore $command" rescored out
done
from pairs.tsv rescore --tsv - > out
same 'rescoring standard input' rescored out
rescore target source > expected
rescore --tsv pairs.tsv --tsv-columns 2 1 > out
same 'rescoring the other direction' expected out
check 'rescoring a column too few' 1 'short.tsv: line 4 has 1 column, but column 2 is wanted' rescore --tsv short.tsv
check 'rescoring two files and a TSV' 2 'rescore takes SRC or --tsv, not both' rescore source target --tsv pairs.tsv
check 'rescoring nothing named' 2 'rescore needs SRC or --tsv FILE' rescore

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
