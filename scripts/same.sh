#!/usr/bin/env bash
# Does this tree compute the very bytes that COMMIT computed, and as fast?
#   scripts/same.sh COMMIT [--rounds N]
# Builds both in a temporary folder, this one as it stands, and compares
#   weights        after 100 updates of the toy recipe and of the tiny Transformer on the toy text, with one and two
#                  threads, in fp32 with each matrix library and in bf16 where the processor has it; train.jsonl too,
#                  without its times; of a run that stops and goes on, and of text in pieces (--segmenter space), too
#   translations   of data/toy/test.zh by those models, in all kinds of search; by an ensemble; shortlist, rescore and score too
# Then N rounds (default 9; 0: none) of bench, of start-up and of their peak memory, old and new in turn. About ten
# minutes on two cores, and about one for each round. Time on a machine that does nothing else. Exit status 1: some
# bytes differ.
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$here/scripts/same.sh"; }
case " $* " in *" --help "* | *" -h "*) usage; exit ;; esac
[[ "${*:2}" =~ ^(--rounds [0-9]+)?$ && $# -ge 1 ]] || { usage >&2; exit 2; }
cd "$here"
. scripts/steps.sh
commit=$(git rev-parse --verify --quiet "$1^{commit}") || { echo "same.sh: there is no commit $1" >&2; exit 2; }
install_packages cmake g++ gcc git make pkg-config python3 libcjson-dev libcunit1-dev libdnnl-dev libedit-dev \
    libmicrohttpd-dev libopenblas-openmp-dev libsentencepiece-dev libzstd-dev zlib1g-dev

work=$(mktemp -d "${TMPDIR:-/tmp}/dragoman-same.XXXXXX")
trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quietly() {  # the command, and what it says only where it fails
    printf '$ %s\n' "$*"
    "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

build() {  # NAME SOURCE
    quietly cmake -S "$2" -B "$work/$1" -DCMAKE_BUILD_TYPE=Release
    quietly cmake --build "$work/$1" --target dragoman --parallel "$(nproc)"
}

quietly git worktree add --detach "$work/tree" "$commit"
build old "$work/tree"
build new .
printf '\nold: %s\n' "$(git log -1 --format='%h %s' "$commit")"
printf 'new: %s%s\n' "$(git log -1 --format='%h %s')" "$([ -z "$(git status --porcelain)" ] || echo ' (and what is not committed)')"
python3 scripts/same.py "$work" "${@:2}"
