#!/bin/bash
# --on-bad-line in the commands that read text, and blank lines of tables. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_folder model
translate() { "$dragoman" translate --model model --beam-size 1 --max-length-factor 0.1 "$@"; }
rescore() { "$dragoman" rescore --model model "$@"; }

# Line 2 is not UTF-8, line 4 has a NUL byte, line 6 is too long. The rest is as in good; cropped is what stands before.
long=$(for i in $(seq 5000); do printf 'w%d ' $((2 + i % 30)); done)
{ printf 'w5 w6\nw7 w8\xff w9\n\nw10\0 w11\nw12\n'; echo "$long"; echo 'w13 w14'; } > bad
{ printf 'w5 w6\n\n\n\nw12\n\nw13 w14\n'; } > good
{ printf 'w5 w6\nw7 w8\n\nw10\nw12\n'; echo "$long" | cut -d' ' -f-4095; echo 'w13 w14'; } > cropped

# ---- translate: a line out for each line in ----

translate < bad > out 2> err
[ $? = 1 ] && [ "$(wc -l < out)" = 1 ] && grep -q 'line 2' err || fail "a bad line stops: $(cat err)"
translate < good > skipped
translate < cropped > shortened
for way in '< bad' '--input bad' '--input bad --mini-batch 1 --cpu-threads 1'; do
    eval "translate --on-bad-line skip $way" > out 2> err || fail "skip $way: $(cat err)"
    same "skip $way" out skipped
    grep -q 'note: 3 bad lines of .* were skipped; the first is line 2' err || fail "skip $way: $(cat err)"
    eval "translate --on-bad-line crop $way" > out 2> err || fail "crop $way: $(cat err)"
    same "crop $way" out shortened
    grep -q 'note: 3 bad lines of .* were cropped; the first is line 2' err || fail "crop $way: $(cat err)"
done
translate --on-bad-line skip < good > out 2> err && [ ! -s err ] || fail "a note about nothing: $(cat err)"
translate --stream --on-bad-line skip < bad > out 2> err || fail "skip with --stream: $(cat err)"
same 'skip with --stream' out skipped
{ printf 'w5\tw6\nw7\tw8\xff\nw9\n'; printf '%s\tw7\n' "$long"; } > prefixed
{ printf 'w5\tw6\n\nw9\n\n'; } | translate --prefix tab > expected
translate --prefix tab --on-bad-line skip < prefixed > out 2> err || fail "skip with prefixes: $(cat err)"
same 'skip with prefixes' out expected
{ printf 'w5\tw6\nw7\tw8\nw9\n'; printf '%s\tw7\n' "$(echo "$long" | cut -d' ' -f-4095)"; } | translate --prefix tab > expected
translate --prefix tab --on-bad-line crop < prefixed > out 2> err || fail "crop with prefixes: $(cat err)"
same 'crop with prefixes' out expected
{ head -c 70000000 /dev/zero | tr '\0' ' '; printf '\nw12\n'; } > endless  # no end within 64 MiB
translate --on-bad-line skip < endless > out 2> err || fail "a line without an end: $(cat err)"
{ echo; echo w12; } | translate > expected
same 'a line without an end' out expected

# ---- tables: a blank line is a pair with empty sides ----

printf 'w5\tw6\n\nw7\tw8\n \nw9\tw10\n' > pairs.tsv
printf 'w6\n\nw8\n\nw10\n' | translate > expected
translate --tsv --tsv-columns 2 --input pairs.tsv > out 2> err || fail "blank lines of a table: $(cat err)"
same 'blank lines of a table' out expected
printf 'w5\n\nw7\n\nw9\n' > src
printf 'w6\n\nw8\n\nw10\n' > trg
rescore src trg > expected
rescore --tsv pairs.tsv > out 2> err || fail "rescoring blank lines of a table: $(cat err)"
same 'rescoring blank lines of a table' out expected
printf 'w5\tw6\nw7\nw9\tw10\n' > short.tsv
translate --tsv --tsv-columns 2 --on-bad-line skip --input short.tsv > out 2> err || fail "a column too few: $(cat err)"
printf 'w6\n\nw10\n' | translate > expected
same 'a column too few, skipped' out expected
grep -q '1 bad line of short.tsv was skipped; the first is line 2' err || fail "a column too few: $(cat err)"

# ---- rescore ----

tac good > other
check 'rescore stops' 1 'bad: line 2' rescore bad other
rescore good other > scores
rescore --on-bad-line skip bad other > out 2> err || fail "rescore skips: $(cat err)"
sed -e '2s/.*//' -e '4s/.*//' -e '6s/.*//' scores > expected
same 'rescore skips' out expected
grep -q '3 bad lines of bad and other were skipped; the first is line 2' err || fail "rescore skips: $(cat err)"
rescore cropped cropped > expected
rescore --on-bad-line crop bad bad > out 2> err || fail "rescore crops: $(cat err)"
same 'rescore crops' out expected
sed '2d;4d;6d' other > others
sed '2d;4d;6d' good | rescore --summary cross-entropy - others > expected
rescore --summary cross-entropy --on-bad-line skip bad other > out 2> err || fail "a summary skips: $(cat err)"
same 'a summary skips' out expected

# ---- train and shortlist: the pair is left out ----

train() { "$dragoman" train --segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --gemm openblas \
    --after 2u --seed 3 "$@"; }
make_text_again() { rm -f src trg && make_text; }
make_text_again
sed '3s/.*/red\xff blue/;5s/$/\x00 red/' src > bad.src
sed '9s/^/\xfe/' trg > bad.trg
sed '3s/.*//;5s/.*//;9s/.*//' src > good.src
sed '3s/.*//;5s/.*//;9s/.*//' trg > good.trg
printf '\xff\n' > none.src
echo w5 > none.trg
check 'a summary of nothing good' 1 'none.src has no line that is good' \
    rescore none.src none.trg --on-bad-line skip --summary perplexity
check 'training stops' 1 'bad.src|3|UTF-8' train --model stopped --train-sets bad.src bad.trg
check 'training skips' 0 'Left out: 2 bad lines of bad.src (the first is line 3), 1 bad line of bad.trg (the first is line 9)' \
    train --model skipping --train-sets bad.src bad.trg --valid-sets bad.src bad.trg --on-bad-line skip
check 'the same without them' 0 'Done' train --model without --train-sets good.src good.trg --valid-sets good.src good.trg
same 'training skips pairs' skipping/model.safetensors without/model.safetensors
paste bad.src bad.trg > bad.tsv
check 'training skips pairs of a table' 0 'Left out: 3 bad lines of bad.tsv (the first is line 3)' \
    train --model table --tsv bad.tsv --on-bad-line skip
same 'training skips pairs of a table' table/vocab.json without/vocab.json
printf 'red\tblue\n\ngold\tpink\n' > blank.tsv
check 'a blank line of a table' 0 '1 pair with an empty side' train --model blank --tsv blank.tsv
check 'training crops' 0 'Cropped: 2 bad lines of bad.src' \
    train --model cropping --train-sets bad.src bad.trg --on-bad-line crop
check 'the list stops' 1 'bad.src|3|UTF-8' "$dragoman" shortlist --model without --train-sets bad.src bad.trg
check 'the list skips' 0 'Left out: 2 bad lines of bad.src' \
    "$dragoman" shortlist --model without --train-sets bad.src bad.trg --on-bad-line skip
cp without/vmap.txt skipped.list
check 'a list without them' 0 'Wrote without/vmap.txt' "$dragoman" shortlist --model without --train-sets good.src good.trg
same 'the list skips' skipped.list without/vmap.txt
check 'a list of a table with a blank line' 0 '' "$dragoman" shortlist --model without --tsv blank.tsv

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
