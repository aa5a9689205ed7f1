#!/bin/bash
# dragoman average as its users meet it, and the checkpoints that train leaves for it. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text
train() {
    "$dragoman" train --train-sets src trg --segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 \
        --heads 2 --mini-batch-words 40 --lr-warmup 10 --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas "$@"
}
average() { "$dragoman" average "$@"; }
valid=(--valid-sets src trg --valid-metrics chrf ce-mean-words)

# ---- Options of train that are about checkpoints ----

check 'a best checkpoint of what is not measured' 2 '--keep-best bleu|--valid-metrics' \
    train --model new --after 1u "${valid[@]}" --keep-best bleu
check 'a best checkpoint without validation' 2 '--keep-best|--valid-sets' train --model new --after 1u --keep-best bleu
check 'a share of more than all' 2 'exponential-smoothing' train --model new --after 1u --exponential-smoothing 2
[ ! -e new ] || fail 'a command that could not begin left a folder'

# ---- What can be averaged ----

check 'a run' 0 'the average of the last 6' train --model run --after 12e "${valid[@]}" --average 6 --early-stopping 0 \
    --keep-best chrf ce-mean-words
# "...: chrf A; the best single checkpoint, of update U, has B", and, where that is more, what to try.
sed -n 's/.*chrf \([0-9.]*\); the best single checkpoint, of update [0-9]*, has \([0-9.]*\)\(.*\)/\1 \2 \3/p' err |
    awk '{ exit !(($1 < $2) == /which is better: .*average --last 1/) } END { if (NR != 1) exit 1 }' ||
    fail 'whether the average is the better one'
cp run/model.safetensors six
cp run/config.json config
grep -q '"alignment"' config || fail 'the run stored no heads that align'
check 'all epochs' 0 'run/model.safetensors: the average of 6|run/epoch-0007.safetensors|run/epoch-0012.safetensors' \
    average --model run
same 'all epochs' run/model.safetensors six
check 'the last epochs' 0 'last-2: the average of 2|run/epoch-0011.safetensors|run/epoch-0012.safetensors' \
    average --model run --last 2 --output last-2
grep -q epoch-0010 err && fail 'the last two are three'
same 'averaging to a file' run/model.safetensors six
check 'files' 0 'named: the average of 2' \
    average --model run run/epoch-0011.safetensors --output named run/epoch-0012.safetensors
same 'files by name' last-2 named
check 'one file' 0 'alone: the average of 1 checkpoint' average --model run run/best-chrf.safetensors --output alone
same 'one file' run/best-chrf.safetensors alone
check 'two that --keep-best left' 0 'the average of 2' \
    average --model run run/best-chrf.safetensors run/best-ce-mean-words.safetensors
same 'averaging changes nothing else' run/config.json config
"$dragoman" translate --model run < src > translated || fail 'the average does not translate'
[ "$(wc -l < translated)" = 30 ] || fail 'the average does not translate every line'

# The best by the log that is there, whatever it says: highest chrf, of the end of an epoch.
sed -i -E '/"epoch":8,.*"chrf"/s/"chrf":[0-9.e+-]+/"chrf":201/; /"epoch":11,.*"chrf"/s/"chrf":[0-9.e+-]+/"chrf":200/
    /"epoch":3,.*"chrf"/s/"chrf":[0-9.e+-]+/"chrf":300/' run/train.jsonl
echo '{"event":"valid","epoch":9,"update":1,"chrf":400,"epoch_done":false}' >> run/train.jsonl
check 'the best epochs' 0 'epoch-0008.safetensors : chrf 201|epoch-0011.safetensors : chrf 200' \
    average --model run --best 2 --output best-2
average --model run run/epoch-0008.safetensors run/epoch-0011.safetensors --output named 2> err
same 'the best epochs' best-2 named
sed -i -E '/"epoch":9,.*"epoch_done":true/s/"ce-mean-words":[0-9.e+-]+/"ce-mean-words":0.001/' run/train.jsonl
tr -d '\n\t' < run/config.json > config
sed -E 's/("valid-metrics": ?)\["chrf", ?"ce-mean-words"\]/\1["ce-mean-words","chrf"]/' config > run/config.json
check 'the best by a cost' 0 'epoch-0009.safetensors : ce-mean-words 0.001' average --model run --best 1 --output best-1

check 'a run validated at other times' 0 '' train --model other --after 6e "${valid[@]}" --valid-freq 2u --average 6
updates=$(grep -c '"epoch_done":true' other/train.jsonl)
others=$(grep -c '"epoch_done":false' other/train.jsonl)
[ "$updates" -ge 1 ] && [ "$updates" -le 6 ] && [ "$others" -ge 1 ] ||
    fail "$updates ends of six epochs, $others others"

# ---- What cannot ----

check 'no folder' 2 '--model' average
check 'a folder that is not there' 1 'nowhere' average --model nowhere
[ ! -e nowhere ] || fail 'averaging makes a folder'
# What was measured before the validation text was exchanged is not compared with what came after it.
cp run/train.jsonl kept.jsonl
echo '{"event":"anew","epoch":12,"update":1,"reason":"the validation text is another one"}' >> run/train.jsonl
echo '{"event":"valid","epoch":10,"update":2,"ce-mean-words":9,"chrf":1,"epoch_done":true}' >> run/train.jsonl
check 'the best by another text' 0 'epoch-0010.safetensors' average --model run --best 1 --output best-1
check 'more than there are by it' 1 '--best 2|1 was validated' average --model run --best 2 --output best-2
mv kept.jsonl run/train.jsonl

check 'two ways at once' 2 '--last|--best|take one' average --model run --last 2 --best 2
check 'more than there are' 1 '--last 7|only 6|--average' average --model run --last 7
check 'more best ones than there are' 1 '--best 7|6 were validated' average --model run --best 7
check 'a missing file' 1 'none.safetensors' average --model run none.safetensors
check 'a file that holds no model' 1 'run/training.safetensors' average --model run run/training.safetensors
check 'another shape' 0 '' train --model wide --after 1u --dim-emb 24
check 'a checkpoint of another shape' 1 'wide/model.safetensors|config.json' average --model run wide/model.safetensors
check 'no epoch checkpoints' 1 'wide has no epoch checkpoints|--average' average --model wide --last 2
cp run/training.safetensors kept.training
cp run/epoch-0011.safetensors kept.epoch
ln -s run/training.safetensors link
check 'the state of the training as output' 1 'run/training.safetensors is a file of the model in run' \
    average --model run --last 2 --output run/training.safetensors
check 'a link to it' 1 'link is a file of the model in run' average --model run --last 2 --output link
check 'what is averaged as output' 1 'run/epoch-0011.safetensors and ./run/epoch-0011.safetensors are the same file' \
    average --model run --output ./run/epoch-0011.safetensors run/epoch-0011.safetensors run/epoch-0012.safetensors
same 'the state of the training as output' run/training.safetensors kept.training
same 'what is averaged as output' run/epoch-0011.safetensors kept.epoch
check 'the weights as output' 0 '' average --model run --last 2 --output run/model.safetensors
same 'a failure changes nothing' run/best-chrf.safetensors alone

"$dragoman" train --train-sets src trg --segmenter space --dim-emb 16 --model busy --after 100000000u --quiet \
    2> busy.err &
pid=$!
until [ -s busy/model.safetensors ]; do sleep 0.02; kill -0 $pid || break; done
check 'a folder that is trained in' 1 "another process, number $pid (dragoman train)" average --model busy busy/model.safetensors
kill -9 $pid
wait $pid 2> kill.err
[ -e busy/train.lock ] || fail 'a kill leaves no lock behind: this test says nothing of one'
check 'a lock that a kill has left' 0 '' average --model busy busy/model.safetensors
[ ! -e busy/train.lock ] || fail 'average leaves its lock behind'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
