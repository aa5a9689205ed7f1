#!/bin/bash
# Where training text may come from, and that what is wrong with it is said before anything is made of it. Argument: the
# command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

make_text

tiny=(--segmenter space --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --mini-batch-words 40
    --lr-warmup 10 --lr-schedule inv-sqrt --gemm openblas --save-freq 3u --early-stopping 0)
train() {  # train FOLDER OPTIONS...
    local often=()
    [[ $* != *--valid-* ]] || often=(--valid-freq 4u)
    "$dragoman" train --model "$1" "${tiny[@]}" "${often[@]}" "${@:2}"
}

check 'two files' 0 'Done' train files --train-sets src trg --valid-sets trg src --after 8u
as_with_files() {  # as_with_files WHAT FOLDER
    same "$1" files/model.safetensors "$2/model.safetensors"
    same "$1" files/vocab.json "$2/vocab.json"
}

# ---- Standard input and pipes, which can be read only once ----

check 'SRC from standard input' 0 'Done' from src train in-src --train-sets - trg --valid-sets trg src --after 8u
as_with_files 'SRC from standard input' in-src
check 'TRG from standard input' 0 'Done' from trg train in-trg --train-sets src - --valid-sets trg src --after 8u
as_with_files 'TRG from standard input' in-trg
check 'validation from standard input' 0 'Done' from src train in-valid --train-sets src trg --valid-sets trg - --after 8u
as_with_files 'validation from standard input' in-valid
check 'two pipes' 0 'Done' train pipes --train-sets <(cat src) <(cat trg) --valid-sets trg src --after 8u
as_with_files 'two pipes' pipes
check 'standard input, with a segmenter' 0 'segmenter on standard input and trg|Done' \
    from src train in-bpe --segmenter bpe --vocab-size 40 --train-sets - trg --after 1u

check 'half a run' 0 'Done' from src train again --train-sets - trg --valid-sets trg src --after 5u
check 'the other half' 0 'From update 5|Done' from src train again --train-sets - trg --valid-sets trg src --after 8u
as_with_files 'a run in two halves' again
check 'another text' 1 'standard input and trg: this is not the text' \
    from trg train again --train-sets - trg --valid-sets trg src --after 9u

check 'twice standard input' 2 'standard input (-) can be read only once' from src train new --train-sets - -
check 'validation from it as well' 2 'only once' from src train new --train-sets - trg --valid-sets - trg
[ ! -e new ] || fail 'a command that could not begin left a folder'
closed() { train new --train-sets - trg <&-; }
check 'a closed input' 1 'cannot read standard input' closed
check 'an empty input' 1 'standard input is empty, but trg is not' from /dev/null train new --train-sets - trg

# ---- One file of columns ----

paste src trg > pairs.tsv
paste trg src > valid.tsv
awk -F '\t' '{ print NR "\t" $2 "\tx\t" $1 "\ty" }' pairs.tsv > many.tsv
awk -F '\t' '{ print NR "\t" $2 "\tx\t" $1 "\ty" }' valid.tsv > many-valid.tsv
check 'a TSV' 0 'Done' train tsv --tsv pairs.tsv --valid-tsv valid.tsv --after 8u
as_with_files 'a TSV' tsv
check 'a TSV of many columns' 0 'Done' \
    train columns --tsv many.tsv --valid-tsv many-valid.tsv --tsv-columns 4 2 --after 8u
as_with_files 'a TSV of many columns' columns
check 'a TSV and two files' 0 'Done' from pairs.tsv train mixed --tsv - --valid-sets trg src --after 5u
check 'the other half' 0 'From update 5|Done' from pairs.tsv train mixed --tsv - --valid-sets trg src --after 8u
as_with_files 'a TSV and two files' mixed
gzip -c valid.tsv > valid.gz
check 'two files and a TSV' 0 'Done' train mixed-too --train-sets src trg --valid-tsv valid.gz --after 8u
as_with_files 'two files and a TSV' mixed-too
check 'the other direction' 0 'Done' train back --tsv pairs.tsv --tsv-columns 2 1 --valid-tsv valid.tsv --after 8u
check 'the other direction, of two files' 0 'Done' train back-too --train-sets trg src --valid-sets src trg --after 8u
same 'the other direction' back/model.safetensors back-too/model.safetensors
check 'a segmenter of a TSV' 0 'Training a segmenter on pairs.tsv|Done' \
    train tsv-bpe --segmenter bpe --vocab-size 40 --tsv pairs.tsv --after 1u
check 'a segmenter of two files' 0 'Done' train files-bpe --segmenter bpe --vocab-size 40 --train-sets src trg --after 1u
same 'a segmenter of a TSV' tsv-bpe/vocab.json files-bpe/vocab.json
echo '{"tsv": "many.tsv", "valid-tsv": "many-valid.tsv", "tsv-columns": [4, 2]} // columns' > columns.json
check 'a TSV in a configuration' 0 'Done' train config --config columns.json --after 8u
as_with_files 'a TSV in a configuration' config

sed -i '3s/.*/red\tred/' pairs.tsv
check 'another TSV' 1 'pairs.tsv: this is not the text' train tsv --tsv pairs.tsv --valid-tsv valid.tsv --after 9u
check 'files instead of the TSV' 0 'Going on|Done' train tsv --train-sets src trg --valid-tsv valid.tsv --after 9u
check 'other columns' 1 'many.tsv: this is not the text' \
    train columns --tsv many.tsv --valid-tsv many-valid.tsv --tsv-columns 4 1 --after 9u
sed -i '7s/\t/ /' pairs.tsv
check 'a column too few' 1 'pairs.tsv: line 7 has 1 column, but column 2 is wanted' train new --tsv pairs.tsv
check 'many columns too few' 1 'valid.tsv: line 1 has 2 columns, but column 4 is wanted' \
    train new --tsv many.tsv --valid-tsv valid.tsv --tsv-columns 4 2
check 'neither' 2 'train needs --train-sets SRC TRG or --tsv FILE' "$dragoman" train --model new
check 'a missing TSV' 1 'cannot open nowhere' train new --tsv nowhere
check 'a missing validation TSV' 1 'cannot open nowhere' train new --tsv many.tsv --valid-tsv nowhere
check 'standard input twice' 2 'only once' from many.tsv train new --tsv - --valid-tsv -
check 'a best checkpoint of a TSV' 0 'Done' \
    train best --tsv many.tsv --valid-tsv many-valid.tsv --tsv-columns 4 2 --keep-best bleu --after 4u
[ -s best/best-bleu.safetensors ] || fail 'no best checkpoint'
check 'no validation' 2 '--valid-tsv' train new --tsv many.tsv --keep-best bleu

check 'divergence' 1 'diverged at update|lines |of many.tsv)' train ruin --tsv many.tsv --tsv-columns 4 2 --optimizer sgd \
    --lr 100 --clip-norm 0 --lr-schedule constant --lr-warmup 0 --after 100u

length_note() { grep -o 'No BLEU by length[^<]*' "$1/report.html"; }
for folder in files columns; do
    check "a report, $folder" 0 '' "$dragoman" report --model $folder
    [ -z "$(length_note $folder)" ] || fail "a report, $folder: $(length_note $folder)"
done
lengths() { sed -n '/BLEU by length/,/<\/section>/p' "$1/report.html"; }
[ -n "$(lengths files)" ] && [ "$(lengths files)" = "$(lengths columns)" ] || fail 'BLEU by length of a TSV is another one'
check 'a report without text' 0 '' "$dragoman" report --model in-valid
[[ $(length_note in-valid) = *'came from standard input'* ]] || fail "a report without text: $(length_note in-valid)"
rm valid.gz
check 'a report of a text that is gone' 0 '' "$dragoman" report --model mixed-too
[[ $(length_note mixed-too) = *'validation text, valid.gz, is not there'* ]] ||
    fail "a report of a text that is gone: $(length_note mixed-too)"

# ---- What is wrong with the text is said before a segmenter is trained or a run is replaced ----

head -n 29 src > short
check 'unequal line counts' 1 'short has 29 lines and trg 30' \
    train new --segmenter bpe --vocab-size 40 --train-sets short trg
! grep -q 'Training a segmenter' err || fail "a segmenter was trained before the lines were counted: $(cat err)"
check 'unequal validation files' 1 'short has 29 lines and trg 30' \
    train new --segmenter bpe --vocab-size 40 --train-sets src trg --valid-sets short trg
! grep -q 'Training a segmenter' err || fail "a segmenter was trained before the validation text was read: $(cat err)"
[ ! -e new/source.spm ] || fail 'there is a segmenter'
check 'overwriting with a bad text' 1 'short has 29' train files --overwrite --train-sets short trg --after 8u
as_with_files 'a run that was not replaced' in-src

# ---- How large the vocabulary is ----

printf 'ⴰⵣⵓⵍ ⴼⵍⵍⴰⵡⵏ\nⵎⴰⵎⴽ\n' > tifinagh
check 'a vocabulary that nobody asked for' 0 'The vocabulary has 13 pieces instead of |: this text allows no more|Done' \
    train tiny --segmenter unigram --train-sets tifinagh tifinagh --after 1u
grep -q '"vocab-size":[[:space:]]*13\b' tiny/config.json || fail "what held is not recorded: $(grep vocab-size tiny/config.json)"
check 'going on without asking' 0 'From update 1|Done' \
    train tiny --segmenter unigram --train-sets tifinagh tifinagh --after 2u
check 'going on with what held' 0 'From update 2|Done' \
    train tiny --segmenter unigram --train-sets tifinagh tifinagh --after 3u --vocab-size 13
check 'going on with another' 2 '--vocab-size: begun with 13, now 14' \
    train tiny --segmenter unigram --train-sets tifinagh tifinagh --after 4u --vocab-size 14
check 'one that is too large' 1 'larger than this text allows: at most 13 (' \
    train new --segmenter unigram --train-sets tifinagh tifinagh --vocab-size 14
check 'words, of which nobody asked for a number' 0 'Done' train words --train-sets src trg --after 1u
grep -q '"vocab-size":[[:space:]]*13\b' words/config.json || fail "the number of words: $(grep vocab-size words/config.json)"

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
