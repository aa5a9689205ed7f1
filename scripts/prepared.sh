#!/usr/bin/env bash
# What a prepared text saves: seconds to the first update and peak memory of train --train-sets and of prepare and train
# --prepared, as a Markdown table, with an estimate for ten times as many pairs. The pairs are two of the toy corpus
# each, one behind the other, or those of SRC and TRG (the handbook's, say: scripts/handbook.sh --text-only), again and
# again, each time without a word or two. Or, with `translate`, the memory that translating takes after a tenth of so many
# short lines of a pipe, and at their end.
#   scripts/prepared.sh [PAIRS [DRAGOMAN [SRC TRG]]]       default: 5,000,000 pairs, build/dragoman
#   scripts/prepared.sh translate [LINES [DRAGOMAN]]       default: 1,000,000 lines
# Memory is that of the largest process: what is resident at its peak, in which mapped pages of files count, that the
# system takes back where it needs them; and what is anonymous of it, which it cannot. Everything is done for a tenth of
# the pairs, too, with as many pieces (2,000), and ten times as many are what a line through both figures says; a segmenter
# is learnt from 100 MiB at most, so the time for that is as it was. TMPDIR says where the text is made: about 600 bytes a pair in all.
set -euo pipefail
shopt -s inherit_errexit
root=$(realpath "$(dirname "$0")/..")
case " $* " in *" --help "* | *" -h "*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$root/scripts/prepared.sh"; exit ;; esac
[ "${1:-}" != translate ] || { translate=yes; shift; }
count=${1:-$([ -n "${translate:-}" ] && echo 1000000 || echo 5000000)}
dragoman=$(realpath "${2:-$root/build/dragoman}")
source=$(realpath "${3:-$root/data/toy/train.zh}")
target=$(realpath "${4:-$root/data/toy/train.en}")
repeats=${3:+repeated}
measure="$root/scripts/prepared.py"
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
small=(--dim-emb 64 --dim-ffn 128 --heads 2 --enc-depth 1 --dec-depth 1 --gemm openblas --mini-batch-words 4000)

if [ -n "${translate:-}" ]; then
    "$dragoman" train --train-sets "$source" "$target" "${small[@]}" --dim-emb 16 --after 100u --quiet --model model
    exec 3>&1
    python3 "$measure" translate "$count" "$source" -- "$dragoman" translate --model model --beam-size 1 --max-length-factor 1 >&3
    exit
fi

# row NAME COMMAND...: seconds (to the first update, of train), resident and anonymous MiB, into the file NAME
row() {
    local name=$1
    shift
    python3 "$measure" run "$@" > "$name" 2> err || { cat err; exit 1; }
}
rows() {  # rows PAIRS: of text that is made of so many
    python3 "$measure" make "$1" "$source" "$target" many "${repeats:-joined}"
    local train=(-- "$dragoman" train "${small[@]}" --after 1u --disp-freq 1u --overwrite --model model)
    local prepare=(-- "$dragoman" prepare --train-sets many.src many.trg --overwrite) pieces=(--vocab-size 2000)
    row "prepare.$1" "${prepare[@]}" "${pieces[@]}" --output folder
    row "prepared.$1" --until 'Up. 1 ' "${train[@]}" --prepared folder
    row "prepare-given.$1" "${prepare[@]}" --sentencepiece folder/source.spm --output given
    row "plain-given.$1" --until 'Up. 1 ' "${train[@]}" --train-sets many.src many.trg --sentencepiece folder/source.spm
    row "plain.$1" --until 'Up. 1 ' "${train[@]}" --train-sets many.src many.trg "${pieces[@]}"
    rm -rf many.* folder given
}
rows $((count / 10))
rows "$count"
python3 "$measure" table "$count" .
