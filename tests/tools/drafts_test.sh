#!/bin/bash
# translate and generate --draft, as their users meet them: the same bytes in greedy search, and what is said of passes.
# Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text
paste -d' ' src src > twice  # a task that copies, and repeats
common=(--segmenter space --gemm openblas --quiet --learn-rate 0.02 --lr-warmup 10 --dropout 0)
train() {  # train MODEL OPTIONS...
    "$dragoman" train "${common[@]}" --model "$@" 2> train.err || fail "train $1: $(cat train.err)"
}
train large --train-sets src twice --dim-emb 32 --enc-depth 1 --dec-depth 2 --dim-ffn 32 --heads 2 --after 60u
train small --train-sets src twice --dim-emb 8 --enc-depth 1 --dec-depth 1 --dim-ffn 32 --heads 2 --after 60u
seq 30 > numbers
train other --train-sets src numbers --dim-emb 8 --enc-depth 1 --dec-depth 1 --dim-ffn 32 --heads 2 --after 1u
train short --train-sets src twice --positions learned --max-positions 9 --max-length 8 --dim-emb 8 --enc-depth 1 --dec-depth 1 --dim-ffn 32 --heads 2 --after 60u
train rnn --train-sets src twice --type rnn --dim-emb 8 --after 20u
train text --type lm --train-sets twice --dim-emb 32 --dec-depth 2 --dim-ffn 32 --heads 2 --after 60u
train short-text --type lm --train-sets src --positions learned --max-positions 8 --max-length 7 --dim-emb 8 --dec-depth 1 --dim-ffn 32 --heads 2 --after 40u
train brief --type lm --train-sets twice --dim-emb 8 --dec-depth 1 --dim-ffn 32 --heads 2 --after 40u

ahead=(--lr-schedule inv-sqrt --train-sets src twice --dim-emb 32 --dim-ffn 32 --heads 2 --enc-depth 1 --dec-depth 1 --add-loss ahead 0.5)
train heads "${ahead[@]}" --ahead 3 --after 60u --cpu-threads 2
train half "${ahead[@]}" --ahead 3 --after 25u --cpu-threads 1
train half --after 60u --cpu-threads 2 --change
same 'heads, in two parts' heads/model.safetensors half/model.safetensors

chain=(--lr-schedule inv-sqrt --type lm --dim-emb 32 --dec-depth 1 --dim-ffn 32 --heads 2 --norm rms --activation swiglu --experts 2
    --experts-shared 1 --router sigmoid --add-loss ahead 0.5 --ahead 3 --ahead-form chain)
train chain --train-sets src twice "${chain[@]}" --after 60u --cpu-threads 2
train half-chain --train-sets src twice "${chain[@]}" --after 25u --cpu-threads 1
train half-chain --after 60u --cpu-threads 2 --change
same 'a chain, in two parts' chain/model.safetensors half-chain/model.safetensors
train text-chain --train-sets twice "${chain[@]}" --after 60u

without() {  # what a draft adds to an object
    sed -E 's/,"passes":[0-9]+,"drafted":[0-9]+,"accepted":\[[0-9,]*\]//' "$1"
}

# ---- Greedy search ----

for precision in fp32 int8; do
    "$dragoman" translate --model large --precision $precision --beam-size 1 --json < src > plain 2> err ||
        { grep -q 'this processor has no' err && continue; fail "translate: $(cat err)"; }
    for draft in small rnn large lookup source; do
        for way in '' '--draft-length 1' '--draft-length 7 --mini-batch 1' '--mini-batch 8 --cpu-threads 3'; do
            # shellcheck disable=SC2086
            "$dragoman" translate --model large --precision $precision --beam-size 1 --json --draft $draft $way < src > drafted 2> err ||
                fail "$draft $way: $(cat err)"
            without drafted > bare
            same "$precision, --draft $draft $way" plain bare
        done
        grep -qE '^dragoman: [0-9,]+ pieces in [0-9,]+ passes, [0-9.]+ in each; of [0-9,]+ that were drafted [0-9,]+ were right$' err ||
            fail "nothing is said at the end: $(cat err)"
    done
done
python3 - << 'PYTHON' || fail 'what is said of the passes'
import json
lines = [json.loads(line) for line in open("drafted", encoding="utf-8")]
for line in lines:
    assert len(line["accepted"]) == line["passes"] and sum(line["accepted"]) <= line["drafted"], line
    assert sum(line["accepted"]) + line["passes"] == len(line["pieces"]), line
assert sum(line["passes"] for line in lines) < 0.7 * sum(len(line["pieces"]) for line in lines), "the source is no help"
PYTHON
for model in heads chain; do
    for precision in int8 fp32; do
        "$dragoman" translate --model $model --precision $precision --beam-size 1 --json < src > plain 2> err ||
            { grep -q 'this processor has no' err && continue; fail "translate: $(cat err)"; }
        for way in '' '--draft-length 2' '--mini-batch 1'; do
            # shellcheck disable=SC2086
            "$dragoman" translate --model $model --precision $precision --beam-size 1 --json --draft self $way < src > drafted 2> err ||
                fail "$model, self $way: $(cat err)"
            without drafted > bare
            same "$model, $precision, --draft self $way" plain bare
        done
    done
    awk '{ exit !($5 < 0.9 * $2) }' err || fail "the heads of $model are no help: $(cat err)"
done
passes() { sed -E 's/.*pieces in ([0-9,]+) passes.*/\1/' err | tr -d ,; }
"$dragoman" translate --model heads --beam-size 1 --draft self < src 2> err > drafted || fail "self: $(cat err)"
exact=$(passes)
"$dragoman" translate --model heads --beam-size 1 --draft self --draft-accept 3 < src 2> err > drafted || fail "--draft-accept: $(cat err)"
[ "$(passes)" -lt "$exact" ] || fail "--draft-accept 3: $(passes) passes, and exactly $exact"
check 'what sampling has not' 2 '--draft-accept has no effect with --output-sampling' "$dragoman" translate --model heads --draft self --draft-accept 2 --output-sampling full
for model in heads chain; do
    check "$model in fewer bits" 0 '' "$dragoman" quantize --model $model --output $model-int8 --precision int8
    "$dragoman" translate --model $model-int8 --beam-size 1 < src > plain
    "$dragoman" translate --model $model-int8 --beam-size 1 --draft self < src 2> err > drafted || fail "int8: $(cat err)"
    same "$model in fewer bits" plain drafted
done
"$dragoman" info --model heads --json > info || fail 'info'
"$dragoman" info --model chain --experts --input src --json > info || fail 'info --experts'
grep -q 'decoder.layers.0' info && ! grep -q 'ahead' info || fail "experts that see nothing: $(cat info)"
grep -q '"ahead":[[:space:]]*3' heads/config.json || fail "config.json does not say them: $(cat heads/config.json)"
grep -q '"model_type":[[:space:]]*"dragoman"' heads/config.json || fail 'other programs would open it'
grep -q '"num_nextn_predict_layers":[[:space:]]*3' chain/config.json || fail "transformers would draft by none: $(cat chain/config.json)"
"$dragoman" translate --model large --beam-size 1 < src > plain
"$dragoman" translate --model large --stream --draft source < src > streamed 2> err || fail "--stream: $(cat err)"
same '--stream' plain streamed
grep -q 'passes' err || fail 'nothing is said after --stream'
"$dragoman" translate --model large small --beam-size 1 --json < src > plain
"$dragoman" translate --model large small --beam-size 1 --json --draft lookup < src 2> err > drafted || fail "an ensemble: $(cat err)"
without drafted > bare
same 'an ensemble' plain bare
check 'a list' 0 '' "$dragoman" shortlist --model large --train-sets src twice --first 3 --best 1
"$dragoman" translate --model large --shortlist --beam-size 1 --mini-batch 4 --json < src > plain
"$dragoman" translate --model large --shortlist --beam-size 1 --mini-batch 4 --json --draft small < src 2> err > drafted || fail "a shortlist: $(cat err)"
without drafted > bare
same 'a shortlist' plain bare

# One whose places end before those of the model guesses nothing there, and limits no line.
awk 'NR > 3 { line = line $0 " " } NR > 3 && NR % 5 == 0 { print line; line = "" } NR <= 3' src > long
awk 'NF > 12 { n++ } END { exit !n }' long || fail 'no line is long'
"$dragoman" translate --model large --beam-size 1 --json < long > plain
for way in '' '--mini-batch 1' '--draft-length 9'; do
    # shellcheck disable=SC2086
    "$dragoman" translate --model large --beam-size 1 --json --draft short $way < long > drafted 2> err || fail "a draft with few places $way: $(cat err)"
    without drafted > bare
    same "a draft with few places $way" plain bare
done
grep -q ' that were drafted 0 were right' err && fail "few places guess nothing: $(cat err)"
cut -d' ' -f1-2 src > begun
{ cat begun; sed -n 7,9p long; } > begun.long
"$dragoman" generate --model text --max-length 30 --json < begun.long > plain
"$dragoman" generate --model text --max-length 30 --json --draft short-text < begun.long > drafted 2> err || fail "generate with few places: $(cat err)"
without drafted > bare
same 'generate with few places' plain bare

# ---- Text alone ----

cut -d' ' -f1-2 src > begun
"$dragoman" generate --model text --max-length 30 --json < begun > plain
for draft in brief lookup; do
    for way in '' '--mini-batch 1 --draft-length 3'; do
        # shellcheck disable=SC2086
        "$dragoman" generate --model text --max-length 30 --json --draft $draft $way < begun > drafted 2> err || fail "generate: $(cat err)"
        without drafted > bare
        same "generate --draft $draft $way" plain bare
    done
done
"$dragoman" generate --model text-chain --max-length 30 --json < begun > plain
for way in '' '--mini-batch 1 --draft-length 3' '--mini-batch 7 --cpu-threads 3'; do
    # shellcheck disable=SC2086
    "$dragoman" generate --model text-chain --max-length 30 --json --draft self $way < begun > drafted 2> err || fail "generate: $(cat err)"
    without drafted > bare
    same "generate --draft self $way" plain bare
done
awk '{ exit !($5 < 0.9 * $2) }' err || fail "a chain is no help: $(cat err)"
"$dragoman" generate --model text-chain --output-sampling full --seed 3 < begun > plain
"$dragoman" generate --model text-chain --output-sampling full --seed 3 --draft self < begun > drafted 2> err || fail "sampling: $(cat err)"
same 'sampling by a chain' plain drafted

# ---- Sampling ----

for way in 'full' 'topk 4' 'topp 0.9'; do  # what is certain is not drawn: the text is that without drafts
    # shellcheck disable=SC2086
    "$dragoman" translate --model large --output-sampling $way --seed 3 < src > plain
    # shellcheck disable=SC2086
    "$dragoman" translate --model large --output-sampling $way --seed 3 --draft lookup < src 2> err > drafted || fail "sampling: $(cat err)"
    same "--output-sampling $way" plain drafted
done
"$dragoman" translate --model large --output-sampling full --n-best 3 --draft small < src > one 2> err || fail "three samples: $(cat err)"
"$dragoman" translate --model large --output-sampling full --n-best 3 --draft small --mini-batch 1 < src > many 2> err
[ "$(wc -l < one)" = 90 ] || fail "$(wc -l < one) samples of 30 lines"
same 'one by one' one many

# ---- What cannot be ----

check 'a beam' 2 'drafts are for greedy search and for sampling|make the beam 1' "$dragoman" translate --model large --draft lookup
check 'another vocabulary' 1 'other has another source vocabulary than the model that it is to draft for: a model can guess for another where' "$dragoman" translate --model large --beam-size 1 --draft other
check 'no such folder' 1 'there is no folder nowhere' "$dragoman" translate --model large --beam-size 1 --draft nowhere
check 'text alone has no source' 2 'there are no drafts by source|--draft lookup' "$dragoman" generate --model text --draft source
check 'a translator for text' 1 'small translates, and the model that it is to draft for goes on with text: it cannot draft for it' "$dragoman" generate --model text --draft small
check 'no heads' 2 'there are no drafts by self: the model has no heads' "$dragoman" translate --model large --beam-size 1 --draft self
check 'heads that nothing teaches' 2 '--ahead has no effect' "$dragoman" train "${common[@]}" --train-sets src twice --ahead 2 --model no
check 'a chain without a decoder alone' 2 '--ahead-form is for --type lm' "$dragoman" train "${common[@]}" --train-sets src twice --add-loss ahead --ahead 2 --ahead-form chain --model no
check 'a form of no heads' 2 '--ahead-form has no effect' "$dragoman" train "${common[@]}" --type lm --train-sets src --ahead-form chain --model no
check 'no heads to teach' 2 '--add-loss ahead teaches heads that look ahead|--ahead K' "$dragoman" train "${common[@]}" --train-sets src twice --add-loss ahead --model no
check 'heads that copy' 2 '--add-loss ahead has heads say pieces of the vocabulary, and --output-layer pointer also copies' "$dragoman" train "${common[@]}" --train-sets src twice --output-layer pointer --add-loss ahead --ahead 2 --model no
check 'a length of nothing' 2 '--draft-length has no effect without --draft' "$dragoman" translate --model large --draft-length 3

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
