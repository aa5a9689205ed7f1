#!/usr/bin/env bash
# Kills a small training run at random moments (kill -9), each time gives the same command again, with another number of
# threads, and compares what the run leaves at its end with what an uninterrupted one leaves: every file, byte for byte,
# and the log apart from times and speeds. With RANKS, every command is one to so many ranks of MPI, and one of them is
# killed. Exit status 1: something differs.
#   scripts/kills.sh [COUNT [DRAGOMAN [RANKS]]]      default: 100 kills of build/dragoman, without mpirun
set -euo pipefail
count=${1:-100}
root=$(cd "$(dirname "$0")/.." && pwd)
dragoman=$(realpath "${2:-$root/build/dragoman}")
ranks=${3:-0}
room=$(mktemp -d)
export LC_ALL=C.UTF-8  # a character is a character to sed, where LANG is not set too
export OMP_WAIT_POLICY=passive  # threads that wait do not take the processor from others
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
trap 'rm -rf "$room"' EXIT
cd "$room"

# Everything that a run can keep is kept, and often. Characters on the Chinese side, words on the English one. One matrix
# library: auto measures which is faster, and a run that is killed before it has a checkpoint measures again.
head -n 300 "$root/data/toy/train.zh" | sed 's/./& /g' > train.zh
head -n 300 "$root/data/toy/train.en" > train.en
head -n 20 "$root/data/toy/dev.zh" | sed 's/./& /g' > dev.zh
head -n 20 "$root/data/toy/dev.en" > dev.en
command=("$dragoman" train --train-sets train.zh train.en --valid-sets dev.zh dev.en --segmenter space
    --gemm openblas --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --mini-batch-words 150
    --shard-words 40 --lr-warmup 20 --after 6e --save-freq 1u --disp-freq 2u --valid-freq 10u --early-stopping 0
    --valid-metrics ce-mean-words chrf bleu --average 3 --exponential-smoothing 0.05 --keep-best chrf ce-mean-words)

milliseconds() { date +%s%3N; }
final_files() { (cd "$1" && ls -- *.safetensors | grep -v '^training'); }
# The tensors of the state, without the header, which knows the time spent.
state() { tail -c +$((9 + $(od -An -tu8 -N8 "$1/training.safetensors"))) "$1/training.safetensors"; }
# Without what differs from command to command, and the commas before and behind that.
settings() { grep -vE '"(cpu-threads|model|ranks)":' "$1/config.json" | sed 's/,$//'; }
timeless() { sed -E 's/"(seconds|target_tokens_per_second)":[^,}]*,?//g' "$1/train.jsonl"; }

differences=0
differs() {
    echo "DIFFERENT after $1: $2"
    differences=$((differences + 1))
}
compare() {  # compare FOLDER WHAT: with the uninterrupted run
    local file
    [ "$(final_files whole)" = "$(final_files "$1")" ] || differs "$2" "the files: $(final_files "$1" | tr '\n' ' ')"
    for file in $(final_files whole) vocab.json; do
        cmp -s "whole/$file" "$1/$file" || differs "$2" "$file"
    done
    cmp -s <(settings whole) <(settings "$1") ||
        differs "$2" "config.json: $(diff <(settings whole) <(settings "$1") | head -n 4)"
    cmp -s <(state whole) <(state "$1") || differs "$2" 'the tensors of training.safetensors'
    cmp -s <(timeless whole) <(timeless "$1") ||
        differs "$2" "train.jsonl: $(diff <(timeless whole) <(timeless "$1") | head -n 3)"
    [ -z "$(find "$1" -name '*.tmp')" ] || differs "$2" "left behind: $(find "$1" -name '*.tmp')"
}

# A command of the run that is killed, as it is or on some ranks; and the process that is to be killed of what began so.
start() {
    local on=()
    [ "$ranks" = 0 ] || on=(mpirun --oversubscribe --bind-to none --mca btl_tcp_if_include lo --mca btl tcp,self
        -n $((1 + RANDOM % ranks)))
    exec "${on[@]}" "${command[@]}" --model killed --cpu-threads $((1 + RANDOM % 3)) 2> killed.err
}
victim_of() { if [ "$ranks" = 0 ]; then echo "$1"; else pgrep -P "$1" | shuf -n 1; fi; }

begin=$(milliseconds)
"${command[@]}" --model whole --cpu-threads 2 2> whole.err || { cat whole.err; exit 1; }
took=$(($(milliseconds) - begin))
[ "$ranks" = 0 ] || took=$((1000 + 2 * took))  # MPI has to begin, too
echo "An uninterrupted run takes $took ms and leaves $(final_files whole | wc -l) files of weights"

# Kills until one run is through, then the next run, until there were enough. A moment is drawn from the length of a
# whole run, so that it may fall anywhere, and now and then behind the end of what is left of one.
killed=0 before=0 saving=0 training=0 runs=0
while [ $killed -lt "$count" ] || [ -d killed ]; do
    if [ $killed -lt "$count" ]; then
        start &
        pid=$!
        moment=$((RANDOM % took))
        sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
        victim=$(victim_of $pid || true)
        [ -z "$victim" ] || kill -9 "$victim" 2> kill.err || true
        status=0
        { wait $pid; } 2> kill.err || status=$?
    else
        status=0
        (start) || status=$?
    fi
    if [ $status = 137 ]; then
        killed=$((killed + 1))
        if ! grep -qE '^(Training in|Going on in)' killed.err; then
            before=$((before + 1))
        elif [ -n "$(find killed -name '*.tmp')" ]; then
            saving=$((saving + 1))
        else
            training=$((training + 1))
        fi
    elif [ $status = 0 ]; then
        runs=$((runs + 1))
        compare killed "$killed kills"
        rm -rf killed
    else
        echo "The run failed with status $status after $killed kills:"
        cat killed.err
        exit 1
    fi
done
echo "$killed kills in $runs runs: $training in training, $saving while a file was written, $before before the first" \
    "update; $differences differences"
[ $differences = 0 ]
