#!/bin/bash
# scripts/distil.sh: which pairs come out of which models, and what is refused. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
mkdir "$room/scripts" "$room/build"
cp "$(dirname "$0")"/../../scripts/{distil,steps}.sh "$room/scripts"
ln -s "$dragoman" "$room/build/dragoman"
cd "$room" || exit 1
make_text
distil() { scripts/distil.sh "$@" 2> said; }
train() {  # train FOLDER SOURCE TARGET SEED
    check "$1" 0 '' "$dragoman" train --quiet --train-sets "$2" "$3" --segmenter space --dim-emb 32 --dim-ffn 64 --heads 2 \
        --enc-depth 1 --dec-depth 1 --mini-batch-words 60 --after 60u --lr-warmup 10 --learn-rate 0.01 --seed "$4" --model "$1"
}
train one src trg 1
train two src trg 2
train back trg src 1
"$dragoman" translate --model one --input src --output of-one
"$dragoman" translate --model one two --input src --output of-both --beam-size 2
"$dragoman" translate --model back --input trg --output of-back
pairs() { paste "$@" | grep -P '[^\t ].*\t.*[^\t ]' | awk '!there[$0]++'; }

distil --forward one --only src trg only > out || fail "one model: $(cat said)"
[ "$(paste only/train.src only/train.trg)" = "$(pairs src of-one)" ] || fail 'one model alone: other pairs'
distil --forward one,two --beam-size 2 --only src trg both > out || fail "an ensemble: $(cat said)"
[ "$(paste both/train.src both/train.trg)" = "$(pairs src of-both)" ] || fail 'an ensemble: other pairs'
distil --forward one --backward back src trg all > out || fail "both ways: $(cat said)"
[ "$(paste all/train.src all/train.trg)" = "$( (paste src trg; paste src of-one; paste of-back trg) | grep -P '[^\t ].*\t.*[^\t ]' |
    awk '!there[$0]++')" ] || fail 'both ways: other pairs'
grep -q "^$(wc -l < all/train.src) pairs in all/train.src and train.trg, of 30 that there were" out || fail "it says: $(cat out)"
cp -r all before
distil --forward one --backward back src trg all > out || fail "again: $(cat said)"
grep -q translate said && fail "what is made is made again: $(cat said)"
same 'again' before/train.trg all/train.trg
sed -i 1d src
distil --forward one src trg all > out && fail 'other numbers of lines are taken'
grep -q 'other numbers of lines' said || fail "other numbers of lines: $(cat said)"
sed -i 1d trg
distil --forward one --only src trg only > out || fail "another text: $(cat said)"
[ "$(wc -l < only/train.src)" -le 29 ] || fail 'what was made of another text is taken'

gzip -k src
distil --forward one --beam-size x src trg half > out && fail 'a translation that fails is taken'
[ ! -e half/train.src ] && [ ! -e half/pairs.new ] || fail 'what failed leaves pairs'
refused() { distil "${@:2}" > out && fail "taken: ${*:2}"; grep -q -- "$1" said || fail "${*:2}: $(cat said)"; }
refused 'at least one model' src trg new
refused 'no model folder three' --forward one,three src trg new
refused 'no file nowhere' --forward one nowhere trg new
mkdir labels && echo '{"model_type": "megatron-bert"}' > labels/config.json
refused 'labels words' --forward labels src trg new
refused 'compressed' --forward one src.gz trg new
refused 'no option --forwards' --forwards one src trg new
refused 'needs a value' src trg new --forward
refused 'Writes FOLDER' --forward one src
[ ! -e new ] || fail 'what is refused leaves a folder'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
