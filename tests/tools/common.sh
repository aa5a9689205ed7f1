# Shared by the shell tests, which source it with the command to test: a room of their own, and how a fact is checked.
set -u
dragoman=$(realpath "$1")
room=$(mktemp -d)
export OMP_WAIT_POLICY=passive  # threads that wait do not take the processor from other tests
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# check WHAT STATUS WORDS COMMAND...: the command ends with this status and says all of WORDS (separated by |) on stderr
check() {
    local what=$1 status=$2 words=$3 got
    shift 3
    "$@" > out 2> err
    got=$?
    [ "$got" = "$status" ] || fail "$what: exit status $got instead of $status ($(tail -c 300 err))"
    [ ! -s out ] || fail "$what: something on stdout: $(head -c 300 out)"
    local IFS='|' word
    for word in $words; do
        grep -qF -- "$word" err || fail "$what: the message does not speak of '$word': $(tail -c 400 err)"
    done
}

same() {  # same WHAT FILE FILE
    cmp -s "$2" "$3" || fail "$1: $2 and $3 differ"
}
