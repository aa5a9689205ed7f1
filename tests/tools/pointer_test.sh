#!/bin/bash
# --output-layer pointer from the command line: names that training never saw are copied, by every architecture and in every
# kind of search; what is rescored is what was translated; and what cannot be done with it is refused. Argument: the command.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
RANDOM=7
pairs() {  # pairs NUMBER FROM TO: sentences with names of these numbers into $source and $target
    local verbs=(sees likes finds) i a b verb
    for i in $(seq "$1"); do
        a=n$(($2 + RANDOM % ($3 - $2))) b=n$(($2 + RANDOM % ($3 - $2))) verb=${verbs[RANDOM % 3]}
        echo "the $a $verb a $b" >> "$source"
        echo "$b by $a ${verb}ed" >> "$target"
    done
}
source=src target=trg pairs 300 100 160
source=new.src target=new.trg pairs 30 500 900

common=(--train-sets src trg --segmenter space --vocab-size 40 --dim-emb 32 --mini-batch-words 200 --lr-warmup 40
    --learn-rate 0.005 --dropout 0 --label-smoothing 0 --gemm openblas)
transformer=("${common[@]}" --dim-ffn 64 --enc-depth 1 --dec-depth 2 --heads 2)
pointer=(--output-layer pointer --after 30e)
train() { "$dragoman" train "$@"; }
translate() { "$dragoman" translate --beam-size 1 --input new.src --model "$@"; }
right() { paste -d '\n' "$1" new.trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l; }

check 'a pointer' 0 'Done' train "${transformer[@]}" "${pointer[@]}" --valid-sets new.src new.trg --average 2 --model run
translate run > greedy || fail 'translate'
[ "$(right greedy)" -gt 25 ] || fail "it copies $(right greedy) lines of 30: $(head -n 3 greedy)"
grep -q '"model_type":.*"dragoman"' run/config.json && grep -q '"output_layer":.*"pointer"' run/config.json ||
    fail "config.json: $(head -n 3 run/config.json)"
check 'the same without' 0 'Done' train "${transformer[@]}" --after 30e --model plain
translate plain > without
[ "$(right without)" = 0 ] || fail 'a softmax alone writes what it does not have'

# ---- Every kind of search ----

translate run --cpu-threads 3 --mini-batch 1 > alone
same 'any number of threads, and of lines at once' greedy alone
translate run --no-repeat-ngram 30 > whole
same 'all pieces looked at' greedy whole
"$dragoman" translate --model run --output-sampling topk 1 --input new.src > drawn
same 'the best one drawn' greedy drawn
translate run run > twice
same 'an ensemble of one with itself' greedy twice
"$dragoman" translate --model run --beam-size 4 --n-best 4 --input new.src > list
[ "$(wc -l < list)" -gt 60 ] || fail "n-best lists have $(wc -l < list) lines"
sed 's/$/\tby/' new.src | "$dragoman" translate --model run --beam-size 1 --prefix tab > begun
[ "$(grep -c '^by n' begun)" -gt 20 ] || fail "what was begun is not gone on with: $(head -n 3 begun)"
"$dragoman" translate --model run --beam-size 1 --unk-replace --input new.src > replaced
same 'unknown words are no longer any' greedy replaced
translate run --alignment hard > aligned
cut -d '|' -f 1 aligned | sed 's/ $//' | same 'with an alignment' - greedy
[ "$(grep -cE '[|] ([0-9]+-[0-9]+ ?)+$' aligned)" = 30 ] || fail "alignment: $(head -n 2 aligned)"
translate run --stream > streamed
same 'told piece by piece' greedy streamed
translate run --json > lines.json
python3 - << 'PYTHON' || fail 'the pieces of a translation are not those of its text'
import json
for line, text in zip(open("lines.json"), open("greedy")):
    assert " ".join(json.loads(line)["pieces"][:-1]) == text.strip(), line
PYTHON

# ---- What is rescored is what was translated ----

translate run --word-scores | sed 's/.*WordScores= *//' > scores
"$dragoman" rescore --model run new.src greedy --word-scores | sed 's/.*||| *//' > again
python3 - << 'PYTHON' || fail "rescore says something else: $(paste scores again | head -n 2)"
a, b = ([list(map(float, line.split())) for line in open(name)] for name in ("scores", "again"))
assert len(a) == len(b) == 30
for x, y in zip(a, b):
    assert len(x) == len(y) and all(abs(p - q) < 1e-3 for p, q in zip(x, y)), (x, y)
PYTHON

# ---- Going on, and other commands ----

check 'a part' 0 'Done' train "${transformer[@]}" --output-layer pointer --after 7u --lr-schedule inv-sqrt --model part
check 'the rest, by two threads' 0 'Done' train --model part --after 15u --cpu-threads 2
check 'all at once' 0 'Done' train "${transformer[@]}" --output-layer pointer --after 15u --lr-schedule inv-sqrt --model straight
same 'a run in two parts' part/model.safetensors straight/model.safetensors
check 'other names are another text' 1 'this is not the text' train --model part --after 20u --train-sets new.src new.trg
ends 'average' 0 '' "$dragoman" average --model run --last 2
check 'quantize' 0 '' "$dragoman" quantize --model run --output small
translate small > fewer
[ "$(right fewer)" -gt 20 ] || fail "in 8 bits it copies $(right fewer) lines of 30"
"$dragoman" info --model run > drawing
grep -qF 'or a piece of the source, as head 1 of layer 1 looks at it' drawing || fail "info: $(cat drawing)"
short=(--seconds 0 --rounds 2 --cpu-threads 2)
ends 'bench' 0 '' "$dragoman" bench train --model run "${short[@]}"
ends 'bench translate' 0 '' "$dragoman" bench translate --model run "${short[@]}"
ends 'a page with pictures of attention' 0 '' "$dragoman" report --model run
grep -qE 'n[5-8][0-9][0-9]' run/report.html || fail 'the report shows no name that was copied'
for type in 'rnn --dim-rnn 32' 'rnn --dim-rnn 32 --rnn-attention general --input-feeding' 'conv --enc-depth 1 --dec-depth 1'; do
    check "copying, $type" 0 'Done' train "${common[@]}" "${pointer[@]}" --overwrite --model other --type $type
    translate other > copied
    [ "$(right copied)" -gt 20 ] || fail "$type copies $(right copied) lines of 30"
done

# ---- What cannot be done ----

check 'another objective' 2 'cannot yet read what --output-layer pointer copies' \
    train "${transformer[@]}" "${pointer[@]}" --objective minimum-risk --model new
check 'r-drop' 2 'is not all that --output-layer pointer says' \
    train "${transformer[@]}" --output-layer pointer --after 1u --dropout 0.1 --add-loss r-drop --model new
check 'cutoff' 2 'is not all that --output-layer pointer says' \
    train "${transformer[@]}" "${pointer[@]}" --add-loss cutoff --dropout-src 0.1 --model new
check 'noise' 2 'has to know what each is copied as' \
    train "${transformer[@]}" "${pointer[@]}" --segmenter unigram --segment-noise 0.1 --model new
check 'another head' 2 'copies by head 1 of layer 1' train "${transformer[@]}" "${pointer[@]}" \
    --add-loss coverage --guided-alignment-head 2 --model new
check 'a decoder alone' 2 '--output-layer is for --type transformer, rnn, conv' \
    train "${common[@]}" --type lm --heads 2 --output-layer pointer --after 1u --model new
check 'nothing to look at' 2 '--output-layer has no effect with --rnn-attention none' \
    train "${common[@]}" --type rnn --dim-rnn 32 --rnn-attention none --output-layer pointer --after 1u --model new
check 'a shortlist is not made' 2 'a shortlist is of a softmax over the vocabulary alone' "$dragoman" shortlist --model run --train-sets src trg
ends 'a shortlist' 2 'a shortlist is of a softmax over the vocabulary alone' translate run --shortlist
ends 'an ensemble of both' 1 'what one of them copies the other cannot say' translate run plain
ends 'bench without a cache' 2 'no-cache' "$dragoman" bench translate --model run --sentences 20 --no-cache
[ ! -e new ] || fail 'a command that could not begin left a folder'
check 'coverage of what is copied' 0 'Done' train "${transformer[@]}" --output-layer pointer --after 5u \
    --add-loss coverage --model covered

[ $failures = 0 ]
