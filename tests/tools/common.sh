# Shared by the shell tests, which source it with the command to test: a room of their own, and how a fact is checked.
set -u
# Who starts the tests from nohup or a service has them ignore signals, which a shell cannot undo: it begins again.
[ -n "${DRAGOMAN_TEST_HEARS:-}" ] || DRAGOMAN_TEST_HEARS=1 exec env --default-signal "$BASH" "$0" "$@"
dragoman=$(realpath "$1")
room=$(mktemp -d)
export OMP_WAIT_POLICY=passive  # threads that wait do not take the processor from other tests
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# ends WHAT STATUS WORDS COMMAND...: the command ends with this status and says all of WORDS (separated by |) on stderr
ends() {
    local what=$1 status=$2 words=$3 got
    shift 3
    "$@" > out 2> err
    got=$?
    [ "$got" = "$status" ] || fail "$what: exit status $got instead of $status ($(tail -c 300 err))"
    local IFS='|' word
    for word in $words; do
        grep -qF -- "$word" err || fail "$what: the message does not speak of '$word': $(tail -c 400 err)"
    done
}

check() {  # the same, with nothing on stdout
    ends "$@"
    [ ! -s out ] || fail "$1: something on stdout: $(head -c 300 out)"
}

same() {  # same WHAT FILE FILE
    cmp -s "$2" "$3" || fail "$1: $2 and $3 differ"
}

from() {  # from FILE COMMAND...: with that file as standard input
    local file=$1
    shift
    "$@" < "$file"
}

# Thirty lines of two to five colours in src, and their reversals in trg.
make_text() {
    local colours=(red blue green gold pink grey teal lime navy rust) line back words word i j
    RANDOM=4
    for i in $(seq 30); do
        line='' back='' words=$((2 + RANDOM % 4))
        for j in $(seq $words); do
            word=${colours[RANDOM % 10]}
            line="$line $word" back="$word $back"
        done
        echo "${line# }" >> src
        echo "${back% }" >> trg
    done
}
