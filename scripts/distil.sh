#!/usr/bin/env bash
# More to learn from out of the same text: what trained models make of it.
#   scripts/distil.sh [--forward MODEL]... [--backward MODEL]... [--only] [--beam-size N] SRC TRG FOLDER
#     --forward MODEL   translates SRC as TRG is; several times: each by itself
#     --backward MODEL  translates TRG back; several times, too
#     --only            without the pairs that there are
#     --beam-size N     of the search                                             default: what the model folder says
# Writes FOLDER/train.src and train.trg: the pairs, and for each model what it makes of a side beside that side, without
# pairs that are there already and without empty lines. What a model has made is kept in FOLDER, for the next call.
#   Sequence-level knowledge distillation (Kim and Rush 2016) is one --forward MODEL, or several as one, separated by
#   commas (an ensemble), with --only: a smaller model learns from its translations, which are easier than people's.
#   Data diversification (Nguyen et al. 2020) is several of both kinds, trained with other seeds, without --only.
set -euo pipefail
shopt -s inherit_errexit
here=$(realpath "$(dirname "$0")/..")
usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$here/scripts/distil.sh"
    exit "$1"
}
wrong() {
    echo "distil.sh: $*" >&2
    exit 2
}
forward=() backward=() only='' search=() files=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage 0 ;;
    --only) only=yes ;;
    --forward | --backward | --beam-size)
        [ $# -gt 1 ] || wrong "$1 needs a value"
        case $1 in
        --forward) forward+=("$2") ;;
        --backward) backward+=("$2") ;;
        *) search=(--beam-size "$2") ;;
        esac
        shift
        ;;
    -*) wrong "there is no option $1: --help says which there are" ;;
    *) files+=("$1") ;;
    esac
    shift
done
[ ${#files[@]} -eq 3 ] || usage 2 >&2
[ ${#forward[@]} -gt 0 ] || [ ${#backward[@]} -gt 0 ] || wrong "name at least one model, by --forward or --backward"
source=${files[0]} target=${files[1]} folder=${files[2]}
for file in "$source" "$target"; do
    [ -r "$file" ] || wrong "there is no file $file that can be read"
    case $file in *.gz | *.zst) wrong "$file is compressed: unpack it first" ;; esac
done
[ "$(wc -l < "$source")" = "$(wc -l < "$target")" ] || wrong "$source and $target have other numbers of lines"
for models in "${forward[@]}" "${backward[@]}"; do
    IFS=, read -ra each <<< "$models"
    for model in "${each[@]}"; do 
        [ -f "$model/config.json" ] || wrong "there is no model folder $model"
        ! grep -qE '"architecture":\s*"labels"|"megatron-bert"' "$model/config.json" || wrong "$model labels words and does not translate"
    done
done
. "$here/scripts/steps.sh"
[ -x "$here/build/dragoman" ] || "$here/scripts/setup.sh" >&2
mkdir -p "$folder"

# made MODELS SIDE FILE: the file of what they make of it, made once. It is named for them, and for the text.
made() {
    local models=$1 side=$2 file=$3 each output
    output=$folder/$side.$(printf '%s ' "$models" "${search[@]}" "$(cksum < "$file")" | cksum | cut -d ' ' -f 1)
    if [ ! -f "$output" ]; then
        IFS=, read -ra each <<< "$models"
        step "$here/build/dragoman" translate --model "${each[@]}" "${search[@]}" --input "$file" --output "$output.new" >&2
        mv "$output.new" "$output"
    fi
    echo "$output"
}

pairs=$folder/pairs.new
trap 'rm -f "$pairs" "$pairs.once"' EXIT
: > "$pairs"
[ -n "$only" ] || paste "$source" "$target" >> "$pairs"
for models in "${forward[@]}"; do
    output=$(made "$models" forward "$source")
    paste "$source" "$output" >> "$pairs"
done
for models in "${backward[@]}"; do
    output=$(made "$models" backward "$target")
    paste "$output" "$target" >> "$pairs"
done
awk -F '\t' 'NF == 2 && $1 ~ /[^ ]/ && $2 ~ /[^ ]/ && !there[$0]++' "$pairs" > "$pairs.once"
cut -f 1 "$pairs.once" > "$folder/train.src"
cut -f 2 "$pairs.once" > "$folder/train.trg"
echo "$(wc -l < "$folder/train.src") pairs in $folder/train.src and train.trg, of $(wc -l < "$source") that there were"
