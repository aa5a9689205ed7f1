#!/bin/bash
# dragoman align and score --metrics aer, as their users meet them. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# w7 is v7 in the other language, which often says the last two words the other way round; line 5 is empty.
RANDOM=5
for i in $(seq 400); do
    a=$((RANDOM % 40)) b=$((RANDOM % 40)) c=$((RANDOM % 40))
    [ $i = 5 ] && echo >> src && echo >> trg && echo >> gold && continue
    echo "w$a w$b  w$c" >> src
    if [ $((RANDOM % 3)) = 0 ]; then
        echo "v$a v$c v$b" >> trg
        echo "0-0 1-2 2-1" >> gold
    else
        echo " v$a v$b v$c" >> trg
        echo "0-0 1-1 2-2" >> gold
    fi
done
ends 'links' 0 '' "$dragoman" align --train-sets src trg --cpu-threads 1
cp out links
[ "$(wc -l < links)" = 400 ] && [ -z "$(sed -n 5p links)" ] || fail "$(wc -l < links) lines, the fifth: $(sed -n 5p links)"
ends 'the error rate' 0 '' "$dragoman" score --metrics aer --ref gold links
awk -F '= ' '{ exit !($2 < 3) }' out || fail "the links are not those that the text was made with: $(cat out)"
check 'three threads' 0 '' "$dragoman" align --train-sets src trg --cpu-threads 3 --output three
same 'any number of threads' links three
paste src trg | sed 5d > pairs.tsv
gzip -k pairs.tsv
check 'a compressed table' 0 '' "$dragoman" align --tsv pairs.tsv.gz --output table
sed 5d links | same 'the same pairs, the same links' table /dev/stdin
check 'the other direction' 0 '' "$dragoman" align --train-sets trg src --output other
sed -E 's/([0-9]+)-([0-9]+)/\2-\1/g' other | tr ' ' '\n' | sort > a
tr ' ' '\n' < links | sort > b
[ "$(comm -3 a b | wc -l)" -lt 20 ] || fail 'the other direction has other links'
for how in intersection forward backward grow-diag union; do
    check "$how" 0 '' "$dragoman" align --train-sets src trg --symmetrize $how --output $how
done
count() { tr ' ' '\n' < $1 | grep -c -; }
[ "$(count intersection)" -le "$(count grow-diag)" ] && [ "$(count grow-diag)" -le "$(count links)" ] &&
    [ "$(count links)" -le "$(count union)" ] ||
    fail "more of one kind than of another: $(count intersection) $(count grow-diag) $(count links) $(count union)"

# What text may be like
check 'no text' 2 '--train-sets' "$dragoman" align
check 'one text' 2 '--train-sets' "$dragoman" align --train-sets src
check 'a text that is not there' 1 'nowhere' "$dragoman" align --train-sets src nowhere
head -n 9 trg > short
check 'unequal text' 1 'src has 400 lines and short 9|line by line' "$dragoman" align --train-sets src short
: > empty
check 'no lines' 1 'empty' "$dragoman" align --train-sets empty empty
{ head -n 2 trg; printf 'v1 \xff v2\n'; tail -n +4 trg; } > broken
check 'not UTF-8' 1 'broken: line 3' "$dragoman" align --train-sets src broken
ends 'a bad line is left out' 0 'Left out: 1 bad line of broken' "$dragoman" align --train-sets src broken --on-bad-line skip
[ "$(wc -l < out)" = 400 ] && [ -z "$(sed -n 3p out)" ] || fail "the bad line: $(sed -n 3p out)"
check 'standard input for both' 2 'standard input (-) can be read only once' "$dragoman" align --train-sets - -
cp src kept
check 'a text as its own links' 1 'same file' "$dragoman" align --train-sets src trg --output src
same 'it is as it was' src kept
check 'nowhere to write' 1 'nowhere/links' "$dragoman" align --train-sets src trg --output nowhere/links
check 'no such way' 2 'grow-diag-final-and|growing' "$dragoman" align --train-sets src trg --symmetrize growing
check 'another name' 2 'align' "$dragoman" fast-align
# A line of a hundred thousand words, one that has nothing opposite, and one of one word against very many.
yes w1 | head -n 100000 | tr '\n' ' ' > long && cat long > a && echo >> a && echo 'w1 w2' >> a && echo w3 >> a && cat src >> a
{ sed 's/w/v/g' long; echo; echo; yes v3 | head -n 100000 | tr '\n' ' '; echo; cat trg; } > b
ends 'huge lines' 0 '' "$dragoman" align --train-sets a b
[ "$(wc -l < out)" = 403 ] && [ -z "$(sed -n 2p out)" ] || fail "huge lines: $(wc -l < out) lines"
[ "$(sed -n 1p out | wc -w)" -ge 100000 ] || fail "the huge line has $(sed -n 1p out | wc -w) links"
sed -n 1p out | tr ' ' '\n' | awk -F - '{ d = $1 - $2; if (d > 1 || d < -1) bad++ } END { exit bad > 100 }' ||
    fail 'equal words are not linked along the diagonal'

# The error rate
echo '0-0 1p1 2-2' > sure
echo '0-0 1-1 2-1' > found
ends 'sure and possible links' 0 '' "$dragoman" score --metrics aer --ref sure found
grep -qF '= 40.0 (precision = 66.7 recall = 50.0 links = 3 sure = 2)' out || fail "AER: $(cat out)"
ends 'as JSON' 0 '' "$dragoman" score --metrics aer --json --ref sure found
grep -q '"score": 40.0' out || fail "$(cat out)"
ends 'two systems' 0 '' "$dragoman" score --metrics aer --ref sure found sure
check 'beside other metrics' 2 'links by themselves' "$dragoman" score --metrics bleu aer --ref sure found
check 'with two references' 2 'one reference' "$dragoman" score --metrics aer --ref sure --ref sure found
check 'text instead of links' 1 'line 1 of the hypotheses|"a" is no link|3-4' \
    "$dragoman" score --metrics aer --ref sure <(echo a b)
check 'unequal files' 1 'sure|lines' "$dragoman" score --metrics aer --ref sure links
sed -E 's/[0-9]+/1/g' found > from_one
ends 'words counted from 1' 0 'note|from_one|word 0|counted from 0' "$dragoman" score --metrics aer --ref from_one found

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
