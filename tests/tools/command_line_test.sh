#!/bin/bash
# The command line as a whole: exit statuses, which stream says what, and what is said. Argument: the command to test.
# No model is trained or opened here.
. "$(dirname "$0")/common.sh"
readme=$(realpath "$(dirname "$0")/../../README.md")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

says() {  # says STATUS TEXT ARGUMENTS...: the exit status, TEXT on stderr behind "dragoman: ", and nothing on stdout
    check "dragoman ${*:3}" "$1" "$2" "$dragoman" "${@:3}" < /dev/null
    [ "$(head -c 10 err)" = 'dragoman: ' ] || fail "dragoman ${*:3}: no 'dragoman: ' in front"
}

shows() {  # shows TEXT ARGUMENTS...: exit status 0, TEXT on stdout, and nothing on stderr
    ends "dragoman ${*:2}" 0 '' "$dragoman" "${@:2}" < /dev/null
    grep -qF -- "$1" out || fail "dragoman ${*:2}: does not show '$1'"
    [ ! -s err ] || fail "dragoman ${*:2}: something on stderr"
}

shows "Usage: dragoman COMMAND" --help
shows "Usage: dragoman COMMAND" -h
shows "Usage: dragoman COMMAND" help
shows "dragoman 0." --version
commands=$("$dragoman" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 6 ] || fail "the overview shows so few commands: $commands"
for command in $commands; do
    shows "Usage: dragoman $command" $command --help
    shows "Usage: dragoman $command" $command -h
    shows "Usage: dragoman $command" help $command
    shows "Usage: dragoman $command" --help $command
    shows "Usage: dragoman $command" $command --no-such-option --help
done
shows "default 0.1]" train --help

"$dragoman" > out 2> err
[ $? -eq 2 ] && [ ! -s out ] && grep -q "Usage: dragoman COMMAND" err || fail "dragoman alone"

says 2 "no command 'trian': did you mean train?" trian
says 2 "no command 'scroe': did you mean score?" help scroe
says 2 "no command 'xyzzy'; there are train, prepare, translate, generate, rescore, " xyzzy
says 2 "train needs --model DIR" train
says 2 "train needs --train-sets SRC TRG" train --model nowhere
says 2 "dragoman train --train-sets train.zh train.en" train
says 2 "translate needs --model DIR" translate
says 2 "rescore needs SRC" rescore --model m
says 2 "score needs --ref FILE" score
says 2 "unknown option --mini-batch-word: did you mean --mini-batch-words?" train --mini-batch-word 5
says 2 "--beam is called --beam-size here" translate --beam 5
says 2 "--dropout is an option of train" translate --dropout 0.1
says 2 "1 is too much; at most 0.95" train --dropout 1
says 2 "'ten' is not a whole number" train --seed ten
says 2 "--train-sets needs 1 to 2 values" train --train-sets --model m

# A configuration file is read wherever --config stands, and the command line wins over it: the name of the file that
# cannot be opened shows whose value counts.
echo '{"train-sets": ["no.zh", "no.en"], /* none */ "dim-emb": 3.5}' > wrong.json
echo '{"ref": "no.such.ref"} // the reference' > right.json
says 2 "wrong.json: dim-emb: '3.5' is not a whole number" train --config wrong.json --model m
says 1 "no.such.ref" score --config right.json /dev/null
says 1 "no.other.ref" score --ref no.other.ref --config right.json /dev/null
says 1 "no.other.ref" score --config right.json --ref no.other.ref /dev/null
says 1 "no.such.json" train --config no.such.json
# honours COMMAND JSON NAME WORDS...: the file names what cannot be opened, and the command line something else.
honours() {
    local command=$1 name=$3
    echo "$2" > $command.json
    shift 3
    says 1 "$name" $command --config $command.json
    says 1 "$name.too" $command --config $command.json "$@"
    says 1 "$name.too" $command "$@" --config $command.json
}
honours train '{"tsv": "no.tsv", "valid-tsv": "/dev/null", "tsv-columns": [2, 1], "model": "m"}' no.tsv --tsv no.tsv.too
honours translate '{"model": "no.model", "input": "/dev/null", "tsv": true, "tsv-columns": 2}' no.model --model no.model.too
honours rescore '{"model": "no.model", "SRC": "/dev/null", "TRG": "/dev/null", "summary": "perplexity"}' no.model \
    --model no.model.too
honours average '{"model": "no.model", "last": 2}' no.model --model no.model.too
honours score '{"ref": ["no.ref"], "HYP": "/dev/null"}' no.ref --ref no.ref.too
honours report '{"model": ["no.run"], "output": "no.html"}' no.run --model no.run.too
says 1 "cannot open no.such.ref" score --ref no.such.ref /dev/null
echo '{"seed": 1,
  "lanes" 2}' > broken.json
says 1 "broken.json: line 2, column 11" train --config broken.json
echo '{"sede": 1}' > unknown.json
says 2 "unknown.json: unknown option sede: did you mean seed?" train --config unknown.json

# Every command of README's table for people who come from elsewhere is one: what is missing are files, not sense.
echo '{"train-sets": ["no.zh", "no.en"], "model": "m"}' > zh-en.json
sed -n '/^## Coming from another toolkit/,/^## [^C]/p' "$readme" | grep -o '`dragoman [^`]*`' | tr -d '`' > ours
[ "$(wc -l < ours)" -ge 15 ] || fail "README has so few commands: $(cat ours)"
while read -r _ words; do
    # shellcheck disable=SC2086
    says 1 "" $words < /dev/null
done < ours

# What cannot count is refused, and from a file that commands share said once.
says 2 "--early-stopping has no effect without --valid-sets and --valid-tsv: leave it out, or add --valid-sets or --valid-tsv" \
    train --train-sets a b --model m --early-stopping 3
says 2 "--optimizer-params has no effect with --optimizer sgd: leave it out, or take --optimizer adam" \
    train --train-sets a b --model m --optimizer sgd --optimizer-params 0.9 0.98 1e-9
says 2 "-b1: the value of -b is a word of its own: -b 1" translate --model m -b1
says 2 "--max_length is called --max-length-factor here" translate --model m --max_length 9
echo '{"train-sets": ["no.zh", "no.en"], "model": "no", "early-stopping": 3, "valid-freq": "2e", "beam-size": 4,
    "temperature": 2}' > shared.json
says 1 "no folder no" translate --config shared.json --output-sampling full
said="shared.json: without effect here: beam-size with --output-sampling, train-sets, early-stopping, valid-freq (of other commands)"
[ "$(grep -c '^dragoman: note: ' err)" = 1 ] && grep -qF "note: $said" err || fail "what a shared file says in vain: $(cat err)"
"$dragoman" train --config shared.json 2> err
said="shared.json: without effect here: early-stopping, valid-freq without --valid-sets and --valid-tsv, beam-size, temperature (of"
grep -qF "note: $said" err || fail "what a shared file says in vain to train: $(cat err)"

# A full disk and a closed output: a sentence and 1.
"$dragoman" --help > /dev/full 2> err
[ $? -eq 1 ] && grep -q "^dragoman: cannot write the output: " err || fail "a full disk"
"$dragoman" --help >&- 2> err
[ $? -eq 1 ] && grep -q "^dragoman: cannot write the output: " err || fail "a closed output"
# A reader that went away: the end of a filter, by a signal and without a word; where that is ignored, a sentence and 1.
mkfifo pipe gone
left() {  # left COMMAND...: the reader opens the pipe and leaves; only then the command writes
    { : < pipe; echo > gone; } &
    { read -r _ < gone; "$@" 2> err; echo $? > status; } > pipe
    wait
}
seq 9 > nine
for words in --help help 'train --help' 'docs man' 'docs bash' 'score --ref nine nine' 'score --ref nine nine nine --json' \
    'bench gemm --rounds 1 --seconds 0 --json'; do
    # shellcheck disable=SC2086
    left env --default-signal=PIPE "$dragoman" $words
    [ "$(cat status)" = 141 ] && [ ! -s err ] || fail "a reader that left $words: $(cat status err)"
done
left env --ignore-signal=PIPE "$dragoman" --help
[ "$(cat status)" = 1 ] && grep -q "^dragoman: cannot write the output: Broken pipe" err || fail "a reader that left: $(cat err)"

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
