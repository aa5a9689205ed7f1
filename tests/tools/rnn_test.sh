#!/bin/bash
# The command line with models other than the plain Transformer: recurrent ones with and without attention in all that can
# be done with a model folder, pre-norm, gated blocks, convolutions, and R-Drop. Argument: the command to test.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_text

common=(--train-sets src trg --mini-batch-words 60 --lr-warmup 20 --learn-rate 0.01
    --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas --save-freq 5u --disp-freq 10u)
rnn=("${common[@]}" --segmenter space --dim-emb 32 --type rnn --dim-rnn 32)
transformer=("${common[@]}" --segmenter space --dim-emb 32 --dim-ffn 64 --enc-depth 1 --dec-depth 1 --heads 2)
train() { "$dragoman" train "$@"; }
# What train.jsonl says but for the clock.
timeless() { sed -E 's/"(seconds|target_tokens_per_second)":[^,}]*,?//g' "$1/train.jsonl" | grep -v '"end"'; }
same_run() {  # same_run WHAT FOLDER FOLDER
    same "$1" "$2/model.safetensors" "$3/model.safetensors"
    [ "$(timeless "$2")" = "$(timeless "$3")" ] || fail "$1: $(diff <(timeless "$2") <(timeless "$3") | head -n 5)"
}

# ---- Training a recurrent model ----

check 'a recurrent model' 0 'Done: --after 120e|Alignment: decoder layer 0' \
    train "${rnn[@]}" --after 120e --valid-sets src trg --valid-freq 30e --average 3 --early-stopping 0 --model run
grep -q '"architecture":	"rnn"' run/config.json || fail "config.json does not say rnn: $(cat run/config.json)"
check 'one thread' 0 '' train "${rnn[@]}" --after 40u --cpu-threads 1 --model one
check 'two threads' 0 '' train "${rnn[@]}" --after 40u --cpu-threads 2 --model two
same_run 'any number of threads' one two
check 'other options' 2 '--dim-rnn: begun with' train "${rnn[@]}" --after 41u --dim-rnn 48 --model one
check 'an option of another type' 2 '--heads is for --type transformer' train "${rnn[@]}" --heads 2 --after 1u --model new
echo '{"heads": 2, "dim-ffn": 64, "dim-rnn": 32}' > of-all.json
check 'a file for several types' 0 'note: of-all.json: without effect here: heads, dim-ffn (of other models)' \
    train "${common[@]}" --segmenter space --dim-emb 32 --type rnn --config of-all.json --after 1u --model of-all
sed -n '/"training"/,$p' of-all/config.json | grep -qE '"(heads|dim-ffn)":' && fail 'what does not count is written down'
check 'the other way round' 2 '--dim-rnn is for --type rnn' train "${transformer[@]}" --dim-rnn 16 --after 1u --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'

# Ctrl-C. A job in the background ignores it unless told otherwise.
env --default-signal=INT "$dragoman" train "${rnn[@]}" --after 1000000u --cpu-threads 2 --model stopped 2> err &
pid=$!
until grep -qs '"update":20' stopped/train.jsonl; do sleep 0.02; kill -0 $pid || break; done
kill -INT $pid
wait $pid
got=$?
[ $got = 130 ] || fail "Ctrl-C: exit status $got instead of 130: $(tail -n 3 err)"
at=$(sed -nE 's/.*Stopped after update ([0-9]+).*/\1/p' err)
check 'going on after Ctrl-C' 0 "From update $at" train "${rnn[@]}" --after $((at + 7))u --cpu-threads 1 --model stopped
check 'the same without Ctrl-C' 0 'Done' train "${rnn[@]}" --after $((at + 7))u --model straight
same_run 'Ctrl-C' stopped straight

# ---- Translating with it ----

translate() { "$dragoman" translate --model "$@"; }
translate run < src > best || fail 'translate'
right=$(paste -d '\n' best trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l)
[ "$right" -gt 15 ] || fail "it has learnt $right lines of 30"
translate run --beam-size 1 --cpu-threads 1 < src > greedy
translate run --beam-size 1 --cpu-threads 3 --mini-batch 1 < src > alone
same 'any number of threads' greedy alone
translate run --n-best 3 < src > list
[ "$(wc -l < list)" = 90 ] || fail "n-best lists of 3 for 30 lines have $(wc -l < list)"
awk -F ' [|][|][|] ' 'NR % 3 == 1 { print $2 }' list > first
same 'the best of a list' best first
translate run --output-sampling topk 3 --seed 5 --cpu-threads 1 < src > drawn
translate run --output-sampling topk 3 --seed 5 --cpu-threads 2 < src > again
same 'a draw depends on its seed alone' drawn again
cmp -s drawn best && fail 'nothing was drawn'
sed 's/$/\tgold/' src | translate run --prefix tab > begun
[ "$(grep -c '^gold' begun)" = 30 ] || fail "what was begun is not gone on with: $(head -n 3 begun)"
translate run --alignment hard < src > aligned
[ "$(grep -cE ' \|\|\| ([0-9]+-[0-9]+ ?)+$' aligned)" = 30 ] || fail "alignment: $(head -n 3 aligned)"
# The first word of a reversal looks at the last one of the source.
right=$(paste -d '|' src aligned | awk -F '[|]' '{ n = split($1, words, " "); if ($5 ~ " " (n - 1) "-0( |$)") print }' | wc -l)
[ "$right" -gt 15 ] || fail "of 30 first words $right look at the last one of the source"
"$dragoman" rescore --model run src trg > scores || fail 'rescore'
[ "$(wc -l < scores)" = 30 ] || fail "$(wc -l < scores) lines were rescored"

# ---- What else is done with a folder ----

check 'int8' 0 '' "$dragoman" quantize --model run --output int8
[ "$(stat -c %s int8/model.safetensors)" -lt $(($(stat -c %s run/model.safetensors) / 2)) ] || fail 'int8 is not small'
translate int8 < src > small || fail 'int8 does not translate'
[ "$(diff best small | grep -c '^>')" -lt 6 ] || fail "int8 translates otherwise: $(diff best small)"
cp run/model.safetensors three
check 'an average' 0 'the average of 3' "$dragoman" average --model run
same 'the average that training made' run/model.safetensors three
translate run straight < src > both || fail 'an ensemble does not translate'
[ "$(wc -l < both)" = 30 ] || fail "an ensemble translated $(wc -l < both) lines of 30"
check 'a shortlist' 0 '' "$dragoman" shortlist --model run --train-sets src trg
translate run --shortlist < src > listed
same 'a shortlist of all pieces' best listed
"$dragoman" info --model run > drawing || fail 'info'
for part in 'run: rnn, ' 'bidirectional GRU of 32 + 32' 'decoder, a GRU of 32' attention 'best bleu'; do
    grep -qF -- "$part" drawing || fail "info does not draw '$part': $(cat drawing)"
done
"$dragoman" bench translate --model run --seconds 0 --rounds 1 --sentences 20 > measured || fail 'bench translate'
"$dragoman" bench train --model run --seconds 0 --rounds 1 --sentences 200 --mini-batch-words 500 > measured || fail 'bench train'
grep -q 'target tokens/s' measured || fail "bench train: $(cat measured)"
if translate run --gemm onednn --precision bf16 < /dev/null 2> err; then  # does this machine have it?
    check 'training in bf16' 0 'Done' train "${rnn[@]}" --gemm onednn --precision bf16 --after 120e --model bf16
    translate bf16 < src > bf16.out || fail 'translate with what was trained in bf16'
    right=$(paste -d '\n' bf16.out trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l)
    [ "$right" -gt 15 ] || fail "in bf16 it has learnt $right lines of 30"
fi

# ---- Training on from it: a model brings its type as it brings its dimensions ----

further() { train "${common[@]}" --pretrained-model run --model further "$@"; }
check 'another type' 2 '--type has no effect with --pretrained-model' further --type transformer --after 5u
echo '{"dim-emb": 64, "vocab-size": 100, "beam-size": 3}' > shared.json
check 'training on' 0 \
    'note: shared.json: without effect here: vocab-size, dim-emb with --pretrained-model, beam-size (of other commands)' \
    further --config shared.json --after 5u
! grep -qE '"(type|dim-emb|vocab-size|segmenter|early-stopping|valid-freq)":' <(tr -d '\t' < further/config.json | sed -n '/"training"/,$p') ||
    fail 'what did not count is written down'
check 'going on with it' 0 'From update 5|Done' further --after 9u

# ---- Without attention ----

check 'no attention' 0 'Done' train "${rnn[@]}" --rnn-attention none --after 4e --valid-sets src trg --model blind
translate blind < src > out || fail 'translate without attention'
[ "$(wc -l < out)" = 30 ] || fail "$(wc -l < out) lines of 30 without attention"
echo kept > kept
for option in '--alignment hard' '--alignment soft' --unk-replace '--coverage-penalty 1'; do
    # What stands behind it in the pipe is not read, nor the output touched.
    check "$option without attention" 2 "dragoman: ${option% *} asks which source pieces|looks at none" \
        translate blind $option --input src --output kept
    grep -q 'line 1' err && fail "$option without attention is blamed on a line: $(cat err)"
done
grep -q kept kept || fail 'an option that cannot be emptied the output'
"$dragoman" info --model blind > drawing || fail 'info without attention'
! grep -qi 'attention to' drawing || fail "attention that is not there: $(cat drawing)"

# A report of both: of one a picture for its head, of the other a sentence.
check 'a report' 0 'Wrote report.html' "$dragoman" report --model run blind --output report.html
python3 - << 'PYTHON' || fail 'the report'
import json, re
page = open("report.html", encoding="utf-8").read()
run, blind = json.loads(re.search('<script id="figures" type="application/json">(.*?)</script>', page, re.S).group(1))["runs"]
for sentence in run["attention"]["sentences"]:
    seen = sentence["seen"]
    assert seen["encoder"] == seen["decoder"] == [] and [len(seen["cross"]), len(seen["cross"][0])] == [1, 1], seen
assert len(run["attention"]["sentences"]) == 3
assert blind["attention"]["sentences"] == [] and "looks at none" in blind["attention"]["note"], blind["attention"]
assert run["lengths"]["buckets"] and blind["lengths"]["buckets"]
PYTHON
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -z "$browser" ] || python3 -B "$here/report_page.py" "$browser" report.html << 'STEPS' || fail 'the page of the report'
all("#attention article").length === 3 && text.includes("looks at none")
texts("#attention article:first-of-type .kinds label").join() === "Cross-attention"
texts("#attention article:first-of-type .layer > span").join() === "layer 1" && all("#attention .large").length === 3
!text.includes("undefined") && !text.includes("NaN") && texts("#settings tr").includes("typernn")
STEPS

# ---- Pre-norm, and R-Drop: a resume gives the same bytes ----

resumes() {  # resumes FOLDER OPTIONS...
    local folder=$1
    shift
    check "$folder" 0 'Done' train "$@" --after 30u --cpu-threads 1 --model "$folder"
    check "$folder, the first half" 0 'Done' train "$@" --after 17u --cpu-threads 2 --model "$folder-half"
    check "$folder, the second half" 0 'From update 17' train "$@" --after 30u --cpu-threads 1 --model "$folder-half"
    same "$folder, in two parts" "$folder/model.safetensors" "$folder-half/model.safetensors"
    [ "$(translate "$folder" < src | wc -l)" = 30 ] || fail "$folder does not translate"
}
resumes pre "${transformer[@]}" --norm-place pre
grep -q '"model_type":	"pegasus"' pre/config.json || fail "pre-norm is not pegasus: $(head -n 3 pre/config.json)"
"$dragoman" info --model pre | grep -q 'pre-norm' || fail 'info does not say pre-norm'
resumes gated "${transformer[@]}" --activation swiglu
grep -q '"activation_function":	"swiglu"' gated/config.json || fail "swiglu is not written down: $(head -n 20 gated/config.json)"
for kind in plain separable light dynamic; do
    conv=("${common[@]}" --segmenter space --dim-emb 32 --enc-depth 1 --dec-depth 2 --type conv --conv $kind)
    resumes conv-$kind "${conv[@]}" --conv-kernel 3 --conv-largest 7 --dropout 0.1
    "$dragoman" info --model conv-$kind | grep -q "$kind convolution, windows of 3 to 7" || fail "info does not draw $kind"
    check "$kind in int8" 0 '' "$dragoman" quantize --model conv-$kind --output conv-$kind-int8
    for option in '--alignment hard' '--n-best 2 --beam-size 3' '--prefix tab'; do
        [ "$(sed 's/$/\tgold/' src | translate conv-$kind-int8 $option | wc -l)" -ge 30 ] || fail "$kind: translate $option"
    done
done
check 'heads of a convolution that has none' 2 '--heads has no effect' \
    train "${common[@]}" --segmenter space --type conv --heads 2 --after 1u --model new
check 'a convolution learns' 0 'Done' train "${conv[@]}" --valid-sets src trg --valid-freq 30e --after 120e --early-stopping 0 \
    --model conv
translate conv < src > out
right=$(paste -d '\n' out trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l)
[ "$right" -gt 15 ] || fail "a convolutional model has learnt $right lines of 30"
recurrent() {  # recurrent NAME OPTIONS...: resumes, and everything that is done with the folder
    local name=$1
    shift
    resumes $name "${rnn[@]}" --dropout 0.1 "$@"
    check "$name in int8" 0 '' "$dragoman" quantize --model $name --output $name-int8
    [ "$(translate $name-int8 --n-best 2 --beam-size 3 < src | wc -l)" = 60 ] || fail "$name: n-best"
}
recurrent lstm --rnn-cell lstm --enc-depth 2 --dec-depth 2 --rnn-residual
recurrent dot --rnn-attention dot
recurrent fed --rnn-cell lstm --rnn-attention general --input-feeding --dec-depth 2
recurrent last --rnn-cell lstm --rnn-attention none --enc-direction forward --reverse-source --enc-depth 2 --dec-depth 2
for folder in dot fed lstm; do
    translate $folder --alignment hard < src > aligned
    [ "$(grep -cE ' \|\|\| ([0-9]+-[0-9]+ ?)*$' aligned)" = 30 ] || fail "$folder: alignment: $(head -n 3 aligned)"
done
"$dragoman" info --model fed > drawing
for part in 'decoder, 2 LSTMs of 32' 'general attention to the encoder, with input feeding'; do
    grep -qF -- "$part" drawing || fail "info does not draw '$part': $(cat drawing)"
done
check 'input feeding without what would be fed' 2 '--input-feeding has no effect' train "${rnn[@]}" --input-feeding --after 1u --model new
check 'a reversed source that is read both ways' 2 '--reverse-source has no effect' train "${rnn[@]}" --reverse-source --after 1u --model new
resumes r-drop "${transformer[@]}" --add-loss r-drop 2.5 --dropout 0.2
resumes r-drop-rnn "${rnn[@]}" --add-loss r-drop 2.5 --dropout 0.2
resumes cutoff "${transformer[@]}" --add-loss cutoff --dropout 0.1
resumes cutoff-rnn "${rnn[@]}" --add-loss cutoff 2 --cutoff 0.3 --cutoff-kind span
check 'two terms that compare copies' 2 'two copies' train "${rnn[@]}" --add-loss r-drop cutoff --after 1u --model new
check 'cutoff of nothing' 2 '--cutoff has no effect' train "${rnn[@]}" --cutoff 0.1 --after 1u --model new
resumes words "${transformer[@]}" --dropout-src 0.2 --dropout-trg 0.2 --weight-decay 0.01
resumes drops "${transformer[@]}" --dropout-attention 0.2 --dropout-ffn 0.2 --layer-drop 0.3 --weight-decay 0.01
cmp -s words/model.safetensors drops/model.safetensors && fail 'dropout in other places changes nothing'
check 'layers of what has none that could be passed over' 2 '--layer-drop' train "${rnn[@]}" --layer-drop 0.1 --after 1u --model new
for kind in bpe unigram; do  # the words are too few for pieces of their own
    cut=("${transformer[@]}" --segmenter $kind --vocab-size 30)
    resumes noise-$kind "${cut[@]}" --segment-noise 0.3
    check "$kind without noise" 0 'Done' train "${cut[@]}" --after 30u --model clean-$kind
    cmp -s noise-$kind/model.safetensors clean-$kind/model.safetensors && fail "$kind: noise changes nothing"
done
check 'noise of what is in pieces' 2 '--segment-noise has no effect with --segmenter space' train "${transformer[@]}" \
    --segment-noise 0.1 --after 1u --model new
check 'the same of a model' 2 '--segment-noise|in pieces' train --train-sets src trg --pretrained-model words \
    --segment-noise 0.1 --after 1u --model new
resumes words-rnn "${rnn[@]}" --dropout-src 0.2 --dropout-trg 0.1
for place in dropout-attention dropout-ffn layer-drop; do
    check "$place of a recurrent model that is taken over" 2 "--$place has no effect on a model of --type rnn" \
        train --train-sets src trg --pretrained-model words-rnn --$place 0.5 --after 1u --model new
    [ ! -e new ] || fail "$place: a folder is left"
done
check 'the same with all words' 0 'Done' train "${transformer[@]}" --weight-decay 0.01 --after 30u --model whole
cmp -s words/model.safetensors whole/model.safetensors && fail 'words that are left out change nothing'
check 'words left out of what is drawn' 2 '--dropout-src|teacher-forcing' train "${rnn[@]}" --objective minimum-risk \
    --dropout-src 0.1 --after 1u --model new
resumes scheduled "${transformer[@]}" --objective scheduled-sampling --sampling-decay exponential --sampling-constants 0.9 \
    --sampling-from mixed --dropout 0.1
resumes scheduled-rnn "${rnn[@]}" --objective scheduled-sampling --sampling-decay linear --sampling-passes 0 \
    --sampling-constants 1 0.1 0.2 --sampling-from drawn
resumes risk "${transformer[@]}" --objective minimum-risk --risk-cost chrf --risk-candidates 3 --risk-mix 0.5 --dropout 0.1
resumes risk-rnn "${rnn[@]}" --objective minimum-risk --risk-from beam --risk-candidates 3 --risk-cost wer --risk-mix 0.5
resumes critical "${transformer[@]}" --objective self-critical --risk-candidates 2 --risk-cost ter --risk-mix 0.5 \
    --dropout 0
check 'dropout of what is drawn' 2 '--objective self-critical|make --dropout-ffn 0' train "${transformer[@]}" \
    --objective self-critical --dropout 0 --dropout-ffn 0.1 --model new
check 'R-Drop of candidates' 2 'r-drop|minimum-risk' train "${transformer[@]}" --objective minimum-risk --add-loss r-drop \
    --dropout 0.1 --after 1u --model new
check 'the sharpness of what is drawn once' 2 '--risk-sharpness|minimum-risk' train "${rnn[@]}" --objective self-critical \
    --risk-sharpness 1 --after 1u --model new
check 'constants of another decay' 2 'has 3 numbers|needs 1' train "${rnn[@]}" --objective scheduled-sampling \
    --sampling-constants 1 2 3 --after 1u --model new
check 'mixtures piece by piece' 2 'mixed needs --sampling-passes' train "${rnn[@]}" --objective scheduled-sampling \
    --sampling-from mixed --sampling-passes 0 --after 1u --model new
check 'a decay of nothing' 2 '--sampling-decay|scheduled-sampling' train "${rnn[@]}" --sampling-decay linear --after 1u --model new
check 'the same without R-Drop' 0 'Done' train "${transformer[@]}" --dropout 0.2 --after 30u --model plain
cmp -s plain/model.safetensors r-drop/model.safetensors && fail 'R-Drop changes nothing'
check 'R-Drop without dropout' 2 'r-drop|--dropout' train "${transformer[@]}" --add-loss r-drop 2.5 --dropout 0 --after 1u --model new
check 'no such term' 2 'r-drip|r-drop' train "${transformer[@]}" --add-loss r-drip 2.5 --after 1u --model new
check 'no such weight' 2 "'2,5' is neither a number nor one of r-drop" \
    train "${transformer[@]}" --add-loss r-drop 2,5 --after 1u --model new
check 'a weight of nothing' 2 'stands before the name' train "${transformer[@]}" --add-loss 2.5 r-drop --after 1u --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
