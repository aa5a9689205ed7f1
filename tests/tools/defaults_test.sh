#!/bin/bash
# dragoman train of which nothing is said but text and folder: what it settles by its rules, that this is said, recorded
# and kept, and that texts of any size get something sensible. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text
shape=(--dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --gemm openblas)
train() { "$dragoman" train "${shape[@]}" "$@"; }
training() { train --train-sets src trg "$@"; }  # training --model DIR ...
recorded() {  # recorded FOLDER OPTION
    sed -nE "/\"training\"/,\$ s/^.*\"$2\":[[:space:]]*\"?([^\",]*)\"?,?\$/\1/p" "$1/config.json"
}
settled() { sed -nE 's/^For .*[a-z0-9]: (--.*)/\1/p' err | tr '\n' ' '; }  # the options that were said to be settled

# ---- Nothing said ----

check 'nothing said' 0 'For 30 pairs, about |For 5 updates: --lr-warmup |Done: --after 5u' \
    training --valid-sets trg src --model plain --after 5u
read -ra said <<< "$(settled)"
[ ${#said[@]} = 10 ] || fail "not five options are settled: ${said[*]}"
for ((i = 0; i < ${#said[@]}; i += 2)); do
    option=${said[i]#--}
    grep -q -- "default by" <("$dragoman" train --help | grep -A 6 -- "--$option ") || fail "no rule of --$option in the help"
    [ "$option" = vocab-size ] || [ "$(recorded plain "$option")" = "${said[i + 1]}" ] ||
        fail "--$option: ${said[i + 1]} is said, and $(recorded plain "$option") recorded"
done
for option in vocab-size mini-batch-words dropout early-stopping lr-warmup; do
    [[ " ${said[*]} " == *" --$option "* ]] || fail "--$option is not settled: ${said[*]}"
done
check 'without validation' 0 'Done' training --model unwatched --after 1u
[[ $(settled) != *early-stopping* ]] || fail "patience without validation: $(settled)"

# What is said is what is done: the same, given.
check 'the same, given' 0 'Done' training --valid-sets trg src --model given --after 5u \
    --vocab-size "$(recorded plain vocab-size)" "${said[@]:2}"
[ -z "$(settled)" ] || fail "what is given is settled: $(settled)"
same 'the same, given' plain/model.safetensors given/model.safetensors
echo '{"dropout": 0.35, "mini-batch-words": 77}' > two.json
check 'from a file' 0 'Done' training --config two.json --model from-file --after 1u
[[ $(settled) != *dropout* && $(settled) != *mini-batch-words* ]] || fail "what a file says is settled: $(settled)"
[ "$(recorded from-file dropout)-$(recorded from-file mini-batch-words)" = 0.35-77 ] || fail 'what a file says is not recorded'
check 'text in pieces' 0 'Done' training --segmenter space --model pieces --after 1u
[[ $(settled) != *vocab-size* ]] || fail "pieces of text in pieces: $(settled)"
check 'a model that is taken over' 0 'Done' "$dragoman" train --train-sets src trg --gemm openblas --model over \
    --pretrained-model plain --after 1u
[[ $(settled) != *vocab-size* && $(settled) == *dropout* ]] || fail "a model that is taken over: $(settled)"
check 'standard input' 0 'For 30 pairs, about |Done' from src train --train-sets - trg --model piped --after 1u

# ---- Going on ----

check 'half a run' 0 'For 30 pairs' training --model half --after 3u --lr-schedule constant
sed -i -E '/"training"/,$ s/("dropout":[[:space:]]*)[0-9.]+/\10.25/; s/("mini-batch-words":[[:space:]]*)[0-9]+/\160/' half/config.json
check 'the other half' 0 'not given, so as the run has it|--dropout 0.25|--mini-batch-words 60|Done' \
    training --model half --after 5u --lr-schedule constant
[ -z "$(settled)" ] || fail "a run that goes on settles anew: $(settled)"
[ "$(recorded half dropout)-$(recorded half mini-batch-words)" = 0.25-60 ] || fail 'a run that goes on has not kept what it had'
cp -r half finer && sed -i -E 's/("shard_words":[[:space:]]*)[0-9]+/\110/' finer/config.json
check 'the folder alone' 0 'Done' "$dragoman" train --model half --after 6u
[ -z "$(settled)" ] || fail "the folder alone settles anew: $(settled)"
check 'smaller shards than are usual now' 0 'Done' "$dragoman" train --model finer --after 6u
! cmp -s half/model.safetensors finer/model.safetensors || fail 'a run that goes on has other shards than it has recorded'
check 'another value' 2 '--dropout: begun with 0.25, now 0.5 (possible from here on, with --change)' \
    training --model half --after 7u --lr-schedule constant --dropout 0.5
check 'another value from here on' 0 'Done' \
    training --model half --after 7u --lr-schedule constant --dropout 0.5 --change
[ "$(recorded half dropout)" = 0.5 ] || fail "the change is not recorded: $(recorded half dropout)"
check 'another end of the default schedule' 2 '--after: begun with 5u, now 9u (possible' \
    training --valid-sets trg src --model plain --after 9u
check 'another end, changed' 0 'Done: --after 9u' training --valid-sets trg src --model plain --after 9u --change
check 'a complete run' 0 'complete|a larger --after with --change' training --valid-sets trg src --model plain
check 'validation from here on' 0 'For 30 pairs, |: --early-stopping 0|Done' \
    training --model unwatched --after 2u --change --valid-sets trg src
[ "$(recorded unwatched early-stopping)" = 0 ] || fail "patience from here on: $(recorded unwatched early-stopping)"
cp -r half longer && cat trg >> src && cat src >> trg && tail -n 60 trg > more
check 'another text' 1 'this is not the text' train --train-sets src more --model longer --after 9u
rm src trg more && make_text

# ---- A text of any size ----

# The first lines of the text, and what is nearly none; all of it learnt, as it would be.
sized() {  # sized WHAT STATUS WORDS SRC TRG
    check "$1" "$2" "$3" train --train-sets "$4" "$5" --valid-sets "$4" "$5" --valid-freq 100e \
        --save-freq 100e --model sized
    rm -rf sized
}
for lines in 1 2 5; do
    head -n $lines src > few.src && head -n $lines trg > few.trg
    s=s && [ $lines != 1 ] || s=
    sized "$lines pairs" 0 "For $lines pair$s, about |Done: --after " few.src few.trg
done
printf 'a\n' > letter
sized 'a letter' 0 'For 1 pair, about 1 word: |Done: --after' letter letter
yes 'the same line' | head -n 100 > equal
check 'a hundred equal lines' 0 'For 100 pairs, about |Done' train --train-sets equal equal --model equal-run --after 2u
printf '\n \n' > blank
check 'lines without words' 1 'there are no words' train --train-sets blank blank --model sized
[ ! -e sized ] || fail 'lines without words leave a folder'
check 'a vocabulary that is asked for' 1 'larger than this text allows: at most ' training --model sized --vocab-size 5000

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
