#!/bin/bash
# A decoder alone, by the command: the same bytes from any number of threads and after a stop, a translation that does not
# depend on its company, and what else is done with a model folder. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_text

common=(--train-sets src trg --gemm openblas --mini-batch-words 60 --shard-words 20 --lr-warmup 20 --learn-rate 0.01
    --lr-schedule inv-sqrt --dropout 0.1 --disp-freq 10u --quiet)
shape=(--type lm --segmenter space --dim-emb 32 --dim-ffn 64 --dec-depth 2 --heads 2)
train() { "$dragoman" train "$@"; }
timeless() { sed -E 's/"(seconds|target_tokens_per_second)":[^,}]*,?//g' "$1/train.jsonl" | grep -v '"end"'; }

# ---- Training ----

kinds=(
    '--prompt-mask full --key-heads 1'
    '--prompt-positions restart --positions sine --norm-place post'
    '--positions learned --max-positions 300 --attention-window 3'
    '--experts 4 --experts-top 1 --experts-shared 1 --experts-dim 24 --router sigmoid --balance bias 0.01 --prompt-mask full'
)
for i in "${!kinds[@]}"; do
    read -ra kind <<< "${kinds[i]}"
    check "${kinds[i]}" 0 '' train "${common[@]}" "${shape[@]}" "${kind[@]}" --after 40u --cpu-threads 1 --model run$i
    check "${kinds[i]}, its beginning" 0 '' train "${common[@]}" "${shape[@]}" "${kind[@]}" --after 17u --cpu-threads 3 --model half
    check "${kinds[i]}, the rest" 0 '' train "${common[@]}" "${shape[@]}" "${kind[@]}" --after 40u --cpu-threads 2 --change --model half
    same "${kinds[i]}, in two parts" run$i/model.safetensors half/model.safetensors
    rm -r half
    "$dragoman" translate --model run$i --n-best 2 --alignment hard < src > list || fail "${kinds[i]} does not translate"
    "$dragoman" translate --model run$i --n-best 2 --alignment hard --mini-batch 1 --cpu-threads 3 < src > alone
    same "${kinds[i]}, one by one" list alone
    "$dragoman" rescore --model run$i src trg > scores || fail "${kinds[i]} does not rescore"
    [ "$(wc -l < scores)" = 30 ] || fail "${kinds[i]}: $(wc -l < scores) scores of 30"
done

# ---- What it learns, and what else is done with it ----

check 'a whole training' 0 '' \
    train "${common[@]}" "${shape[@]}" --prompt-mask full --after 120e --valid-sets src trg --valid-freq 30e --average 3 --early-stopping 0 --model run
grep -q '"architecture":	"lm"' run/config.json || fail "config.json does not say lm: $(cat run/config.json)"
"$dragoman" translate --model run < src > best || fail 'translate'
right=$(paste -d '\n' best trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l)
[ "$right" -gt 15 ] || fail "it has learnt $right lines of 30"
"$dragoman" info --model run > out || fail 'info'
grep -q 'encoder,' out && fail "a decoder alone has an encoder: $(cat out)"
check 'int8' 0 'Wrote int8' "$dragoman" quantize --model run --output int8
"$dragoman" translate --model int8 < src > out && [ "$(wc -l < out)" = 30 ] || fail 'int8 does not translate'
check 'training on' 0 '' train "${common[@]}" --pretrained-model run --after 10u --model further
check 'a report' 0 'Wrote' "$dragoman" report --model run --output report.html
"$dragoman" bench translate --model run --seconds 0 --rounds 1 --sentences 20 > out || fail 'bench'

# ---- The source is predicted too ----

check 'both sides' 0 '' train "${common[@]}" "${shape[@]}" --loss-on both --after 40u --cpu-threads 1 --model both
check 'both sides, the beginning' 0 '' train "${common[@]}" "${shape[@]}" --loss-on both --after 17u --cpu-threads 3 --model half
check 'both sides, the rest' 0 '' train "${common[@]}" "${shape[@]}" --after 40u --change --model half
same 'both sides, in two parts' both/model.safetensors half/model.safetensors
cmp -s both/model.safetensors run3/model.safetensors && fail '--loss-on both changes nothing'
"$dragoman" translate --model both < src > out && [ "$(wc -l < out)" = 30 ] || fail 'a model of both sides does not translate'

# ---- Folders of other programs ----

# name, who opens it, options
while read -r name class options; do
    read -ra words <<< "$options"
    check "$name" 0 '' train "${common[@]}" "${shape[@]}" "${words[@]}" --after 30u --model $name
    grep -q "\"$class\"" $name/config.json || fail "$name: config.json does not name $class: $(cat $name/config.json)"
    grep -q '"examples":	"pairs"' $name/config.json || fail "$name does not say that it learnt from pairs"
    grep -q PreTrainedTokenizerFast $name/tokenizer_config.json || fail "$name: AutoTokenizer does not open it"
    "$dragoman" translate --model $name < src > list || fail "$name does not translate"
    check "$name, going on" 0 '' train "${common[@]}" "${shape[@]}" "${words[@]}" --after 32u --change --model $name
    check "$name, taken over" 0 '' train "${common[@]}" --pretrained-model $name --after 3u --model $name-further
    grep -q "\"$class\"" $name-further/config.json || fail "$name-further is no folder of $class"
    check "$name in fewer bits" 0 "Wrote $name-int8" "$dragoman" quantize --model $name --output $name-int8
    "$dragoman" translate --model $name-int8 < src > out && [ "$(wc -l < out)" = 30 ] || fail "$name-int8 does not translate"
    check "$name, its mean" 0 '' "$dragoman" average --model $name $name/model.safetensors $name-further/model.safetensors --output mean.safetensors
    "$dragoman" info --model $name > out || fail "info of $name"
    grep -q 'plus bias' out && fail "$name has a bias of the logits: $(cat out)"
done <<'EOF'
llama LlamaForCausalLM --norm rms --activation swiglu --key-heads 1
gpt2 GPT2LMHeadModel --positions learned --max-positions 200 --activation gelu_new
mixtral MixtralForCausalLM --norm rms --activation swiglu --experts 4
glm4 Glm4MoeForCausalLM --norm rms --activation swiglu --experts 4 --experts-dim 16 --experts-shared 1 --router sigmoid --balance bias
glm4-heads Glm4MoeForCausalLM --norm rms --activation swiglu --experts 3 --experts-shared 1 --router sigmoid --add-loss ahead --ahead 2 --ahead-form chain
EOF
check 'a bias of the choice that has no place' 2 '--balance bias has no effect in a folder of the format' \
    train "${common[@]}" "${shape[@]}" --norm rms --activation swiglu --experts 4 --balance bias --model new

# ---- What does not go together ----

check 'a layer of an encoder' 2 'a model of --type lm has none' "$dragoman" bench layer --model run

check 'an encoder' 2 '--enc-depth is for --type ' train "${common[@]}" "${shape[@]}" --enc-depth 2 --model new
check 'a prompt without a decoder alone' 2 '--prompt-mask is for --type lm' train "${common[@]}" --prompt-mask full --model new
check 'a source seen as a whole' 2 '--loss-on has no effect with --prompt-mask full' \
    train "${common[@]}" "${shape[@]}" --loss-on both --prompt-mask full --model new
check 'places that begin anew' 2 '--loss-on has no effect with --prompt-positions restart' \
    train "${common[@]}" "${shape[@]}" --loss-on both --prompt-positions restart --model new
check 'a source that is no prompt' 2 '--loss-on has no effect' train "${common[@]}" --loss-on both --model new
check 'a model that sees its source as a whole' 2 'this model has --prompt-mask full' \
    train "${common[@]}" --pretrained-model run --loss-on both --model new
check 'both sides of one text' 2 '--loss-on both has no effect on text alone' \
    train "${common[@]:3}" "${shape[@]}" --train-sets src --loss-on both --model new
check 'places that end' 2 '10 pieces at which the learned positions' \
    train "${common[@]}" "${shape[@]}" --positions learned --max-positions 20 --max-length 15 --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
