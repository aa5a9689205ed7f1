#!/bin/bash
# dragoman train as its users meet it: bad input, Ctrl-C, kill -9, a full disk. Argument: the command to test.
. "$(dirname "$0")/common.sh"
mounted=
trap '[ -z "$mounted" ] || umount "$room/small"; rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text
cp src valid.src
cp trg valid.trg

tiny=(--mini-batch-words 40 --lr-warmup 10 --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas)
shape=(--segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2)
shaped() {  # shaped OPTIONS...: a small model, where none is taken over
    local small=("${shape[@]}")
    [[ $* != *--pretrained-model* ]] || small=()
    "$dragoman" train "${tiny[@]}" "${small[@]}" "$@"
}
train() { shaped --train-sets src trg "$@"; }  # train --model DIR ...
on() {  # on SRC TRG OPTIONS...: training on other text
    shaped --train-sets "$1" "$2" --model new --after 1u "${@:3}"
}

# ---- Bad input ----

check 'nothing said' 2 '--train-sets' "$dragoman" train
check 'no model' 2 '--model' train --after 1u
check 'a number out of range' 2 'dropout' train --model new --dropout 2
check 'heads that do not divide' 2 '--dim-emb 16|--heads 3' train --model new --heads 3
check 'a missing file' 1 'cannot open nowhere' on nowhere trg
check 'a missing validation file' 1 'cannot open nowhere' on src trg --valid-sets src nowhere
check 'a folder for a file' 1 'is a folder' on . trg
check 'a file for a folder' 1 'src' train --model src/new
[ ! -e new ] || fail 'a command that could not begin left a folder'
: > empty
check 'empty files' 1 'empty' on empty empty
head -n 29 src > short
check 'unequal line counts' 1 'short|29|30' on short trg
{ head -n 4 src; printf 'caf\xe9\n'; tail -n +6 src; } > latin
check 'invalid UTF-8' 1 'latin|5|UTF-8' on latin trg
{ head -n 4 src; printf 'a\0b\n'; tail -n +6 src; } > nul
check 'a NUL byte' 1 'nul|5|NUL' on nul trg
check 'all pairs too long' 1 'raise --max-length' on src trg --max-length 1
check 'unequal validation files' 1 'short' on src trg --valid-sets short trg
check 'a vocabulary that the text does not give' 1 'vocab' on src trg --segmenter unigram --vocab-size 5000
check 'a shape beside a model to start from' 2 '--heads has no effect with --pretrained-model: leave it out' \
    on src trg --pretrained-model nowhere --heads 2
check 'no model to start from' 1 'nowhere' on src trg --pretrained-model nowhere
check 'a start that is no model' 1 'config.json' on src trg --pretrained-model .
mkdir other
echo '{"model_type": "marian", "d_model": 512}' > other/config.json
check "somebody else's model" 1 '--pretrained-model other' train --model other --after 1u
[ ! -e new ] || fail "a run that could not begin left something: $(ls -A new)"
mkdir new
check 'a folder that was there, and a validation file without lines' 1 'empty' on src trg --valid-sets empty empty
[ -d new ] && [ -z "$(ls -A new)" ] || fail "a run that could not begin did not leave the folder empty: $(ls -A new)"
check "somebody else's model, to be overwritten" 1 '--pretrained-model other' train --model other --after 1u --overwrite
grep -q d_model other/config.json || fail "somebody else's config.json was changed"
rm -rf new

{ printf '\xef\xbb\xbf'; sed 's/$/\r/' src; echo; } > dos
{ cat trg; echo; } > more
check 'CR LF, a byte-order mark and an empty line' 0 '1 pair with an empty side' on dos more
grep -q '"red"' new/vocab.json || fail 'the byte-order mark or a CR is in the vocabulary'
rm -rf new
{ cat src; head -c 1000000 /dev/zero | tr '\0' 'x'; echo; } > wide
{ cat trg; yes red | head -n 200000 | tr '\n' ' '; echo; } > long
check 'a line of a megabyte' 0 '1 pair of more than --max-length' on wide long
rm -rf new

# A model that is taken over is wrong in its own folder, not in the new one.
train --model start --after 1u --quiet 2> err || fail "a model to start from: $(cat err)"
start_without() {  # start_without FILE CONTENT: a copy of it with another file
    rm -rf damaged && cp -r start damaged && echo "$2" > damaged/"$1"
    check "starting from a model with a bad $1" 1 "damaged/$1" on src trg --pretrained-model damaged
    ! grep -q 'new/\|train\.new' err || fail "starting from a model with a bad $1 names the new folder: $(cat err)"
    [ ! -e new ] || fail "starting from a model with a bad $1 left a folder"
}
start_without vocab.json '{"a": 0, "b": 7}'
start_without vocab.json '['
start_without config.json '{}'
start_without model.safetensors 'none'

# ---- Going on ----

long=(--after 30e --valid-sets valid.src valid.trg --valid-freq 8u --valid-metrics ce-mean-words bleu --average 3
    --save-freq 5u --disp-freq 10u --early-stopping 0)
begin=$(date +%s%N)
check 'an uninterrupted run' 0 'Done: --after 30e|the average of the last 3|Alignment: decoder layer 0, head' train --model whole "${long[@]}" --cpu-threads 1
took=$((($(date +%s%N) - begin) / 1000000))  # milliseconds
number='[0-9.,]+(e-[0-9]+)?'
grep -qE "^Ep\. $number : Up\. $number : Sen\. $number : Cost $number : PPL $number : $number words/s : gNorm $number : L\.r\. \
$number : ETA [0-9hms]+\$" err || fail "no line with speed and time left: $(head -n 3 err)"
grep -qE "^Ep\. $number : Up\. $number : ce-mean-words : $number : new best\$" err || fail "no validation: $(head -n 9 err)"
check 'a complete run' 0 'complete|larger --after' train --model whole "${long[@]}"
check 'other options' 2 '--dropout: begun with|--seed: begun with' train --model whole "${long[@]}" --dropout 0.4 --seed 9
check 'quiet' 0 '' train --model quiet --after 3u --quiet
[ ! -s err ] || fail "quiet: $(cat err)"
for option in early-stopping valid-freq valid-metrics; do  # without validation
    ! grep -q "\"$option\"" quiet/config.json || fail "quiet/config.json says --$option, which did not count"
done
check 'an average of no epoch' 0 '--average 3 has averaged nothing: no epoch came to its end' \
    train --model early --after 1u --average 3
[ -s quiet/train.jsonl ] || touch quiet/mine
# Who reads the log may leave: the run goes on.
train --model unwatched --after 30u --disp-freq 1u 2>&1 | head -n 1 > out
[ "${PIPESTATUS[0]}" = 0 ] && grep -q '"event":"end"' unwatched/train.jsonl || fail 'a run ended with the reader of its log'
touch quiet/mine
check 'overwriting' 0 'Training in quiet' train --model quiet --after 5u --overwrite
[ -e quiet/mine ] || fail '--overwrite removed a file that is none of ours'

# A run that could not begin in its place leaves it as it was: each of these fails at another step.
"$dragoman" shortlist --model quiet src trg > out 2> err || : > quiet/vmap.txt
[ -e quiet/vmap.txt ] || : > quiet/vmap.txt
: > quiet/epoch-0001.safetensors
cp -r quiet kept
unchanged() {  # unchanged WHAT STATUS WORDS OPTIONS...
    check "$1" "$2" "$3" train --model quiet --after 5u --overwrite "${@:4}"
    diff -r kept quiet > out || fail "$1: the run before was changed: $(cat out)"
}
unchanged 'overwriting with too large a vocabulary' 1 'larger' --segmenter unigram --vocab-size 5000
unchanged 'overwriting with too large a vocabulary of words' 1 'larger' --vocab-size 5000
unchanged 'overwriting with an empty validation file' 1 'empty' --valid-sets empty empty
unchanged 'overwriting with products that are not there' 1 'bf16' --precision bf16
unchanged 'overwriting with a line too long to validate' 1 'pieces' --valid-sets long long
unchanged 'overwriting with pairs that are all too long' 1 'raise --max-length' --max-length 1
unchanged 'overwriting with a lack of a start' 1 'nowhere' --pretrained-model nowhere
unchanged 'overwriting with an option of another --type' 2 'rnn' --type rnn --heads 4
failed_before=$failures
(trap '' XFSZ; ulimit -f 100; unchanged 'overwriting without room' 1 'train.new/training.safetensors|make room' --dim-emb 64
    exit $((failures - failed_before))) || failures=$((failures + 1))
from src "$dragoman" translate --model quiet > out 2> err || fail "the run that was not replaced: $(cat err)"
check 'the run that was not replaced goes on' 0 'Going on in quiet|From update 5' train --model quiet --after 6u
check 'overwriting, at last' 0 'Training in quiet' train --model quiet --after 5u --overwrite --vocab-size 12
[ ! -e quiet/vmap.txt ] && [ ! -e quiet/epoch-0001.safetensors ] && [ ! -e quiet/train.new ] ||
    fail "--overwrite left something of the run before: $(ls quiet)"

# Killed in the middle: the old run has begun to go, and the next command completes what was begun.
cp -r quiet half-way && mkdir half-way/train.new && mv half-way/*.json* half-way/*.safetensors half-way/train.new
cp kept/vmap.txt half-way
check 'a kill while a run is replaced' 0 'half-way: the run that was about to begin|Going on in half-way' \
    train --model half-way --after 6u --vocab-size 12
[ ! -e half-way/vmap.txt ] && [ ! -e half-way/train.new ] || fail "half-way: $(ls half-way)"

mv quiet/model.safetensors quiet/best-bleu.safetensors
rm quiet/training.safetensors
check 'weights without their state' 1 'training.safetensors|--overwrite' train --model quiet --after 5u
mv quiet/best-bleu.safetensors quiet/model.safetensors
check 'a model without its state' 1 'training.safetensors|--overwrite' train --model quiet --after 5u
head -c 1000 whole/training.safetensors > half
cp -r whole broken && cp half broken/training.safetensors
check 'a checkpoint cut short' 1 'broken/training.safetensors' train --model broken "${long[@]}"
cp -r whole other-text && sed -i '3s/.*/red red red/' src
check 'another text' 1 'not the text' train --model other-text "${long[@]}"
cp valid.src src

# What train.jsonl says but for the clock.
timeless() { sed -E 's/"(seconds|target_tokens_per_second)":[^,}]*,?//g' "$1/train.jsonl"; }
compare_with_whole() {  # compare_with_whole WHAT FOLDER
    same "$1" whole/model.safetensors "$2/model.safetensors"
    [ "$(timeless whole)" = "$(timeless "$2")" ] || fail "$1: $(diff <(timeless whole) <(timeless "$2") | head -n 5)"
}

# Ctrl-C. A job in the background ignores it unless told otherwise; endless, so that it comes in time.
endless() { train --model stopped "${long[@]}" --after 1000000u "$@"; }
env --default-signal=INT "$dragoman" train --train-sets src trg "${tiny[@]}" "${shape[@]}" --model stopped "${long[@]}" \
    --after 1000000u --cpu-threads 2 2> err &
pid=$!
until grep -qs '"update":20' stopped/train.jsonl; do sleep 0.02; kill -0 $pid || break; done
check 'a second trainer' 1 'stopped: another process' endless
kill -INT $pid
wait $pid
got=$?
[ $got = 130 ] || fail "Ctrl-C: exit status $got instead of 130: $(tail -n 3 err)"
grep -q 'To go on: the same command again' err || fail "Ctrl-C: it does not say how to go on: $(tail -n 3 err)"
at=$(sed -nE 's/.*Stopped after update ([0-9]+).*/\1/p' err)
check 'going on after Ctrl-C' 0 "From update $at" endless --after $((at + 7))u --cpu-threads 1
check 'the same without Ctrl-C' 0 'Done' train --model straight "${long[@]}" --after $((at + 7))u
[ "$(timeless stopped | grep -c '"event":"train"')" = "$(timeless straight | grep -c '"event":"train"')" ] ||
    fail 'Ctrl-C: the log has a gap or a double line'
same 'Ctrl-C' stopped/model.safetensors straight/model.safetensors

# A signal in the middle of a product by oneDNN, whose code may have its stack pointer in the heap: a handler on the
# stack of the thread broke half of these runs.
seq 4000 | sed 's/$/ a b c d e/' > numbers
products=(--segmenter space --vocab-size 4000 --dim-emb 128 --dim-ffn 128 --enc-depth 1 --dec-depth 1 --heads 2
    --mini-batch-words 1500 --gemm onednn --cpu-threads 1 --disp-freq 1u --save-freq 100000u --after 100000u)
ldd "$dragoman" | grep -q dnnl && tries=6 || tries=0
for i in $(seq $tries); do
    "$dragoman" train --train-sets numbers numbers "${products[@]}" --model "stopped-$i" 2> err &
    pid=$!
    until grep -qs '"update":2' "stopped-$i/train.jsonl"; do sleep 0.02; kill -0 $pid || break; done
    sleep "0.$((RANDOM % 5))"
    kill -TERM $pid
    wait $pid 2> wait.err
    got=$?
    [ $got = 143 ] || fail "SIGTERM in a product: exit status $got instead of 143: $(tail -n 3 err)"
    grep -q 'Stopped after update' err || fail "SIGTERM in a product: not stopped in order: $(tail -n 3 err)"
done

# kill -9, ten times at random moments, with one, two and three threads
pause=$((took / 4 + 20))
for i in $(seq 10); do
    "$dragoman" train --train-sets src trg "${tiny[@]}" "${shape[@]}" --model killed "${long[@]}" --cpu-threads $((i % 3 + 1)) 2> err &
    pid=$!
    sleep "$(printf '0.%03d' $((RANDOM % (pause < 999 ? pause : 999))))"
    kill -9 $pid 2> kill.err
    wait $pid 2> kill.err
done
touch killed/{model.safetensors.12-0,epoch-0001.safetensors.12-3,best-bleu.safetensors.9-0,training.safetensors}.tmp
touch killed/mine.12-0.tmp killed/report.html.12-0.tmp  # of no run: they stay
check 'the end after ten kills' 0 '' train --model killed "${long[@]}"
rm killed/mine.12-0.tmp killed/report.html.12-0.tmp || fail 'files of others were removed'
compare_with_whole 'ten kills' killed
[ -z "$(find killed -name '*.tmp')" ] || fail "kills leave files behind: $(find killed -name '*.tmp')"

# A limit on the size of files stands for a full disk where none can be made.
limited() { (ulimit -f "$1" && shift && "$@"); }
check 'no room for the first checkpoint' 1 'cannot write' limited 4 train --model full "${long[@]}"
check 'and with room' 0 'Done' train --model full "${long[@]}"
compare_with_whole 'a first checkpoint that found no room' full

# A disk that holds the checkpoints once, but not a second time beside them.
mkdir small
if mount -t tmpfs -o size=200k tmpfs small 2> mount.err; then
    mounted=yes
    check 'a full disk' 1 'cannot write|make room' train --model small/run "${long[@]}"
    [ -s small/run/training.safetensors ] || fail 'a full disk: the checkpoint is gone'
    mkdir roomy && cp small/run/* roomy
    check 'going on where there is room' 0 'Done' train --model roomy "${long[@]}"
    compare_with_whole 'a full disk' roomy
fi

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
