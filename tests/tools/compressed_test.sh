#!/bin/bash
# Text in gzip and zstd form, wherever the command reads text. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_folder model
translate() { "$dragoman" translate --model model --beam-size 1 "$@"; }
rescore() { "$dragoman" rescore --model model "$@"; }

# ---- The same text in many forms, under names that do not tell ----

for i in $(seq 60); do
    words=
    for j in $(seq $((1 + i * 7 % 11))); do words="$words w$((2 + (i * i + j * 5) % 38))"; done
    echo "${words# }"
done > text.plain
tac text.plain > other.plain
for name in text other; do
    gzip -c $name.plain > $name.1
    zstd -q -c $name.plain > $name.2
    { head -n 20 $name.plain | gzip -c; tail -n +21 $name.plain | gzip -c; } > $name.3
    { head -n 7 $name.plain | zstd -q -c; tail -n +8 $name.plain | zstd -q -c; } > $name.4
    zstd -q -c --no-check < $name.plain > $name.5  # neither size nor checksum
done

translate --input text.plain > translated.plain || fail 'translating plain text'
rescore text.plain other.plain > rescored.plain || fail 'rescoring plain text'
"$dragoman" score --tok none --ref text.plain other.plain > scored.plain || fail 'scoring plain text'
[ "$(wc -l < translated.plain)" = 60 ] && [ "$(wc -l < rescored.plain)" = 60 ] || fail 'not 60 lines'
for form in 1 2 3 4 5; do
    translate --input text.$form > translated.file
    same "translating form $form" translated.plain translated.file
    translate < text.$form > translated.stdin
    same "translating form $form from standard input" translated.plain translated.stdin
    cat text.$form | translate > translated.pipe
    same "translating form $form from a pipe" translated.plain translated.pipe
    rescore text.$form other.$form > rescored
    same "rescoring form $form" rescored.plain rescored
    rescore text.plain - < other.$form > rescored
    same "rescoring form $form from standard input" rescored.plain rescored
    "$dragoman" score --tok none --ref text.$form other.$form > scored
    same "scoring form $form" scored.plain scored
    "$dragoman" score --tok none --ref text.plain < other.$form > scored
    same "scoring form $form from standard input" scored.plain scored
done

tiny=(--segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --mini-batch-words 100
    --lr-warmup 10 --gemm openblas --after 3u --quiet)
train() { "$dragoman" train --model "$1" "${tiny[@]}" "${@:2}"; }
train plain --train-sets text.plain other.plain --valid-sets other.plain text.plain || fail 'training on plain text'
train one --train-sets text.1 other.2 --valid-sets other.3 text.4 || fail 'training on compressed text'
train other --train-sets text.3 other.4 --valid-sets other.2 text.1 || fail 'training on compressed text in parts'
for folder in one other; do
    same "weights, $folder" plain/model.safetensors $folder/model.safetensors
    same "vocabulary, $folder" plain/vocab.json $folder/vocab.json
done
mv text.1 text.zh.gz && mv other.2 text.en.zst
train pieces --train-sets text.zh.gz text.en.zst --segmenter bpe --vocab-size 40 || fail 'a segmenter of compressed text'
grep -q '"source_lang": "zh"' pieces/tokenizer_config.json && grep -q '"target_lang": "en"' pieces/tokenizer_config.json ||
    fail "the languages of train.zh.gz and train.en.zst: $(grep lang pieces/tokenizer_config.json)"

# ---- Cut short, damaged, and without an end ----

for i in $(seq 3000); do echo "w$((2 + i * i % 38)) w$((2 + i % 37)) w$((2 + i * i / 7 % 36))"; done > many.plain
translate --input many.plain > many.translated
gzip -c many.plain > many.gz
zstd -q -c many.plain > many.zst
for form in gz zst; do
    size=$(stat -c %s many.$form)
    head -c $((size - 3)) many.$form > cut.$form
    cp many.$form bad.$form
    printf 'xyz' | dd of=bad.$form bs=1 seek=$((size / 2)) conv=notrunc status=none
    check "training on a cut $form" 1 "cut.$form ends in the middle of its|data|-t FILE" \
        train new --train-sets cut.$form many.plain
    check "training on a damaged $form" 1 "bad.$form: its|damaged|-t FILE" train new --train-sets many.plain bad.$form
    check "validating on a cut $form" 1 "cut.$form ends in the middle" \
        train new --train-sets text.plain other.plain --valid-sets many.plain cut.$form
    check "scoring a cut $form" 1 "cut.$form ends in the middle" "$dragoman" score --ref many.plain cut.$form
    check "rescoring a damaged $form" 1 "bad.$form: its" rescore many.plain bad.$form
    for file in cut bad; do
        translate --input $file.$form > out 2> err
        [ $? = 1 ] || fail "translating $file.$form is no failure"
        grep -q "^dragoman: $file.$form" err || fail "translating $file.$form: $(cat err)"
        head -c "$(stat -c %s out)" many.translated > expected
        same "what stands before the end of $file.$form" expected out
        [ $file = bad ] || [ -s out ] || fail "nothing of cut.$form was translated"
    done
    translate < cut.$form > out 2> err
    [ $? = 1 ] && grep -q '^dragoman: standard input ends in the middle' err || fail "a cut $form in a pipe: $(cat err)"
done

# Two lines and one that goes on and on: 100 MB in a file of 100 KB.
{ head -n 2 many.plain; head -c 100000000 /dev/zero | tr '\0' x; } | gzip -c > endless
translate --input endless > out 2> err
[ $? = 1 ] && grep -q '^dragoman: endless: line 3 has no end within 64 MiB' err || fail "an endless line: $(cat err)"
head -n 2 many.translated > expected
same 'what stands before an endless line' expected out
check 'training on an endless line' 1 'endless: |made to fill the memory|gzip -d' train new --train-sets endless text.plain

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
