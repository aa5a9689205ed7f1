#!/bin/bash
# Whose pieces are whose, by the command: tables that are one or several, a vocabulary for each side, SentencePiece models
# that are given. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_text
train() { "$dragoman" train --quiet --mini-batch-words 60 --lr-warmup 20 --learn-rate 0.01 --lr-schedule inv-sqrt --dropout 0.1 --dim-emb 32 --dim-ffn 64 --heads 2 "$@"; }
text=(--train-sets src trg --valid-sets src trg --valid-freq 40e --early-stopping 0)
pieces() { "$dragoman" info --model "$1" | grep -o '[0-9]* source pieces, [0-9]* target pieces'; }
one_table() { "$dragoman" info --model "$1" | grep -cF "$2"; }

# Ends of lines that the source alone has, so that the sides differ.
sed -i 's/$/ full stop/' src

learns() {  # learns NAME: translates its training text, and as a folder that was read again
    "$dragoman" translate --model "$1" < src > best || fail "$1 does not translate"
    local right
    right=$(paste -d '\n' best trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l)
    [ "$right" -gt 15 ] || fail "$1 has learnt $right lines of 30"
    "$dragoman" rescore --model "$1" src trg > scores && [ "$(wc -l < scores)" = 30 ] || fail "$1 does not rescore"
}

# ---- Tables ----

for tied in all target none; do
    check "tied $tied" 0 '' train "${text[@]}" --segmenter space --after 120e --tied-embeddings $tied --model $tied
    learns $tied
done
[ "$(one_table all 'of source, target and output')" = 1 ] || fail 'all: there are several tables'
[ "$(one_table target 'of target and output')" = 1 ] || fail 'target: no table of target and output'
[ "$(one_table none 'of target,')" = 1 ] || fail 'none: no table of the target alone'
cmp -s all/vocab.json none/vocab.json || fail 'the tables change the pieces'

# ---- A vocabulary for each side ----

separate=(--separate-vocabs --tied-embeddings target --segmenter space)
check 'separate words' 0 '' train "${text[@]}" "${separate[@]}" --after 120e --cpu-threads 1 --model words
[ "$(pieces words)" = '15 source pieces, 13 target pieces' ] || fail "separate words: $(pieces words)"
grep -q '"<pad>":	2' words/vocab.json && grep -q '"<pad>":	2' words/target_vocab.json || fail 'the pads have several ids'
grep -q stop words/target_vocab.json && fail 'the target has a piece of the source'
learns words
check 'separate words, the beginning' 0 '' train "${text[@]}" "${separate[@]}" --after 50e --cpu-threads 3 --model half
check 'separate words, the rest' 0 '' train "${text[@]}" --after 120e --cpu-threads 2 --change --model half
same 'separate words, in two parts' words/model.safetensors half/model.safetensors
check 'taken over' 0 '' "$dragoman" train --quiet --train-sets src trg --pretrained-model words --after 3u --model further
[ "$(pieces further)" = '15 source pieces, 13 target pieces' ] || fail "taken over: $(pieces further)"
check 'shortlist' 0 '' "$dragoman" shortlist --model words --train-sets src trg

check 'separate SentencePiece models' 0 '' train "${text[@]}" --separate-vocabs --tied-embeddings none --after 120e --model cut
cmp -s cut/source.spm cut/target.spm && fail 'both sides have the same SentencePiece model'
grep -q '"separate_vocabs": true' cut/tokenizer_config.json || fail "tokenizer_config.json: $(cat cut/tokenizer_config.json)"
learns cut

# ---- SentencePiece models that are there already ----

check 'given' 0 '' train "${text[@]}" --sentencepiece cut/source.spm --after 2u --model given
same 'given' cut/source.spm given/source.spm
same 'given' cut/source.spm given/target.spm
check 'two given' 0 '' train "${text[@]}" --separate-vocabs --tied-embeddings none --sentencepiece cut/source.spm cut/target.spm \
    --after 2u --model two
same 'two given: source' cut/source.spm two/source.spm
same 'two given: target' cut/target.spm two/target.spm
same 'two given: its pieces' cut/target_vocab.json two/target_vocab.json
check 'given, going on' 0 '' train "${text[@]}" --after 4u --change --model given

# ---- What cannot count ----

refused() {  # refused WORDS OPTION...
    check "refused: ${*:2}" 2 "$1" train "${text[@]}" --after 2u --model no "${@:2}"
    [ ! -e no ] || fail "refused: ${*:2}: a folder was made"
}
refused 'tied-embeddings' --separate-vocabs
refused 'a decoder alone' --type lm --tied-embeddings target
refused 'separate-vocabs' --type lm --tied-embeddings none --separate-vocabs
refused 'leave it out' --sentencepiece cut/source.spm cut/target.spm
refused 'two files' --sentencepiece cut/source.spm --separate-vocabs --tied-embeddings target
refused 'vocab-size' --sentencepiece cut/source.spm --vocab-size 30
refused 'segmenter' --sentencepiece cut/source.spm --segmenter bpe
refused 'pretrained-model' --pretrained-model words --tied-embeddings target
refused 'has no effect with --type lm' --type lm --separate-vocabs
check 'no such file' 1 'nowhere.spm' train "${text[@]}" --sentencepiece nowhere.spm --after 2u --model no
check 'no SentencePiece model' 1 'trg' train "${text[@]}" --sentencepiece trg --after 2u --model no
[ ! -e no ] || fail 'a folder was left of what could not be opened'

[ "$failures" = 0 ] && echo 'vocabularies: all as it should be'
exit $((failures > 0))
