#!/bin/bash
# The command in a locale with a decimal comma: it writes and reads numbers as ever. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

printf 'LC_NUMERIC\ndecimal_point ","\nthousands_sep "."\ngrouping 3;3\nEND LC_NUMERIC\n' > source
localedef -c -i ./source -f NONE ./comma 2> /dev/null  # ends with 1: the rest of the locale is left out
export LOCPATH=$room
export ASAN_OPTIONS=detect_leaks=0  # glibc's newlocale leaves a copy of LOCPATH behind, once
[ "$(LC_ALL=comma bash -c 'printf %.1f 0,5')" = 0,5 ] || fail 'there is no locale with a decimal comma'

make_folder model
printf '%s\n' 'w2 w3 w4' 'w5' > src
both() {  # both WHAT COMMAND...: the same text in either locale
    local what=$1
    shift
    LC_ALL=C "$@" > expected 2>&1 || fail "$what: $(tail -c 300 expected)"
    LC_ALL=comma "$@" > got 2>&1 || fail "$what in the other locale: $(tail -c 300 got)"
    same "$what" expected got
    grep -q '[0-9]\.[0-9]' expected || fail "$what: no number with a point"
}
both translate "$dragoman" translate --model model --input src --n-best 2 --beam-size 4 --normalize 0.5
both 'translate --json' "$dragoman" translate --model model --input src --json
both sampling "$dragoman" translate --model model --input src --output-sampling topp 0.9 --temperature 0.5 --word-scores
both rescore "$dragoman" rescore --model model src src
both score "$dragoman" score --ref src -- src
both 'score --json' "$dragoman" score --json --metrics bleu chrf --ref src -- src
both help "$dragoman" train --help

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
