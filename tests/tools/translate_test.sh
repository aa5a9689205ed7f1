#!/bin/bash
# dragoman translate and rescore as their users meet them: order, pipes, bad input. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

check() {  # what is said of a failure is one line; stdout may have answers
    ends "$@"
    [ "$2" = 2 ] || [ "$(wc -l < err)" -le 1 ] || fail "$1: more than one line on stderr: $(cat err)"
}

make_folder model
translate() { "$dragoman" translate --model model "$@"; }
rescore() { "$dragoman" rescore --model model "$@"; }

# ---- Order, threads, line ends ----

for i in $(seq 1 120); do
    words=
    for j in $(seq 1 $((i * 7 % 11))); do words="$words w$((2 + (i * i + j * 5) % 38))"; done
    echo "${words# }"
done > lines
check "translating" 0 "" translate --cpu-threads 1 --input lines --output one
[ "$(wc -l < one)" = 120 ] || fail "120 lines became $(wc -l < one)"
[ "$(sort -u one | wc -l)" -gt 20 ] || fail "the translations do not depend on the lines"
for i in $(grep -n '^$' lines | cut -d: -f1); do
    [ -z "$(sed -n "${i}p" one)" ] || fail "line $i is empty, its translation is not"
done
for threads in 2 3; do
    translate --cpu-threads $threads < lines > more
    same "$threads threads" one more
done
translate --mini-batch 1 < lines > forth
tac lines | translate --mini-batch 1 | tac > back
same "the order of the lines" forth back
for i in 3 50 117; do
    sed -n "${i}p" lines | translate --mini-batch 1 > alone
    sed -n "${i}p" forth > expected
    same "line $i by itself" expected alone
done
translate --beam-size 1 < lines > greedy
cmp -s greedy one && fail "the beam makes no difference"

printf 'w5 w6\n\nw7\n' | translate > clean
[ "$(sed -n 2p clean)" = "" ] && [ "$(wc -l < clean)" = 3 ] || fail "an empty line among others"
printf '\xef\xbb\xbfw5 w6\r\n\r\nw7' | translate > dirty
same "byte-order mark, CR LF, no newline at the end" clean dirty
check "an empty input" 0 "" translate --input /dev/null
[ -s out ] && fail "an empty input has a translation"

# ---- A conversation through pipes: every line is answered before the next one is asked ----

coproc translate
conversation=$COPROC_PID  # bash forgets it as soon as it ends
for i in 3 50 117; do
    sed -n "${i}p" lines >&"${COPROC[1]}"
    IFS= read -r -t 60 answer <&"${COPROC[0]}" || fail "no answer to line $i while the pipe is open"
    [ "$answer" = "$(sed -n "${i}p" forth)" ] || fail "the answer to line $i is another one: $answer"
done
eval "exec ${COPROC[1]}>&-"
wait "$conversation" || fail "a conversation that ends is a failure"

# ---- A terminal, where LANG is not set: typing and editing Chinese, until :quit ----

if command -v script > /dev/null; then
    make_folder zh
    sed -i 's/"w2"/"我"/; s/"w3"/"爱"/; s/"w4"/"中国"/' zh/vocab.json
    answer=$(echo '我 爱 中国' | "$dragoman" translate --model zh)
    printf '我 爱 中国\n我 中国\033[D\033[D爱 \n\n:quit\n' |
        env -i PATH="$PATH" TERM=xterm script -qec "'$dragoman' translate --model zh" /dev/null > screen ||
        fail "leaving is a failure: $(cat screen)"
    [ "$(grep -cF "$answer" screen)" = 2 ] || fail "typing and editing Chinese: $(cat screen)"
    [ "$(grep -c 'score -.*tokens/s' screen)" = 2 ] || fail "score and speed on a terminal: $(cat screen)"
else
    echo "not tested: the terminal (there is no program 'script' here)"
fi

# ---- Bad lines: what stands before them is translated ----

head -n 2 forth > two
{ head -n 2 lines; printf 'w5 \xff w6\nw7\n'; } > invalid
check "invalid UTF-8" 1 "standard input|line 3|UTF-8" from invalid translate --mini-batch 1
same "before invalid UTF-8" two out
check "invalid UTF-8 in a file" 1 "invalid|line 3|UTF-8" translate --input invalid
{ head -n 2 lines; printf 'w5 \0 w6\nw7\n'; } > nul
check "a NUL byte" 1 "standard input|line 3|NUL" from nul translate --mini-batch 1
same "before a NUL byte" two out
{ head -n 2 lines; head -c 1000000 < <(yes w5 | tr '\n' ' '); echo; echo w7; } > long
check "a line of very many pieces" 1 "standard input|line 3|4096" from long translate --mini-batch 1
same "before a line of very many pieces" two out
{ head -n 2 lines; head -c 1000000 /dev/zero | tr '\0' 'x'; echo; echo w7; } > wide
check "a line of one very long piece" 0 "" from wide translate --mini-batch 1
[ "$(wc -l < out)" = 4 ] || fail "a line of one very long piece: $(wc -l < out) lines"

# ---- An output that is there already: never what is read, and replaced only when all is there ----

old() {  # old WHAT: old.out is as it was, and nothing lies beside it
    [ "$(cat old.out)" = 'an old translation' ] || fail "$1: old.out became: $(head -c 300 old.out)"
    [ -z "$(find . -name '*.tmp')" ] || fail "$1: left behind: $(find . -name '*.tmp')"
}
spared() {  # spared WHAT WORDS COMMAND...: refused, and lines are as they were
    local what=$1 words=$2
    shift 2
    check "$what" 1 "$words" "$@"
    same "$what" lines lines.before
}
cp lines lines.before
ln -s lines lines.link
ln lines lines.hard
spared 'the input as output' 'lines and lines are the same file' translate -i lines -o lines
spared 'the input by another path' 'lines and ./lines are' translate -i lines -o ./lines
spared 'the input by a symbolic link' 'lines and lines.link are' translate -i lines -o lines.link
spared 'the input by a hard link' 'lines.hard and lines are' translate -i lines.hard -o lines
spared 'the input that is standard input' 'standard input and lines are' from lines translate -o lines
spared 'the prefixes' 'lines and ./lines are' translate -i one --prefix lines -o ./lines
appended() { translate -i lines >> lines; }
spared 'the input as standard output' 'lines and standard output are' appended
for file in config.json model.safetensors vocab.json; do
    cp "model/$file" "kept.$file"
    check "$file as output" 1 "$file is a file of the model in model" translate -i lines -o "model/$file"
    same "$file as output" "model/$file" "kept.$file"
done
ln -s model/vocab.json linked.out
check 'a link to a file of the model' 1 'linked.out is a file of the model in model' translate -i lines -o linked.out
same 'a link to a file of the model' model/vocab.json kept.vocab.json
make_folder other
check 'a file of the second model' 1 'model/vocab.json is a file' \
    "$dragoman" translate --model other model -i lines -o model/vocab.json
check 'an output among the files of the model' 0 '' translate -i lines -o model/mine.out
check 'and once more' 0 '' translate -i lines -o model/mine.out
same 'an output among the files of the model' one model/mine.out
rm model/mine.out

echo 'an old translation' > old.out
check 'a mistyped model' 1 'modle' "$dragoman" translate --model modle -i lines -o old.out
old 'a mistyped model'
check 'options that do not fit' 2 '--stream' translate --stream --n-best 2 -i lines -o old.out
old 'options that do not fit'
check 'no such input beside an old output' 1 'nothing.txt' translate -i nothing.txt -o old.out
old 'no such input'
printf '\xff\nw5\n' > bad
check 'a bad first line' 1 'line 1|UTF-8' translate -i bad -o old.out
old 'a bad first line'
check 'a bad third line' 1 'line 3|UTF-8' translate --mini-batch 1 -i invalid -o old.out
old 'a bad third line'
check 'prefixes and input from one pipe' 2 'cannot both be standard input' translate --prefix -
check 'prefixes that do not belong to the input' 1 'two has 2 lines' translate -i lines --prefix two -o old.out
old 'prefixes that do not belong to the input'
killed_by() {  # while it writes beside old.out
    signal=$1
    mkfifo slow
    # In the background a shell would have SIGINT ignored.
    env --default-signal=INT "$dragoman" translate --model model -i slow -o old.out 2> err &
    pid=$!
    exec 7> slow
    head -n 3 lines >&7
    for _ in $(seq 200); do
        [ -n "$(find . -name 'old.out.*.tmp' -size +0)" ] && break
        sleep 0.05
    done
    [ -n "$(find . -name 'old.out.*.tmp')" ] || fail "SIG$signal: nothing is written beside the old output"
    kill -s $signal $pid
    wait $pid 2> wait.err
    got=$?
    exec 7>&-
    [ $got = $((128 + $(kill -l $signal))) ] || fail "SIG$signal: exit status $got: $(cat err)"
    rm slow
}
for signal in INT TERM HUP; do
    killed_by $signal
    old "SIG$signal"
done
killed_by KILL
[ -n "$(find . -name 'old.out.*.tmp')" ] || fail 'SIGKILL was heard'
touch mine.out.7-0.tmp
check 'the next that replaces it' 1 'line 3' translate --mini-batch 1 -i invalid -o old.out
rm mine.out.7-0.tmp || fail 'a file beside another was removed'
old 'what a kill left beside'
limited() { (ulimit -f 1 && "$@"); }  # 1,024 bytes: a full disk, as far as can be seen
limited translate -i lines -o old.out 2> err && fail 'an output that is too large is not noticed'
old 'an output that is too large'
cut() { (trap '' XFSZ && ulimit -f 1 && "$@"); }
check 'a new output that is too large' 1 'cannot write cut.out: File too large; what cut.out holds is not all' \
    cut translate -i lines -o cut.out
chmod 606 old.out
ln -s old.out new.link
check 'an old output is replaced' 0 '' translate -i lines -o new.link
same 'an old output is replaced' one old.out
[ -L new.link ] || fail 'a link to the output was replaced, not the output'
[ "$(stat -c %a old.out)" = 606 ] || fail "the mode of the output became $(stat -c %a old.out)"
[ -z "$(find . -name '*.tmp')" ] || fail "left behind: $(find . -name '*.tmp')"
check 'what precedes a bad line in a new file' 1 'line 3' translate --mini-batch 1 -i invalid -o new.out
same 'what precedes a bad line in a new file' two new.out
mkfifo pipe
cat pipe > piped &
check 'a pipe as output' 0 '' translate -i lines -o pipe
wait $!
same 'a pipe as output' one piped

# ---- Bad files ----

check "no such input" 1 "nothing.txt" translate --input nothing.txt
check "a folder for an input" 1 "model is a folder" translate --input model
check "no such output folder" 1 "nowhere/out" translate --input lines --output nowhere/out
check "a full disk" 1 "No space left" translate --input lines --output /dev/full
full() { translate --input lines > /dev/full; }
closed() { translate --input lines >&-; }
check "a full disk behind standard output" 1 "No space left" full
check "a closed output" 1 "closed" closed
seq 1 20000 | sed 's/.*/w5/' > many
gone() { translate --beam-size 1 --input many | head -n 1; return "${PIPESTATUS[0]}"; }
check "a reader that goes away" 141 '' gone
[ ! -s err ] || fail "a reader that goes away: $(cat err)"
check "no such folder" 1 "nowhere" "$dragoman" translate --model nowhere --input lines
check "a file for a folder" 1 "lines" "$dragoman" translate --model lines --input lines
check "no folder named" 2 "--model" "$dragoman" translate
check "an impossible beam" 2 "beam-size" translate --beam-size -1

for file in config.json model.safetensors vocab.json; do
    rm -rf broken
    make_folder broken
    rm "broken/$file"
    check "without $file" 1 "$file" "$dragoman" translate --model broken --input lines
    make_folder broken
    head -c $(($(stat -c %s "model/$file") / 2)) "model/$file" > "broken/$file"
    check "$file cut short" 1 "$file" "$dragoman" translate --model broken --input lines
    : > "broken/$file"
    check "$file empty" 1 "$file" "$dragoman" translate --model broken --input lines
    rm "broken/$file"
    mkdir "broken/$file"
    check "$file a folder" 1 "$file" "$dragoman" translate --model broken --input lines
done
rm -rf broken
make_folder broken
sed -i 's/, "w39": 39//; s/"<pad>": 40/"<pad>": 39/' broken/vocab.json
check "a vocabulary of another size" 1 "41|40" "$dragoman" translate --model broken --input lines
make_folder broken
echo '{"separate_vocabs": true}' > broken/tokenizer_config.json
check "separate vocabularies without the second" 1 "target_vocab.json" "$dragoman" translate --model broken --input lines
echo '{"separate_vocabs": "yes"}' > broken/tokenizer_config.json
check "separate vocabularies that are neither true nor false" 1 "tokenizer_config.json: \"separate_vocabs\"" \
    "$dragoman" translate --model broken --input lines
rm -rf broken
make_folder broken
cp "$golden/config.json" broken
check "no SentencePiece model" 1 "source.spm" "$dragoman" translate --model broken --input lines

# ---- rescore ----

sed 's/^$/w9/' lines > source
check "rescoring" 0 "" rescore source one
[ "$(grep -c '^-[0-9]*\.[0-9]\{4\}$' out)" = 120 ] || fail "rescore: $(head -n 3 out)"
cp out plain
check "rescoring with words" 0 "" rescore --word-scores source one
sed 's/ |||.*//' out > first
same "with and without word scores" plain first
awk '{ sum = 0; for (i = 3; i <= NF; i++) sum += $i; d = sum - $1; if (d < 0) d = -d; if ($2 != "|||" || d > 0.0001 * NF) exit 1 }' out ||
    fail "word scores do not add up: $(head -n 3 out)"
[ "$(head -n 1 one | wc -w)" = "$(head -n 1 out | awk '{ print NF - 3 }')" ] || fail "one figure per piece and end"
rescore - one < source > dash
same "standard input as SRC" plain dash
for threads in 2 3; do
    rescore --cpu-threads $threads source one > more
    same "rescore with $threads threads" plain more
done
check "unequal line counts" 1 "source|120|two|2" rescore source two
check "rescoring nothing" 0 "" rescore /dev/null /dev/null
check "rescoring invalid UTF-8" 1 "invalid|line 3" rescore invalid invalid
check "rescoring a line of very many pieces" 1 "line 3: the source line|4096" rescore long long
check "rescoring without TRG" 2 "TRG" rescore source
check "both from standard input" 2 "standard input" rescore - -
rescore_full() { rescore source one > /dev/full; }
rescore_closed() { rescore source one >&-; }
check "rescoring to a full disk" 1 "No space left" rescore_full
check "rescoring to a closed output" 1 "closed" rescore_closed

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
