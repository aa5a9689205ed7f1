#!/bin/bash
# Memory that runs out, as users meet it: a sentence, exit status 1, and nothing left behind. Argument: the command to
# test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1  # libraries take memory of their own for every thread

limited() {
    (ulimit -v 600000 -t 100 && "$@")  # of processor time: on a busy machine, too
}

make_folder model
for i in $(seq 60); do echo w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 w23; done > text
if ! limited "$dragoman" translate --model model --cpu-threads 1 < text > plain 2> err; then
    echo "Left out: with so little memory nothing runs here at all ($(tail -c 200 err))"  # sanitizers take terabytes
    exit 0
fi

wide=(--beam-size 1000 --mini-batch 60 --max-length-factor 100 --min-length 100 --cpu-threads 1)
check 'a beam of 1,000' 1 'out of memory|--beam-size' from text limited "$dragoman" translate --model model "${wide[@]}"
check 'a large model' 1 'out of memory|a smaller model' limited "$dragoman" train --model big --train-sets text text \
    --segmenter space --dim-emb 16384 --dim-ffn 65536 --heads 4 --cpu-threads 1 --quiet
[ ! -e big ] || fail "a run that found no memory has left something: $(ls -A big)"

# Libraries that make code while threads allocate: at each limit it either works or is said.
unset OMP_NUM_THREADS OPENBLAS_NUM_THREADS
for limit in 420000 480000 520000 560000 600000 640000 680000 720000 760000; do
    for what in "translate --model model" "rescore --model model text text"; do
        # shellcheck disable=SC2086
        (ulimit -v $limit && "$dragoman" $what --cpu-threads 2 < text > out 2> err)
        got=$?
        [ $got = 0 ] || { [ $got = 1 ] && grep -q 'out of memory' err; } || fail "$what with $limit KiB: $got ($(tail -n 1 err))"
    done
done

exit $((failures > 0))
