#!/bin/bash
# Labels of words and of sentences, by the command: the same bytes from any number of threads and after a stop, what is
# printed of a line that is empty or has unknown words, and what else is done with a model folder. Argument: the command to
# test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# Sixty lines of words, of which each has its colour's first letter behind a verb, and its last one elsewhere; and of a
# sentence whether it has more than four words.
colours=(red blue green gold pink grey teal lime navy rust)
RANDOM=4
for i in $(seq 60); do
    line='' labels='' words=$((2 + RANDOM % 6)) before=''
    for j in $(seq $words); do
        word=${colours[RANDOM % 10]}
        [ $((RANDOM % 4)) = 0 ] && word=see
        label=${word:0:1}
        [ "$before" = see ] && label=X-${word:0:1}
        line="$line $word" labels="$labels $label" before=$word
    done
    echo "${line# }" >> words
    echo "${labels# }" >> labels
    [ "$words" -gt 4 ] && echo long >> kinds || echo short >> kinds
done

common=(--gemm openblas --mini-batch-words 60 --shard-words 20 --lr-warmup 20 --learn-rate 0.01 --lr-schedule inv-sqrt
    --dropout 0.1 --disp-freq 10u --quiet)
shape=(--type labels --dim-emb 32 --dim-ffn 64 --enc-depth 2 --heads 2)
train() { "$dragoman" train "$@"; }

# ---- Training ----

kinds=(
    '--segmenter space'
    '--segmenter bpe --vocab-size 40 --positions rotary --norm rms'
    '--segmenter space --label sentences --positions learned --max-positions 120'
    '--segmenter space --positions sine --experts 4 --experts-top 1 --attention-window 3'
)
for i in "${!kinds[@]}"; do
    read -ra kind <<< "${kinds[i]}"
    what=labels
    [[ ${kinds[i]} != *sentences* ]] || what=kinds
    text=(--train-sets words $what)
    check "${kinds[i]}" 0 '' train "${text[@]}" "${common[@]}" "${shape[@]}" "${kind[@]}" --after 40u --cpu-threads 1 --model run$i
    check "${kinds[i]}, its beginning" 0 '' train "${text[@]}" "${common[@]}" "${shape[@]}" "${kind[@]}" --after 17u --cpu-threads 3 --model half
    check "${kinds[i]}, the rest" 0 '' train "${text[@]}" "${common[@]}" "${shape[@]}" "${kind[@]}" --after 40u --cpu-threads 2 --change --model half
    same "${kinds[i]}, in two parts" run$i/model.safetensors half/model.safetensors
    rm -r half
    "$dragoman" translate --model run$i --n-best 2 --word-scores < words > list || fail "${kinds[i]} does not translate"
    "$dragoman" translate --model run$i --n-best 2 --word-scores --mini-batch 1 --cpu-threads 3 < words > alone
    same "${kinds[i]}, one by one" list alone
    "$dragoman" rescore --model run$i words $what --word-scores > scores || fail "${kinds[i]} does not rescore"
    [ "$(wc -l < scores)" = 60 ] || fail "${kinds[i]}: $(wc -l < scores) scores of 60"
done

# ---- What it learns, and what is printed ----

check 'a whole training' 0 '' train --train-sets words labels "${common[@]}" "${shape[@]}" --segmenter space --after 60e \
    --valid-sets words labels --valid-freq 15e --average 3 --early-stopping 0 --keep-best accuracy f1 \
    --valid-metrics ce-mean-words accuracy f1 --model run
# The usual shape is one that transformers has a class for; others are of a format of our own.
python3 - << 'PYTHON' || fail "config.json: $(cat run/config.json)"
import json
read = lambda name: json.load(open(name, encoding="utf-8"))
config, labels = read("run/config.json"), read("run/target_vocab.json")
assert config["architectures"] == ["MegatronBertForTokenClassification"] and config["model_type"] == "megatron-bert"
assert config["label2id"] == labels and config["id2label"] == {str(i): name for name, i in labels.items()}
assert read("run2/config.json")["architectures"] == ["MegatronBertForSequenceClassification"]
assert read("run1/config.json")["dragoman"]["architecture"] == "labels"
template = read("run0/tokenizer.json")["post_processor"]["single"]
assert [list(part) for part in template] == [["Sequence"], ["SpecialToken"]] and template[1]["SpecialToken"]["id"] == "</s>"
PYTHON
[ -s run/best-accuracy.safetensors ] && [ -s run/best-f1.safetensors ] || fail 'no best ones by accuracy and f1'
"$dragoman" translate --model run < words > said || fail 'translate'
paste -d '\n' words said | awk 'NR % 2 { words = NF; next } NF != words { print; bad = 1 } END { exit bad }' ||
    fail 'not one label a word'
"$dragoman" score --ref labels --metrics accuracy f1 -- said > out || fail 'score'
right=$(sed -n 's/^ *Accuracy.* = \([0-9]*\).*/\1/p' out)
[ "$right" -ge 95 ] || fail "it has learnt $right percent: $(cat out)"
grep -q 'F1|nrefs:1|of:labels|average:macro|' out || fail "F1: $(cat out)"

printf '\n  red \t see   blue\n \nnever seen\n' > lines
"$dragoman" translate --model run < lines > out || fail 'lines that are empty, or of unknown words'
[ "$(awk '{ print NF }' out | xargs)" = '0 3 0 2' ] || fail "empty lines, spaces, unknown words: $(cat out)"
[ "$(sed -n 2p out)" = 'r s X-b' ] || fail "more than one space: $(cat out)"

# The k-th of a list has of each word the k-th best label; what they have of probability is one.
"$dragoman" translate --model run --n-best 100 --word-scores --input <(head -n 1 words) > out || fail 'n-best'
python3 - << 'PYTHON' || fail "n-best: $(cat out)"
import math
words, labels = open("words").readline().split(), set(open("labels").read().split())
rows = [line.rstrip("\n").split(" ||| ") for line in open("out")]
assert len(rows) == len(labels), (len(rows), labels)
scores = [[float(score) for score in row[2].split("= ")[1].split()] for row in rows]
for word in range(len(words)):
    assert {row[1].split()[word] for row in rows} == labels
    column = [row[word] for row in scores]
    assert column == sorted(column, reverse=True) and abs(sum(map(math.exp, column)) - 1) < 1e-4, column
PYTHON
"$dragoman" translate --model run --json --n-best 2 --input <(head -n 1 words) > out || fail 'json'
python3 - << 'PYTHON' || fail "json: $(cat out)"
import json
found = json.loads(open("out").read())
assert found["pieces"] == found["text"].split() and len(found["piece_scores"]) == len(found["pieces"])
assert found["text"] == open("labels").readline().strip(), found
assert len(found["n_best"]) == 2 and abs(sum(found["piece_scores"]) - found["log_probability"]) < 1e-6
PYTHON

# rescore says of the model's own labels what translate has said of them.
"$dragoman" translate --model run --word-scores < words | sed 's/.*WordScores= //' > scores
"$dragoman" rescore --model run words said --word-scores | sed 's/.*||| //' > rescored
paste -d '\n' scores rescored | python3 -c "
import sys
lines = sys.stdin.read().splitlines()
for a, b in zip(lines[::2], lines[1::2]):
    a, b = a.split(), b.split()
    assert len(a) == len(b) and all(abs(float(x) - float(y)) < 2e-4 for x, y in zip(a, b)), (a, b)" || fail 'rescore and translate differ'

# ---- What else is done with it ----

"$dragoman" info --model run > out || fail 'info'
grep -q 'decoder,' out && fail "labels have a decoder: $(cat out)"
grep -q 'labels' out || fail "info does not speak of labels: $(cat out)"
check 'int8' 0 'Wrote int8' "$dragoman" quantize --model run --output int8
"$dragoman" translate --model int8 < words > out && [ "$(wc -l < out)" = 60 ] || fail 'int8 does not translate'
check 'training on' 0 '' train --train-sets words labels "${common[@]}" --pretrained-model run --after 10u --model further
check 'noise of the segmentation' 2 '--segment-noise has no effect on a model of labels' train --train-sets words labels \
    --pretrained-model run --segment-noise 0.3 --after 2u --model new
"$dragoman" translate --model run further < words > out || fail 'two models together'
check 'a report' 0 'Wrote' "$dragoman" report --model run --output report.html
grep -q 'No BLEU by length: the model writes labels' report.html || fail 'the report has BLEU of labels'
"$dragoman" bench translate --model run --seconds 0 --rounds 1 --sentences 20 > out || fail 'bench translate'
"$dragoman" bench translate --model run --seconds 0 --rounds 1 --input words > out || fail 'bench translate --input'
"$dragoman" bench train --model run --seconds 0 --rounds 1 --sentences 50 > out || fail 'bench train'
"$dragoman" bench layer --model run --seconds 0 --rounds 1 > out || fail 'bench layer'
"$dragoman" info --model run3 --experts --input words > out || fail 'what experts are for'
check 'average' 0 '' "$dragoman" average --model run --last 2 --output averaged.safetensors

# A label of validation that training has not is not counted in the cost, and wrong.
{ cat labels; echo NEW; } > more && { cat words; echo red; } > words_more
check 'an unknown label in validation' 0 '' train --train-sets words labels "${common[@]}" "${shape[@]}" --segmenter space \
    --after 5u --valid-sets words_more more --valid-freq 5u --model unknown
grep -q '"metric":"ce-mean-words","value":[0-9.]*' unknown/train.jsonl || grep -q 'ce-mean-words' unknown/train.jsonl ||
    fail "no cost with an unknown label: $(tail -n 3 unknown/train.jsonl)"

# ---- What does not go together ----

sed '3s/$/ X/' labels > other
check 'a label too much' 1 'other: line 3 has ' train --train-sets words other "${common[@]}" "${shape[@]}" --model new
check 'two labels of a sentence' 1 'but a sentence has one' train --train-sets words labels "${common[@]}" "${shape[@]}" --label sentences --model new
check 'left out' 0 'Left out: 1 bad line of other (the first is line 3)' \
    train --train-sets words other "${common[@]::${#common[@]}-1}" "${shape[@]}" --segmenter space --on-bad-line skip --after 2u --model left
check 'a decoder' 2 '--dec-depth is for --type ' train --train-sets words labels "${common[@]}" "${shape[@]}" --dec-depth 2 --model new
check 'labels of a Transformer' 2 '--label is for --type labels' train --train-sets words labels "${common[@]}" --label sentences --model new
check 'an objective' 2 '--objective scheduled-sampling is about text' train --train-sets words labels "${common[@]}" "${shape[@]}" \
    --objective scheduled-sampling --model new
check 'pieces that are read' 2 '--dropout-trg is about pieces' train --train-sets words labels "${common[@]}" "${shape[@]}" --dropout-trg 0.1 --model new
check 'another label later' 1 'has the label NEW, which this model does not have' \
    train --train-sets words_more more "${common[@]}" --pretrained-model run --after 2u --model new
for option in '--beam-size 3' '--output-sampling full' '--alignment hard' '--unk-replace' '--coverage-penalty 0.5' \
    '--min-length 3' '--no-repeat-ngram 2' '--diversity 1' '--stream' '--max-length-factor 2'; do
    read -ra words <<< "$option"
    "$dragoman" translate --model run "${words[@]}" --input lines > out 2> err && fail "translate $option"
    [ -s err ] && [ "$(wc -l < err)" -le 3 ] || fail "translate $option says: $(cat err)"
done
check 'a prefix' 2 'no effect on labels' "$dragoman" translate --model run --prefix lines --input lines
check 'a shortlist' 2 'a shortlist has no effect' "$dragoman" shortlist --model run --train-sets words labels
check 'too few labels' 1 'has 1 label, but its source line needs' "$dragoman" rescore --model run words kinds
check 'an unknown label' 1 'has the label NEW' "$dragoman" rescore --model run words_more more --on-bad-line stop --summary perplexity
check 'text and labels together' 1 'run2' "$dragoman" translate --model run run2 --input lines
[ ! -e new ] || fail 'a command that could not begin left a folder'

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
