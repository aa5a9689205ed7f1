#!/bin/bash
# dragoman prepare, and training on what it makes: the bytes of the model are those of the text itself, whatever is
# trained on it and however it stops and goes on; what does not belong together is refused. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

make_text
sed -i '5s/.*//; 9s/$/ teal teal teal teal teal lime lime lime/' trg  # an empty line, and a long one
stack="--dim-ffn 48 --heads 2 --dec-depth 1 --enc-depth 1"
small="--dim-emb 16 --cpu-threads 1 --mini-batch-words 60 --shard-words 8 --gemm openblas --quiet"
words="--segmenter space"

# model_files FOLDER: what a model is, as one file
model_files() {
    (cd "$1" && for file in model.safetensors *vocab.json *.spm tokenizer*.json; do
        [ ! -e "$file" ] || { echo "$file"; cat "$file"; }
    done) > "$1.files"
}

# equal WHAT PREPARING TRAINING: a model of the text and one of the prepared text. $texts: of both
texts="--train-sets src trg"
equal() {
    rm -rf plain other folder
    "$dragoman" prepare $texts $2 --cpu-threads 2 --output folder 2> err || fail "$1: $(cat err)"
    "$dragoman" train $texts $2 $3 $small --after 4u --model plain 2> err || fail "$1, of the text: $(cat err)"
    "$dragoman" train --prepared folder $3 $small --after 4u --model other 2> err || fail "$1, prepared: $(cat err)"
    model_files plain
    model_files other
    same "$1" plain.files other.files
}

validates="--valid-sets src trg --valid-freq 2u"
equal "words" "$words" "$stack --max-length 6 $validates"
grep -q '"prepared":.*"folder"' other/config.json || fail "config.json does not name the folder"
"$dragoman" info --model other > out
grep -q ', on folder' out || fail "info does not say what the run is on: $(grep -A 2 training out)"
equal "a SentencePiece model" "--segmenter bpe --vocab-size 30" "$stack"
equal "as many pieces as the text allows" "" "$stack"
equal "noise of the segmentation" "--segmenter bpe --vocab-size 30" "$stack --segment-noise 0.1"
equal "links that are made" "$words" "$stack --add-loss guided-alignment --guided-alignment auto"
"$dragoman" prepare $texts $words --separate-vocabs --output apart 2> err || fail "two vocabularies: $(cat err)"
"$dragoman" train --prepared apart --tied-embeddings none $stack $small --after 4u --model other 2> err --overwrite ||
    fail "two vocabularies: $(cat err)"
"$dragoman" train $texts $words --separate-vocabs --tied-embeddings none $stack $small --after 4u --model plain \
    --overwrite 2> err
model_files plain
model_files other
same "two vocabularies" plain.files other.files
check "two vocabularies, tied" 2 "apart|--tied-embeddings" "$dragoman" train --prepared apart $small --model none
"$dragoman" prepare $texts $words --vocab-size 9 --copies --output copies 2> err || fail "copies: $(cat err)"
"$dragoman" train --prepared copies --output-layer pointer $stack $small --after 4u --model other 2> err --overwrite ||
    fail "copies: $(cat err)"
"$dragoman" train $texts $words --vocab-size 9 --output-layer pointer $stack $small --after 4u --model plain \
    --overwrite 2> err
model_files plain
model_files other
same "a model that copies" plain.files other.files
equal "rows that say a target at once" "$words" "$stack --output-layer ctc --ctc-upsample 2"
equal "expected BLEU" "$words" "$stack --objective minimum-risk"
texts="--train-sets trg"
equal "text alone, in windows" "$words" "--type lm --dim-ffn 48 --heads 2 --dec-depth 1 --max-length 4"
texts="--train-sets src trg"

# ---- However the text comes ----

"$dragoman" prepare $texts $words --output folder --overwrite 2> err || fail "once more: $(cat err)"
paste src trg > pairs.tsv
paste trg src > turned.tsv
gzip -k pairs.tsv
# alike WHAT COMMAND...: prepares into `folder.2` what is in `folder`
alike() {
    local what=$1 file
    shift
    rm -rf folder.2
    "$@" $words --output folder.2 2> err || fail "$what: $(cat err)"
    for file in pairs.ids pairs.lengths vocab.json; do same "$what" folder/$file folder.2/$file; done
    [ ! -e folder.2.new ] && [ "$(ls folder.2)" = "$(ls folder)" ] || fail "$what: left behind: $(ls folder.2)"
}
alike "a table" "$dragoman" prepare --tsv pairs.tsv.gz
alike "other columns" "$dragoman" prepare --tsv turned.tsv --tsv-columns 2 1
alike "standard input" from pairs.tsv.gz "$dragoman" prepare --tsv -
alike "standard input for one side" from trg "$dragoman" prepare --train-sets src - --cpu-threads 3
alike "a pipe" "$dragoman" prepare --train-sets <(cat src) trg
rm -rf folder.2
mkdir folder.2
alike "an empty folder" "$dragoman" prepare $texts

sed '3s/$/ \xff red/' trg > bad
check "a bad line" 1 "bad: line 3 is not valid UTF-8" "$dragoman" prepare --train-sets src bad --output none
texts="--train-sets src bad"
for how in skip crop; do equal "bad lines: $how" "$words --on-bad-line $how" "$stack"; done
ends "what is done about them is said" 0 "Left out: 1 bad line of bad (the first is line 3)" \
    "$dragoman" prepare $texts --on-bad-line skip --output none
rm -r none
texts="--train-sets src trg"
head -n 20 trg > short
check "unequal text" 1 "src has 30 lines and short 20|out of step is at line 5 (short is empty there)" "$dragoman" prepare --train-sets src short --output none
: > empty
check "no text" 1 "src|empty is empty" "$dragoman" prepare --train-sets src empty --output none
[ ! -e none ] && [ ! -e none.new ] || fail "left behind: $(ls -d none*)"

# ---- Stopped, and gone on with, by either ----

rm -rf plain
run="$stack $small --lr-schedule inv-sqrt --lr-warmup 5"
"$dragoman" prepare $texts $words --output folder --overwrite 2> err
"$dragoman" train $texts $words $run --after 20u --model plain 2> err || fail "a run: $(cat err)"
model_files plain
goes_on() {  # goes_on WHAT FIRST SECOND
    rm -rf other
    "$dragoman" train $2 $run --after 9u --model other 2> err || fail "$1, begun: $(cat err)"
    "$dragoman" train $3 $run --after 20u --cpu-threads 3 --model other 2> err || fail "$1, gone on with: $(cat err)"
    model_files other
    same "$1" plain.files other.files
}
goes_on "both prepared" "--prepared folder" "--prepared folder"
goes_on "the second prepared" "$texts $words" "--prepared folder"
goes_on "the first prepared" "--prepared folder" "$texts $words"
"$dragoman" train --prepared folder $run --after 9u --model other --overwrite 2> err
"$dragoman" train --model other --after 20u 2> err || fail "nothing but the folder: $(cat err)"
model_files other
same "nothing but the folder" plain.files other.files

sed 's/red/blue/' trg > changed
check "two segmenters" 2 "--segmenter has no effect with --pretrained-model" "$dragoman" prepare --train-sets src changed $words --pretrained-model other --output none
"$dragoman" prepare --train-sets src changed --pretrained-model other --output another 2> err || fail "another: $(cat err)"
check "another text" 1 "src and changed|not the text that the run in other was begun with" \
    "$dragoman" train --model other --prepared another --after 30u --quiet
"$dragoman" prepare --train-sets src changed --output another --overwrite 2> err || fail "$(cat err)"
check "another segmenter" 1 "another was not prepared with the segmenter of this model|--pretrained-model" \
    "$dragoman" train --model other --prepared another --after 30u --quiet
mv folder gone
check "a folder that is gone" 1 "folder|the run goes on with the text that it was begun with" \
    "$dragoman" train --model other --after 30u --quiet
mv gone folder

# A model that is taken over, with its segmenter.
"$dragoman" prepare --train-sets src changed --pretrained-model plain --output taken 2> err || fail "taken: $(cat err)"
for text in "--train-sets src changed" "--prepared taken"; do
    "$dragoman" train $text --pretrained-model plain --cpu-threads 1 --mini-batch-words 60 --gemm openblas --after 4u \
        --quiet --model "from.${text##* }" 2> err || fail "a model that is taken over: $(cat err)"
    model_files "from.${text##* }"
done
same "a model that is taken over" from.changed.files from.taken.files
check "without it" 2 "taken|give the same --pretrained-model" "$dragoman" train --prepared taken $small --model none
check "another one" 1 "another was not prepared with the segmenter of this model" \
    "$dragoman" train --prepared another --pretrained-model plain --quiet --model none

if [ -e "$(dirname "$dragoman")/libdragoman-mpi.so" ] && mpirun --version 2>/dev/null | grep -q "Open MPI"; then
    for ranks in 2 3; do
        rm -rf other
        ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 mpirun --oversubscribe --bind-to none --mca btl tcp,self \
            --mca btl_tcp_if_include lo -n $ranks "$dragoman" train --prepared folder $run --after 20u --model other 2> err ||
            fail "$ranks ranks: $(head -n 3 err)"
        model_files other
        same "$ranks ranks" plain.files other.files
    done
fi

# ---- What it does not go with ----

check "another vocabulary" 2 "--vocab-size: folder was prepared with" "$dragoman" train --prepared folder --vocab-size 9 --model none
check "another segmenter" 2 "--segmenter: folder was prepared with --segmenter space" \
    "$dragoman" train --prepared folder --segmenter bpe --model none
check "a vocabulary for each" 2 "--separate-vocabs: folder was prepared with one" \
    "$dragoman" train --prepared folder --separate-vocabs --tied-embeddings none --model none
check "a segmenter that is there" 2 "--sentencepiece: folder was prepared" \
    "$dragoman" train --prepared folder --sentencepiece src --model none
check "labels" 2 "learns labels|--train-sets" "$dragoman" train --prepared folder --type labels --model none
check "a model that copies" 1 "prepare the text with --copies" \
    "$dragoman" train --prepared folder --output-layer pointer $stack $small --model none
yes 0-0 | head -n 30 > links
check "links of words" 2 "--guided-alignment links links words|auto" "$dragoman" train --prepared folder $small \
    --add-loss guided-alignment --guided-alignment links --model none
check "two texts" 2 "--prepared or --train-sets, not both" "$dragoman" train --prepared folder $texts --model none
check "a table besides" 2 "not both" "$dragoman" train --prepared folder --tsv pairs.tsv --model none
check "validation on text alone" 2 "pairs|text alone" "$dragoman" train --prepared folder --valid-sets src --model none
check "no such folder" 1 "nowhere|dragoman prepare" "$dragoman" train --prepared nowhere --model none
check "a model as a text" 1 "plain|dragoman prepare" "$dragoman" train --prepared plain --model none
check "a text as a model" 1 "folder has no config.json" "$dragoman" translate --model folder --input src
check "text alone with two vocabularies" 2 "--separate-vocabs" \
    "$dragoman" prepare --train-sets src --separate-vocabs --output none
check "a folder of something else" 1 "plain is there already" "$dragoman" prepare $texts --output plain --overwrite
check "a folder that is there" 1 "--overwrite" "$dragoman" prepare $texts --output folder
check "a file" 1 "src is there already" "$dragoman" prepare $texts --output src
ln -s folder link
for name in link link/; do
    check "a link" 1 "link is a link" "$dragoman" prepare $texts --overwrite --output $name
done
for name in . .. / /proc; do
    check "a folder that stays where it is" 1 "cannot be replaced" "$dragoman" prepare $texts --output $name
done
cp -r plain none.new
check "a model where the text is prepared" 1 "none.new is there already" "$dragoman" prepare $texts --output none
diff -r plain none.new || fail "a model under the name of the draft was changed"
rm -r link none.new
[ ! -e none ] || fail "a folder was made: $(ls none)"

# ---- Damaged ----

# damaged WHAT WORDS: a folder that was damaged, and its refusal by train and info
damaged() {
    check "$1, train" 1 "$2" "$dragoman" train --prepared damaged $stack $small --model none
    check "$1, info" 1 "$2" "$dragoman" info --model damaged
    [ ! -e none ] || fail "$1: a folder was made"
    rm -rf damaged
    cp -r folder damaged
}
rm -rf none
cp -r folder damaged
truncate -s -4 damaged/pairs.ids
damaged "cut short" "damaged/pairs.ids has|not copied to its end"
truncate -s +4 damaged/pairs.lengths
damaged "too long" "damaged/pairs.lengths has"
printf '\3' | dd of=damaged/pairs.ids conv=notrunc status=none
damaged "another id" "damaged|hash"
printf '\377' | dd of=damaged/pairs.ids bs=1 seek=3 conv=notrunc status=none
damaged "an id that there is not" "damaged/pairs.ids|vocabulary|pair 1"
rm damaged/pairs.lengths
damaged "a file less" "damaged/pairs.lengths"
sed -i 's/"version":.*/"version": 2,/' damaged/prepared.json
damaged "a later version" "damaged/prepared.json|version|prepare it anew"
sed -i 's/"bytes":.*/"bytes": 3,/' damaged/prepared.json
damaged "another size" "damaged|hash"
sed -i 's/"red"/"rad"/' damaged/vocab.json
damaged "another vocabulary" "damaged|segmenter|vocab.json"
rm damaged/vocab.json
damaged "no vocabulary" "damaged|segmenter|vocab.json"

# forge TEXT FOR [PLACE ID]: what prepared.json says, and an id, changed with the hash
forge() {
    python3 - "$@" << 'PYTHON'
import struct, sys

def fold(hash, parts):
    for part in parts:
        hash = (hash ^ part & 0xffffffffffffffff) * 1099511628211 & 0xffffffffffffffff
    return hash

start, json = 14695981039346656037, open("damaged/prepared.json").read().replace(sys.argv[1], sys.argv[2])
parts = []
for name in "ids", "lengths":
    data = open(f"damaged/pairs.{name}", "rb").read()
    numbers = list(struct.unpack(f"<{len(data) // 4}i", data))
    if name == "ids" and len(sys.argv) > 3:
        numbers[int(sys.argv[3])] = int(sys.argv[4])
        open("damaged/pairs.ids", "wb").write(struct.pack(f"<{len(numbers)}i", *numbers))
    parts.append(fold(start, numbers))
said = json[:json.index(',\n\t"hash"')].replace("\n", "").replace("\t", "").replace(", ", ",") + "}"
hash = fold(fold(start, said.encode()), [*parts, start])
open("damaged/prepared.json", "w").write(json[:json.index(',\n\t"hash"')] + f',\n\t"hash":\t"{hash:016x}"\n}}\n')
PYTHON
}
forge 'src and trg' 'src and trg'
cmp damaged/prepared.json folder/prepared.json || fail "a forged folder is not as it was"
forge '[13, 13]' '[99, 99]' 0 98
check "ids that only the folder has" 1 "damaged: what prepared.json says of vocabulary" \
    "$dragoman" train --prepared damaged $stack $small --model none
[ ! -e none ] || fail "a folder was made of a damaged one"

"$dragoman" info --model folder > out || fail "info: $(cat out)"
for word in 'src and trg' '30' 'space, 13 pieces' pairs.ids hash; do
    grep -qF -- "$word" out || fail "info does not say '$word': $(cat out)"
done
"$dragoman" info --model folder --json | grep -q '"pairs":.*30' || fail "info --json"

# ---- Interrupted ----

limited() {
    (ulimit -f 8 && "$@")
}
for i in $(seq 200); do cat pairs.tsv; done > many.tsv
check "a full disk" 1 "make room" limited "$dragoman" prepare --tsv many.tsv $words --output none
check "a full disk, for a text that is kept" 1 "make room" from many.tsv limited "$dragoman" prepare --tsv - $words --output none
[ ! -e none ] && [ ! -e none.new ] || fail "a full disk leaves something: $(ls -d none*)"

# begin: prepares a text whose end does not come, until it has begun
begin() {
    rm -f pipe
    mkfifo pipe
    env --default-signal=INT "$dragoman" prepare --train-sets src pipe $words --output none 2> begun.err &
    exec 8<> pipe
    cat trg >&8
    until ls none.new/text-target.$!-*.tmp > left 2> /dev/null || ! kill -0 $! 2> /dev/null; do sleep 0.01; done
}
begin
kill -KILL $!
exec 8>&-
wait $! 2> /dev/null
[ ! -e none ] && [ -e none.new ] || fail "killed: $(ls -d none*)"
begin
check "two at once" 1 "none.new: another process|dragoman prepare" "$dragoman" prepare $texts $words --output none
kill -INT $!
exec 8>&-
wait $!
[ $? = 130 ] || fail "Ctrl-C: $(cat begun.err)"
grep -q 'stopped while it was prepared' begun.err || fail "Ctrl-C: $(cat begun.err)"
[ ! -e none ] && [ ! -e none.new ] || fail "Ctrl-C leaves something: $(ls -d none*)"
begin
kill -KILL $!
exec 8>&-
wait $! 2> /dev/null
"$dragoman" prepare $texts $words --output none 2> err || fail "after a kill: $(cat err)"
[ "$(ls none)" = "$(ls folder)" ] && [ ! -e none.new ] || fail "after a kill, left behind: $(ls -d none*) $(ls none)"

exit $((failures > 0))
