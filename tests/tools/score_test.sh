#!/bin/bash
# dragoman score as a whole program: what it prints, what it refuses, with which exit status. Argument: the command.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# expect STATUS STREAM TEXT ARGUMENTS...: the exit status, and a text that the stream (out or err) has to hold
expect() {
    local status=$1 stream=$2 text=$3 got
    shift 3
    "$dragoman" score "$@" > out 2> err
    got=$?
    [ $got = "$status" ] || fail "score $*: exit status $got instead of $status: $(cat out err)"
    grep -qF -- "$text" "$stream" || fail "score $*: std$stream without '$text': $(cat out err)"
}

printf 'the cat sat on the mat .\nhello world\n' >hyp
printf 'the cat sat on a mat .\nhello world\n' >ref
printf 'the cat\n' >short
printf '我爱中国。\n' >chinese
printf '昨日買った本はとても面白い。\n' >japanese
printf 'fine\nbro\xffken\n' >invalid
: >empty
printf 'one .\ntwo .\nthree .\nfour!\n' >few
for _ in $(seq 100); do echo 'a@@ b c d .'; done >pieces

sig='nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:dragoman-'
expect 0 out "BLEU|$sig" --ref ref hyp
expect 0 out 'hyp_len = 9 ref_len = 9)' --ref ref hyp
expect 0 out "BLEU|$sig" --ref ref <hyp
expect 0 out "BLEU|$sig" --ref ref - <hyp
expect 0 out "BLEU|$sig" --ref - hyp <ref
expect 0 out '|nrefs:2|' --ref ref --ref hyp hyp
expect 0 out '|case:lc|' --ref ref --lowercase hyp
expect 0 out 'nc:6|nw:0|space:no|' --ref ref --metrics bleu chrf -- hyp
expect 0 out 'nc:6|nw:0|space:no|' -r ref hyp -m bleu chrf  # as sacreBLEU is called
expect 0 out 'chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|' --ref ref --metrics chrf --chrf-word-order 2 hyp
expect 0 out 'TER|nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:' --ref ref --metrics bleu ter -- hyp
expect 0 out ' = 11.1' --ref ref --metrics ter hyp  # one of nine words
expect 0 out 'Accuracy|nrefs:1|version:' --ref ref --metrics accuracy hyp
expect 0 out 'F1|nrefs:1|of:labels|average:macro|version:' --ref ref --metrics accuracy f1 -- hyp
expect 0 out ' F1 ' --ref ref --metrics bleu chrf ter exact wer cer accuracy f1 -- hyp ref  # all of them in a table
[ "$(grep -o '│' out | wc -l)" = 30 ] || fail "a table of two systems and eight metrics: $(cat out)"
expect 0 out ' "smooth": "exp",' --ref ref --json hyp
expect 0 out '|tok:zh|' --ref chinese chinese
expect 0 err 'the references are Chinese' --ref chinese chinese
expect 0 out '|tok:char|' --ref chinese --tok char chinese
expect 0 out '|tok:char|' --ref japanese japanese
expect 0 err 'no spaces between words, so BLEU takes --tok char' --ref japanese japanese
expect 0 err 'join the pieces' --ref pieces pieces
expect 0 err 'tokenized text' --ref pieces pieces
expect 0 err 'tokenized text' --ref few few
expect 1 err 'hyp has 2 lines and short 1' --ref short hyp
expect 1 err 'empty is empty' --ref empty empty
expect 1 err 'absent' --ref absent hyp
expect 1 err 'line 2' --ref ref invalid
expect 1 err '/ is a folder' --ref / hyp
expect 2 err '--ref' hyp
expect 2 err 'standard input can be read only once' --ref - <hyp
expect 2 err 'tok' --ref ref --tok 13b hyp

# ---- Several systems, and chance ----

for i in $(seq 60); do
    echo "the cat number $i sat on a mat and looked at the dog"
done >many
sed 's/sat on a mat/lay in the hat/' many >worse
sed 's/looked at the dog/seen by a dog/' worse >worst
expect 0 out '│' --ref many many worse
expect 0 out 'many' --ref many many worse
expect 0 out 'Metric signatures' --ref many --metrics bleu chrf ter -- many worse worst
expect 0 out 'Baseline: many' --ref many many worse --paired-bs
expect 0 out '(p = 0.0010)*' --ref many many worse --paired-bs
expect 0 out '|bs:1000|seed:12345|' --ref many many worse --paired-bs
expect 0 out '|ar:500|seed:7|' --ref many many worse --paired-ar --paired-ar-n 500 --seed 7
expect 0 out '(p = 1.0000)' --ref many worse worse --paired-ar --paired-ar-n 500
expect 0 out 'null' --ref many many worse --paired-bs --json
expect 0 out '100.0 (μ = 100.0 ± 0.0)' --ref many many --confidence
expect 0 out '"confidence_mean": 100.0' --ref many many --confidence --json
expect 0 out '|bs:50|' --ref many many --confidence --confidence-n 50
"$dragoman" score --ref many worse --confidence >once
"$dragoman" score --ref many worse --confidence >twice
"$dragoman" score --ref many worse --confidence --seed 2 >otherwise
same 'the same seed' once twice
! cmp -s once otherwise || fail 'another seed: the same resamples'
expect 2 err 'two files of translations' --ref many many --paired-bs
expect 2 err 'cannot be done at once' --ref many many worse --paired-bs --paired-ar
expect 2 err '--paired-ar-n has no effect without --paired-ar' --ref many many worse --paired-ar-n 5
expect 2 err '--seed has no effect without' --ref many many --seed 5
expect 2 err 'bleu twice' --ref many --metrics bleu bleu -- many
expect 1 err 'hyp has 2 lines and many 60' --ref many many hyp
! "$dragoman" score --ref ref hyp > /dev/full 2> err || fail 'a full disk went unnoticed'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
