#!/bin/bash
# Guided alignment from the command line: links of a file are what translate --alignment says afterwards, of a recurrent
# model and a Transformer; files that do not fit are refused, skipped or cropped. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_text
# The target is the source from its end. The links say something else, which no model comes to by itself.
awk '{ for (i = 0; i < NF; i++) printf "%s%d-%d", i ? " " : "", i, i; print "" }' src > links

common=(--train-sets src trg --segmenter space --dim-emb 32 --mini-batch-words 60 --lr-warmup 20 --learn-rate 0.01
    --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas --save-freq 40u)
transformer=("${common[@]}" --dim-ffn 64 --enc-depth 1 --dec-depth 2 --heads 2)
guided=(--add-loss guided-alignment 1 --guided-alignment links)
train() { "$dragoman" train "$@"; }

agrees() {  # agrees WHAT FOLDER: most words that it says are linked as in the file
    "$dragoman" translate --model "$2" --alignment hard < src > aligned || fail "$1: translate"
    share=$(awk -F ' [|][|][|] ' '{ n = split($2, l, " "); for (i = 1; i <= n; i++) { split(l[i], x, "-"); all++
        right += x[1] == x[2] } } END { print (100 * right > 80 * all) }' aligned)
    [ "$share" = 1 ] || fail "$1: it aligns otherwise: $(head -n 3 aligned)"
}

check 'a guided Transformer' 0 'Done' train "${transformer[@]}" "${guided[@]}" --after 60e --model run
agrees 'a guided Transformer' run
grep -A8 '"alignment"' run/config.json | tr -d ' \t\n' | grep -qF '"alignment":{"layer":0,"heads":[0],"shift":0}' ||
    fail "config.json does not say which head: $(grep -A8 alignment run/config.json)"
check 'the mean of all heads' 0 'Done' train "${transformer[@]}" "${guided[@]}" --guided-alignment-head 0 \
    --guided-alignment-layer 2 --after 60e --model mean
agrees 'the mean of all heads' mean
check 'a pass that sees the whole target' 0 'Done' train "${transformer[@]}" "${guided[@]}" --guided-alignment-layer 2 \
    --guided-alignment-context whole --after 60e --model whole
agrees 'a pass that sees the whole target' whole
mv aligned whole.aligned
"$dragoman" translate --model whole --alignment soft < src > whole.soft
sed -i '/"whole":/d; s/"shift":[ \t]*0,/"shift": 0/' whole/config.json
"$dragoman" translate --model whole --alignment soft < src > written.soft || fail 'the pass that translates: its alignments'
cmp -s whole.soft written.soft && fail 'alignments are not of the pass that sees the whole target'
cmp -s <(sed 's/ |||.*//' whole.soft) <(sed 's/ |||.*//' written.soft) || fail 'alignments change the translation'
check 'a guided recurrent model' 0 'Done' train "${common[@]}" --type rnn --dim-rnn 32 "${guided[@]}" --after 60e --model rnn
agrees 'a guided recurrent model' rnn
check 'links in a compressed file' 0 'Done' train "${transformer[@]}" --add-loss guided-alignment 1 \
    --guided-alignment <(gzip -c links) --after 60e --model packed
same 'links in a compressed file' run/model.safetensors packed/model.safetensors

# The end is a guided run's own: it goes on where it stopped, with the file where it is now.
check 'a part of it' 0 'Done' train "${transformer[@]}" "${guided[@]}" --after 30e --model part
mv links moved
check 'a file that is gone' 1 'links|say where that is now' train --model part --after 60e
check 'a file that was moved' 0 'Done' train --model part --after 60e --guided-alignment moved
same 'a run in two parts' run/model.safetensors part/model.safetensors
mv moved links

# ---- What does not fit ----

bad() {  # bad WHAT WORDS: the file `links.bad` is refused
    check "$1" 1 "$2" train "${transformer[@]}" --add-loss guided-alignment --guided-alignment links.bad --after 1u --model bad
}
sed 3d links > links.bad
bad 'a line too few' 'links.bad has 29 lines and src and trg 30'
sed '4s/.*/0-0 1:1/' links > links.bad
bad 'what is no link' 'links.bad: line 4: "1:1" is no link'
sed '5s/$/ 9-0/' links > links.bad
bad 'a word that is not there' 'links.bad: line 5 links 9-0, but that line of the source has'
sed 's/.*//' links > links.bad
bad 'not a single link' 'links.bad has not a single link'
sed '5s/$/ 9-0/' links > links.bad
for wish in skip crop; do
    ends "bad links, $wish" 0 '1 bad line of links.bad (the first is line 5)' train "${transformer[@]}" \
        --add-loss guided-alignment --guided-alignment links.bad --on-bad-line $wish --after 1u --model $wish
done
grep -q '29 pairs' err && fail 'a cropped pair is gone'
check 'no file' 2 'learns from a file: name it by --guided-alignment' \
    train "${transformer[@]}" --add-loss guided-alignment --after 1u --model new
check 'a file for nothing' 2 'take --add-loss guided-alignment' \
    train "${transformer[@]}" --guided-alignment links --after 1u --model new
check 'nothing to look at' 2 'looks at none' \
    train "${common[@]}" --type rnn --dim-rnn 32 --rnn-attention none "${guided[@]}" --after 1u --model new
check 'a decoder alone' 2 'in a model of type lm that is part of its attention to all that it has read' \
    train "${common[@]}" --type lm --heads 2 "${guided[@]}" --after 1u --model new
check 'labels' 2 'no effect with --type labels' train "${common[@]}" --type labels --heads 2 "${guided[@]}" --after 1u --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'
check 'coverage' 0 'Done' train "${transformer[@]}" --add-loss coverage 0.5 --after 5u --model covered

[ $failures = 0 ]
