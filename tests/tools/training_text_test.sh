#!/bin/bash
# Where training text may come from, and that what is wrong with it is said before anything is made of it. Argument: the
# command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

colours=(red blue green gold pink grey teal lime navy rust)
RANDOM=7
for i in $(seq 30); do
    line= back=
    for j in $(seq $((2 + RANDOM % 4))); do
        word=${colours[RANDOM % 10]}
        line="$line $word" back="$word $back"
    done
    echo "${line# }" >> src
    echo "${back% }" >> trg
done

tiny=(--segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --mini-batch-words 40
    --lr-warmup 10 --gemm openblas --valid-freq 4u --save-freq 3u --early-stopping 0)
train() { "$dragoman" train --model "$1" "${tiny[@]}" "${@:2}"; }  # train FOLDER OPTIONS...
from() {  # from FILE COMMAND...: with that file as standard input
    local file=$1
    shift
    "$@" < "$file"
}

check 'two files' 0 'Done' train files --train-sets src trg --valid-sets trg src --after 8u
as_with_files() {  # as_with_files WHAT FOLDER
    same "$1" files/model.safetensors "$2/model.safetensors"
    same "$1" files/vocab.json "$2/vocab.json"
}

# ---- Standard input and pipes, which can be read only once ----

check 'SRC from standard input' 0 'Done' from src train in-src --train-sets - trg --valid-sets trg src --after 8u
as_with_files 'SRC from standard input' in-src
check 'TRG from standard input' 0 'Done' from trg train in-trg --train-sets src - --valid-sets trg src --after 8u
as_with_files 'TRG from standard input' in-trg
check 'validation from standard input' 0 'Done' from src train in-valid --train-sets src trg --valid-sets trg - --after 8u
as_with_files 'validation from standard input' in-valid
check 'two pipes' 0 'Done' train pipes --train-sets <(cat src) <(cat trg) --valid-sets trg src --after 8u
as_with_files 'two pipes' pipes
check 'standard input, with a segmenter' 0 'segmenter on standard input and trg|Done' \
    from src train in-bpe --segmenter bpe --vocab-size 40 --train-sets - trg --after 1u

check 'half a run' 0 'Done' from src train again --train-sets - trg --valid-sets trg src --after 5u
check 'the other half' 0 'From update 5|Done' from src train again --train-sets - trg --valid-sets trg src --after 8u
as_with_files 'a run in two halves' again
check 'another text' 1 'standard input and trg: this is not the text' \
    from trg train again --train-sets - trg --valid-sets trg src --after 9u

check 'twice standard input' 2 'standard input (-) can be read only once' from src train new --train-sets - -
check 'validation from it as well' 2 'only once' from src train new --train-sets - trg --valid-sets - trg
[ ! -e new ] || fail 'a command that could not begin left a folder'
closed() { train new --train-sets - trg <&-; }
check 'a closed input' 1 'cannot read standard input' closed
check 'an empty input' 1 'standard input is empty, but trg is not' from /dev/null train new --train-sets - trg

# ---- What is wrong with the text is said before a segmenter is trained or a run is replaced ----

head -n 29 src > short
check 'unequal line counts' 1 'short has 29 lines and trg 30' \
    train new --segmenter bpe --vocab-size 40 --train-sets short trg
! grep -q 'Training a segmenter' err || fail "a segmenter was trained before the lines were counted: $(cat err)"
check 'unequal validation files' 1 'short has 29 lines and trg 30' \
    train new --segmenter bpe --vocab-size 40 --train-sets src trg --valid-sets short trg
! grep -q 'Training a segmenter' err || fail "a segmenter was trained before the validation text was read: $(cat err)"
[ ! -e new/source.spm ] || fail 'there is a segmenter'
check 'overwriting with a bad text' 1 'short has 29' train files --overwrite --train-sets short trg --after 8u
as_with_files 'a run that was not replaced' in-src

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
