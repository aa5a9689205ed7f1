#!/bin/bash
# The command line with every kind of positions and with windows of attention: training in any number of threads and in
# two parts, translating, fewer bits; and learned positions, which end. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_text

common=(--train-sets src trg --mini-batch-words 60 --lr-warmup 10 --learn-rate 0.01 --lr-schedule inv-sqrt --gemm openblas --segmenter space
    --dim-emb 32 --dim-ffn 64 --enc-depth 1 --dec-depth 1 --heads 4 --dropout 0.1)
train() { "$dragoman" train "${common[@]}" "$@"; }
translate() { "$dragoman" translate --model "$@"; }

# ---- Every kind: the same bytes by one thread and in two parts by two ----

outlines=('sine|plus sinusoidal positions|4 heads x 8' 'learned|plus 512 learned positions|4 heads x 8'
    'rotary|of source, target and output, times|4 heads x 8, rotary positions' 'alibi|times|4 heads x 8, ALiBi'
    'none|without positions|4 heads x 8' 'timing|plus sinusoidal positions (timing)|4 heads x 8')
for row in "${outlines[@]}"; do
    IFS='|' read -r kind embedded attended <<< "$row"
    for window in 0 2; do
        name=$kind-$window
        options=(--positions "$kind" --attention-window $window)
        check "$name" 0 'Done' train "${options[@]}" --after 24u --cpu-threads 1 --model "$name"
        check "$name, the first half" 0 'Done' train "${options[@]}" --after 13u --cpu-threads 2 --model "$name-half"
        check "$name, the second half" 0 'From update 13' train "${options[@]}" --after 24u --cpu-threads 2 \
            --model "$name-half"
        same "$name, in two parts" "$name/model.safetensors" "$name-half/model.safetensors"
        translate "$name" --beam-size 1 --cpu-threads 1 < src > greedy || fail "$name does not translate"
        translate "$name" --beam-size 1 --cpu-threads 2 --mini-batch 1 < src > alone
        same "$name, any number of threads" greedy alone
        "$dragoman" rescore --model "$name" src trg > scores || fail "$name does not rescore"
        [ "$(wc -l < greedy) $(wc -l < scores)" = '30 30' ] || fail "$name leaves lines out"
        "$dragoman" info --model "$name" > drawing || fail "$name: info"
        far=$attended
        [ $window = 0 ] || far="$attended, at most 2 places away"
        grep -qF -- "$embedded" drawing && grep -qF -- "$far" drawing || fail "$name: $(cat drawing)"
        [ $window = 2 ] || ! grep -q 'places away' drawing || fail "a window that is none: $(cat drawing)"
    done
    check "$kind in int8" 0 '' "$dragoman" quantize --model "$kind-2" --output "$kind-int8"
    [ "$(translate "$kind-int8" < src | wc -l)" = 30 ] || fail "$kind in int8 does not translate"
    if translate "$kind-2" --gemm onednn --precision bf16 < /dev/null 2> err; then  # does this machine have it?
        [ "$(translate "$kind-2" --gemm onednn --precision bf16 < src | wc -l)" = 30 ] || fail "$kind in bf16"
    fi
done
for one in sine learned rotary alibi none timing; do
    for other in sine-2 learned-0 rotary-0 alibi-0 none-0 timing-0; do
        [ "$one-0" = "$other" ] || ! cmp -s "$one-0/model.safetensors" "$other/model.safetensors" ||
            fail "$one-0 and $other learn the same"
    done
done

# ---- What a folder says, and who opens it ----

type_of() { sed -nE 's/.*"model_type":\t"([a-z]+)".*/\1/p' "$1/config.json"; }
for row in sine-0:marian learned-0:marian sine-2:dragoman rotary-0:dragoman alibi-0:dragoman none-0:dragoman timing-0:dragoman; do
    [ "$(type_of "${row%:*}")" = "${row#*:}" ] || fail "${row%:*} is $(type_of "${row%:*}"), not ${row#*:}"
done
check 'pre-norm' 0 'Done' train --positions learned --norm-place pre --after 2u --model pre
[ "$(type_of pre)" = pegasus ] || fail "learned positions with pre-norm are $(type_of pre)"
grep -q '"static_position_embeddings":	false' pre/config.json || fail 'a folder does not say that positions are learned'

# Of a folder that does not say it, the weights decide: translating, measuring and looking agree.
cp -r learned-0 foreign
sed -i '/static_position_embeddings/d; s/"positions":\t"learned",//' foreign/config.json
"$dragoman" info --model foreign > drawing && grep -q 'learned positions' drawing || fail "foreign: $(cat drawing)"
"$dragoman" bench train --model foreign --seconds 0 --rounds 1 --sentences 20 --mini-batch-words 300 --json > measured ||
    fail 'bench of a folder that does not say its positions'
python3 -c 'import json; assert json.load(open("measured"))["shape"]["positions"] == "learned"' ||
    fail "bench measures other positions: $(cat measured)"

# ---- Learned positions end ----

short=(--positions learned --max-positions 8)
check 'no limit' 2 '--max-length 0 takes text of any length|end at 8 pieces' \
    train "${short[@]}" --max-length 0 --after 1u --model new
check 'a limit that is too high' 2 '--max-length 100 is more than the 8 pieces' train "${short[@]}" --after 1u --model new
check 'places for nothing' 2 '--max-positions|--positions learned' train --max-positions 8 --after 1u --model new
check 'places of another kind' 2 '--max-positions|--positions learned' \
    train --positions rotary --max-positions 8 --after 1u --model new
check 'one place' 2 'at least 2' train --positions learned --max-positions 1 --max-length 1 --after 1u --model new
check 'heads of odd width' 2 '12 / 4 = 3 columns' train --positions rotary --dim-emb 12 --after 1u --model new
check 'another type' 2 'attention-window is for --type transformer' \
    "$dragoman" train --train-sets src trg --type rnn --attention-window 3 --after 1u --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'
check 'short' 0 'Done' train "${short[@]}" --max-length 8 --after 40u --valid-sets src trg --valid-freq 20u --model short
grep -q '"max_length":	8' short/generation_config.json ||
    fail "what is written of the longest translation: $(cat short/generation_config.json)"
check 'the same again' 0 'From update 40' train "${short[@]}" --max-length 8 --after 42u --valid-sets src trg \
    --valid-freq 20u --model short
check 'training on' 2 '--max-length 100 is more than the 8 pieces' "$dragoman" train --train-sets src trg \
    --pretrained-model short --after 1u --model new
seven='red blue green gold pink grey teal' eight="$seven lime"
[ "$(echo "$seven" | translate short | wc -l)" = 1 ] || fail 'seven words and an end are not translated'
ends 'eight words' 1 'line 1: the line has 9 pieces, and more than 8 are not taken' from <(echo "$eight") translate short
ends 'eight words for an ensemble' 1 'has 9 pieces, and more than 8 are not taken' from <(echo "$eight") translate sine-0 short
[ "$(translate sine-0 short < src | wc -l)" = 30 ] || fail 'an ensemble with a model that ends sooner'
# A prefix that nearly fills it; what is drawn, which wants to go on; and what is looked at once more.
echo "$seven	red blue green gold pink grey" | translate short --prefix tab --alignment hard > out || fail 'a prefix'
grep -q '^red blue green gold pink grey' out || fail "a prefix is not gone on with: $(cat out)"
cp -r short far
sed -i -E 's/("max_length":\t)[0-9]+/\1100/' far/generation_config.json
for row in short:6 far:7; do  # by the folder's own limit with an end of sentence, else cut off
    longest=$(translate "${row%:*}" --output-sampling full --temperature 9 < src | awk '{ if (NF > most) most = NF } END { print most }')
    [ "$longest" = "${row#*:}" ] || fail "the longest of what is drawn by ${row%:*} has $longest words, not ${row#*:}"
done
translate far --output-sampling full --temperature 9 --alignment soft < src > out || fail 'alignment to the last place'
check 'too long at least' 2 'end at 8' translate far --min-length 8 --input src
"$dragoman" report --model short --output report.html 2> err || fail "a report: $(cat err)"
check 'made-up text' 1 'end at 8 pieces|--length 7 or less' "$dragoman" bench translate --model short --seconds 0 --rounds 1
"$dragoman" bench translate --model short --length 7 --seconds 0 --rounds 1 --sentences 20 > measured 2> err ||
    fail "bench translate: $(cat err)"
"$dragoman" bench train --model short --length 7 --seconds 0 --rounds 1 --sentences 100 --mini-batch-words 500 > measured 2> err ||
    fail "bench train: $(cat err)"

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
