#!/usr/bin/env bash
# Folders of other people that cannot be opened as they are: what is said names the cause.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/word_model.sh"
cd "$room" || exit 1
echo 'w3 w4 w5' > in

# ---- A pipe that nobody writes -------------------------------------------------------------------------------------

make_folder whole
echo '{"separate_vocabs": false}' > whole/tokenizer_config.json
printf '\tw3 w4\n' > whole/vmap.txt
piped() {  # piped FILE COMMAND...: refused, with a pipe in the place of this file of the folder
    local file=$1
    shift
    cp -r whole piped
    rm -f "piped/$file"
    mkfifo "piped/$file"
    check "a pipe as $file" 1 "piped/$file is not an ordinary file" "$@"
    rm -r piped
}
for file in config.json generation_config.json model.safetensors vocab.json tokenizer_config.json vmap.txt; do
    piped $file "$dragoman" translate --model piped --shortlist --input in
done
for file in config.json generation_config.json tokenizer_config.json; do
    piped $file "$dragoman" info --model piped
done
piped train.jsonl "$dragoman" report --model piped
ends 'a pipe as configuration' 0 '' "$dragoman" translate --model whole --config <(echo '{"beam-size": 1}') --input in

# ---- Git LFS: any file may be a pointer -----------------------------------------------------------------------------

pointer() {
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 123456\n' 0
}

for file in config.json generation_config.json model.safetensors vocab.json tokenizer_config.json vmap.txt; do
    cp -r whole pulled
    pointer > pulled/$file
    check "a pointer as $file" 1 "pulled/$file is only a pointer|git lfs pull" \
        "$dragoman" translate --model pulled --shortlist --input in
    rm -r pulled
done
for file in source.spm target.spm added_tokens.json special_tokens_map.json; do
    cp -r whole pulled
    sed -i 's/"space"/"sentencepiece"/' pulled/config.json
    pointer > pulled/source.spm
    pointer > pulled/target.spm
    [ $file = target.spm ] && echo x > pulled/source.spm
    pointer > pulled/$file
    check "a pointer as $file" 1 "pulled/$file is only a pointer|git lfs pull" \
        "$dragoman" translate --model pulled --input in
    rm -r pulled
done
pointer > text
check "a pointer as training text" 1 "text is only a pointer|git lfs pull" \
    "$dragoman" train --train-sets text in --model run

# ---- Permission -----------------------------------------------------------------------------------------------------

# Root may look everywhere: it asks as somebody else. Without a way to be somebody else nothing can be tried.
somebody=()
[ "$(id -u)" = 0 ] && somebody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
chmod 755 "$room"
if "${somebody[@]}" "$dragoman" --version > /dev/null 2>&1; then
    cp -r whole closed
    chmod 000 closed
    check "a folder that may not be looked into" 1 "closed/config.json|permission" \
        "${somebody[@]}" "$dragoman" translate --model closed --input in
    mkdir -m 000 above
    check "a folder within such a folder" 1 "above/model|permission" \
        "${somebody[@]}" "$dragoman" info --model above/model
    grep -q 'check the name' err && fail "the name is blamed: $(cat err)"
    cp -r whole part
    for file in config.json vocab.json model.safetensors; do
        chmod 000 part/$file
        check "a file that may not be read: $file" 1 "cannot open part/$file: Permission denied" \
            "${somebody[@]}" "$dragoman" translate --model part --input in
        chmod 644 part/$file
    done
    chmod 755 closed above
else
    echo "permission could not be tried: this user cannot become another one"
fi
check "a folder that is not there" 1 "there is no folder nowhere: check the name" \
    "$dragoman" translate --model nowhere --input in

# ---- generation_config.json -----------------------------------------------------------------------------------------

# says KEYS: a folder whose generation_config.json has these keys beside its own
says() {
    rm -rf told
    cp -r whole told
    sed -i "0,/{/s//{ $1,/" told/generation_config.json
}

while IFS='|' read -r keys words; do
    says "$keys"
    check "$keys" 1 "told/generation_config.json|$words|take" "$dragoman" translate --model told --input in
done << 'END'
"repetition_penalty": 1.2|"repetition_penalty" is 1.2
"do_sample": true|--output-sampling
"num_beam_groups": 2|"num_beam_groups" is 2
"encoder_no_repeat_ngram_size": 3|"encoder_no_repeat_ngram_size" is 3
"force_words_ids": [[3]]|"force_words_ids" is [[3]]
"suppress_tokens": [0]|the end of sentence
"forced_bos_token_id": 0|"forced_bos_token_id" is 0
END

for keys in '"do_sample": false, "temperature": 0.7, "top_k": 5, "top_p": 0.9, "num_return_sequences": 3' \
    '"repetition_penalty": 1.0, "num_beam_groups": 1, "diversity_penalty": 0.0, "force_words_ids": null' \
    '"early_stopping": false, "length_penalty": 1, "min_length": 0, "no_repeat_ngram_size": 0, "use_cache": true'; do
    "$dragoman" translate --model whole --input in > expected
    says "$keys"
    ends "$keys" 0 "" "$dragoman" translate --model told --input in
    same "$keys" out expected
done

# What the folder says is a default: the user's option wins.
says '"min_length": 9'
"$dragoman" translate --model whole --input in --min-length 8 > expected
ends "min_length counts the start" 0 "" "$dragoman" translate --model told --input in
same "min_length counts the start" out expected
"$dragoman" translate --model whole --input in > expected
ends "an option wins over min_length" 0 "" "$dragoman" translate --model told --input in --min-length 0
same "an option wins over min_length" out expected

says '"no_repeat_ngram_size": 1'
"$dragoman" translate --model whole --input in --no-repeat-ngram 1 > expected
ends "no_repeat_ngram_size" 0 "" "$dragoman" translate --model told --input in
same "no_repeat_ngram_size" out expected

says '"length_penalty": 0'
"$dragoman" translate --model whole --input in --normalize 0 --n-best 3 > expected
ends "length_penalty" 0 "" "$dragoman" translate --model told --input in --n-best 3
same "length_penalty" out expected

says '"forced_bos_token_id": 7'
ends "a forced beginning" 0 "" "$dragoman" translate --model told --input in
grep -q '^w7 ' out || fail "a forced beginning: $(cat out)"
echo w9 > prefixes
ends "a forced beginning before a prefix" 0 "" "$dragoman" translate --model told --input in --prefix prefixes
grep -q '^w7 w9' out || fail "a forced beginning before a prefix: $(cat out)"
ends "where it begins the prefix it stands once" 0 "" \
    "$dragoman" translate --model told --input in --prefix <(echo w7 w9)
grep -q '^w7 w9' out || fail "where it begins the prefix it stands once: $(cat out)"

says '"max_length": 5, "forced_eos_token_id": 0'
ends "max_length counts the start, and the end of sentence" 0 "" "$dragoman" translate --model told --input in
[ "$(wc -w < out)" -le 3 ] || fail "max_length counts the start, and the end of sentence: $(cat out)"

# ---- What is asked in vain ------------------------------------------------------------------------------------------

printf '%s\n' w3 'w4 nosuch w5' > prefixes
printf '%s\n' w3 w4 > two
ends "a prefix that the vocabulary does not know" 1 "two: line 2|prefix|'nosuch'" \
    "$dragoman" translate --model whole --input two --prefix prefixes
printf 'w3\tw4\nw3\tnosuch\n' > tabs
ends "a prefix behind a tab that it does not know" 1 "line 2|'nosuch'" \
    "$dragoman" translate --model whole --input tabs --prefix tab

make_text
sed 's/^/>>deu<< /' src > coded
"$dragoman" train --train-sets coded trg --model codes --vocab-size 30 --dim-emb 16 --heads 2 --enc-depth 1 \
    --dec-depth 1 --dim-ffn 16 --after 2u --quiet 2> err || fail "a model with language codes: $(cat err)"
printf '%s\n' '>>deu<< red' '>>fra<< red' > in
ends "a language code that the model does not have" 1 "in: line 2|>>fra<<|the language codes of this model are >>deu<<" \
    "$dragoman" translate --model codes --input in
[ "$(wc -l < out)" = 1 ] || fail "the line before it is translated: $(cat out)"
ends "also in rescore" 1 "line 2|>>fra<<" "$dragoman" rescore --model codes in in
"$dragoman" train --train-sets src trg --model none --vocab-size 30 --dim-emb 16 --heads 2 --enc-depth 1 \
    --dec-depth 1 --dim-ffn 16 --after 2u --quiet 2> err || fail "a model without language codes: $(cat err)"
ends "where there are no codes" 1 "in: line 1|>>deu<<|no language codes" "$dragoman" translate --model none --input in
echo '>> red << blue >>' > in
ends "what is no code is text" 0 "" "$dragoman" translate --model none --input in

# ---- Plain words: how AutoTokenizer opens them ----------------------------------------------------------------------

"$dragoman" train --train-sets src trg --model words --segmenter space --dim-emb 16 --heads 2 --enc-depth 1 \
    --dec-depth 1 --dim-ffn 16 --after 2u --quiet 2> err || fail "a model of words: $(cat err)"
python3 - << 'END' || fail "tokenizer.json says what vocab.json says"
import json
pieces = json.load(open('words/vocab.json'))
tokenizer = json.load(open('words/tokenizer.json'))
settings = json.load(open('words/tokenizer_config.json'))
assert tokenizer['model'] == {'type': 'WordLevel', 'vocab': pieces, 'unk_token': '<unk>'}
assert {token['content']: token['id'] for token in tokenizer['added_tokens']} == {
    piece: pieces[piece] for piece in ('</s>', '<unk>', '<pad>')}
assert tokenizer['pre_tokenizer']['pattern'] == {'Regex': r'[ \t\n\x0B\f\r]+'}
assert tokenizer['post_processor']['special_tokens']['</s>']['ids'] == [pieces['</s>']]
assert settings['tokenizer_class'] == 'PreTrainedTokenizerFast'
END
"$dragoman" quantize --model words --output small 2> err || fail "quantize: $(cat err)"
same "a copy of the folder has it too" words/tokenizer.json small/tokenizer.json

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
