#!/bin/bash
# Models that write in any order (--objective masked) or all at once (--output-layer ctc) from the command line: a toy is
# learnt, lengths with it; the same bytes by any number of threads and in two parts; lengths are those that are asked for;
# and what goes piece by piece is refused. Argument: the command.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
RANDOM=4
words() {  # words NUMBER NAME: lines of colours, of which some become two or three
    local colours=(red blue green gold pink grey teal lime navy rust) i j line
    for i in $(seq "$1"); do
        line=''
        for j in $(seq $((1 + RANDOM % 5))); do line="$line ${colours[RANDOM % 10]}"; done
        echo "${line# }" >> "$2.src"
    done
    sed -E 's/gold/fine gold/g; s/rust/old red rust/g; s/[a-z]+/&o/g' "$2.src" > "$2.trg"
}
words 600 train
words 40 new
common=(--train-sets train.src train.trg --segmenter space --dim-emb 32 --dim-ffn 64 --enc-depth 2 --dec-depth 2 --heads 2
    --mini-batch-words 200 --lr-warmup 100 --learn-rate 0.005 --dropout 0 --label-smoothing 0 --gemm openblas)
masked=("${common[@]}" --objective masked)
train() { "$dragoman" train "$@"; }
translate() { "$dragoman" translate --input new.src --model "$@"; }
right() { paste -d '\n' "$1" new.trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l; }

# ---- What is learnt ----

check 'masked' 0 'Done|exact' train "${masked[@]}" --after 60e --valid-sets new.src new.trg --valid-freq 20e \
    --valid-metrics ce-mean-words exact --average 2 --model run
translate run > found || fail 'translate'
[ "$(right found)" -ge 32 ] || fail "it has learnt $(right found) lines of 40: $(head -n 3 found)"
grep -q '"model_type":.*"dragoman"' run/config.json && grep -q '"decoder_mask":.*"none"' run/config.json ||
    fail "config.json: $(head -n 3 run/config.json)"
"$dragoman" info --model run > drawing
grep -qF 'self-attention to the whole target' drawing && grep -qF 'in a pass over all of them' drawing || fail "info: $(cat drawing)"

check 'once more' 0 'Done' train "${masked[@]}" --after 12u --lr-schedule inv-sqrt --model straight
check 'by two threads' 0 'Done' train "${masked[@]}" --after 12u --lr-schedule inv-sqrt --cpu-threads 2 --model threads
check 'a part' 0 'Done' train "${masked[@]}" --after 5u --lr-schedule inv-sqrt --model part
check 'the rest' 0 'Done' train --model part --after 12u --cpu-threads 3
same 'a run by two threads' threads/model.safetensors straight/model.safetensors
same 'a run in two parts' part/model.safetensors straight/model.safetensors
check 'from a model' 0 'Done' train --train-sets train.src train.trg --pretrained-model run --objective masked --after 3u \
    --learn-rate 1e-5 --model further
check 'experts' 0 'Done' train "${masked[@]}" --experts 2 --experts-top 1 --segment-noise 0 --after 3u --model experts

# Of unknown words alone nothing counts, also where they are all of an update.
for i in {1..30}; do echo "red w$i"; done > rare.src
sed 's/.* //' rare.src > rare.trg
check 'unknown words' 0 'Done' train --train-sets rare.src rare.trg --segmenter space --vocab-size 8 --dim-emb 16 \
    --dim-ffn 16 --enc-depth 1 --dec-depth 1 --heads 2 --objective masked --mini-batch-words 1 --after 1e --model rare

# ---- Searching ----

translate run --cpu-threads 3 --mini-batch 1 > alone
same 'any number of threads, and of lines at once' found alone
translate run --iterations 10 --length-beam 5 > said
same 'what is usual' found said
translate run --length 3 | awk 'NF != 3 { exit 1 }' || fail 'not three words'
translate run --length 2-4 --n-best 3 | cut -d '|' -f 4 | awk 'NF < 2 || NF > 4 { exit 1 }' || fail 'not two to four words'
[ "$(translate run --length 2-4 --n-best 3 | wc -l)" = 120 ] || fail 'not three lengths a line'
translate run --iterations 1 > once || fail 'one iteration'
[ "$(right once)" -gt 10 ] || fail "in one pass $(right once) lines of 40 are right"
translate run --n-best 5 --word-scores > list || fail 'n-best'
translate run --json > lines.json
python3 - << 'PYTHON' || fail 'n-best and json'
import json
best, lists = [line.rstrip("\n") for line in open("found")], {}
for line in open("list"):
    number, text, words, log_p, _ = line.rstrip("\n").split(" ||| ")
    words = [float(word) for word in words.removeprefix("WordScores= ").split()]
    lists.setdefault(int(number), []).append((text, float(log_p.removeprefix("F0= ")), words))
for number, found in lists.items():
    assert found[0][0] == best[number]
    assert len({len(text.split()) for text, _, _ in found}) == len(found), found  # a length each
    for text, log_p, words in found:
        assert len(words) == len(text.split()) + 1 and abs(sum(words) - log_p) < 1e-3, (text, log_p, words)
for text, line in zip(best, open("lines.json")):
    said = json.loads(line)
    assert said["text"] == text and " ".join(said["pieces"][:-1]) == text, said
    assert abs(said["score"] - said["log_probability"] / len(said["pieces"])) < 1e-6, said
PYTHON
printf '\nred never\n' | "$dragoman" translate --model run > lines || fail 'empty lines and unknown words'
[ "$(wc -l < lines)" = 2 ] && [ -z "$(head -n 1 lines)" ] || fail "an empty line: $(cat lines)"

# Those that go piece by piece keep to a length, too.
check 'piece by piece' 0 'Done' train "${common[@]}" --after 20u --model steps
for search in '--beam-size 1' '--beam-size 4' '--output-sampling full'; do
    read -ra how <<< "$search"
    translate steps --length 3 "${how[@]}" | awk 'NF != 3 { exit 1 }' || fail "not three words by $search"
    translate steps --length 2-4 "${how[@]}" | awk 'NF < 2 || NF > 4 { exit 1 }' || fail "not two to four words by $search"
done
# An end that has to come counts what the model says of it, as every piece does.
translate steps --length 3 --beam-size 1 --json > told.json
"$dragoman" translate --model steps --input new.src --length 3 --beam-size 1 > told || fail 'told'
"$dragoman" rescore --model steps new.src told > scored || fail 'rescore'
python3 - << 'PYTHON' || fail 'the end of --length'
import json
for told, scored in zip(open("told.json"), open("scored")):
    told = json.loads(told)
    assert len(told["piece_scores"]) == 4 and told["piece_scores"][-1] < -1e-4, told
    assert abs(told["log_probability"] - float(scored)) < 1e-3, (told, scored)
PYTHON
check 'a scan of what is not in order' 2 '--dec-autoreg average-attention goes on piece by piece|--objective masked' \
    train "${common[@]}" --objective masked --dec-autoreg average-attention --after 1u --model no

# ---- Other commands ----

ends 'average' 0 '' "$dragoman" average --model run --last 2
ends 'quantize' 0 '' "$dragoman" quantize --model run --output small
translate small > fewer
[ "$(right fewer)" -ge 30 ] || fail "in 8 bits $(right fewer) lines of 40 are right"
ends 'report' 0 '' "$dragoman" report --model run
ends 'bench' 0 '' "$dragoman" bench train --model run --seconds 0 --rounds 2
check 'bench translate' 2 'in any order' "$dragoman" bench translate --model run --seconds 0 --rounds 2
check 'where experts are asked' 2 'in any order' "$dragoman" info --model experts --experts --input new.src

# ---- All at once ----

ctc=("${common[@]}" --output-layer ctc)
check 'all at once' 0 'Done' train "${ctc[@]}" --after 40e --valid-sets new.src new.trg --valid-metrics ce-mean-words exact \
    --valid-freq 10e --average 2 --model at_once
translate at_once > found || fail 'translate'
[ "$(right found)" -ge 30 ] || fail "it has learnt $(right found) lines of 40: $(head -n 3 found)"
translate at_once --cpu-threads 3 --mini-batch 1 > alone
same 'any number of threads, and of lines at once' found alone
translate at_once --json > lines.json
python3 - << 'PYTHON' || fail 'json of what is said at once'
import json
for text, line in zip(open("found"), open("lines.json")):
    said = json.loads(line)
    assert said["text"] == text.strip() == " ".join(said["pieces"][:-1]), said
    assert abs(sum(said["piece_scores"]) - said["log_probability"]) < 1e-5, said
PYTHON
translate at_once --beam-size 1 > alone
same 'a beam of one' found alone
translate at_once --beam-size 4 --n-best 3 --json > beam.json || fail 'a prefix beam'
translate at_once --beam-size 4 --cpu-threads 3 --mini-batch 1 > alone || fail 'a prefix beam, line by line'
[ "$(right alone)" -ge 30 ] || fail "in a beam it knows $(right alone) lines of 40"
python3 - << 'PYTHON' || fail 'json of a prefix beam'
import json
best = [json.loads(line) for line in open("lines.json")]
beam = [json.loads(line) for line in open("beam.json")]
alone = open("alone").read().splitlines()
for i, path in enumerate(best):
    list = beam[i]["n_best"] if "n_best" in beam[i] else beam[3 * i:3 * i + 3]
    assert len({said["text"] for said in list}) == 3 and list[0]["text"] == alone[i], list
    assert [said["score"] for said in list] == sorted((said["score"] for said in list), reverse=True), list
    assert list[0]["log_probability"] > path["log_probability"] - 1e-5, (path, list[0])  # of which it has a path more
    for said in list:
        assert abs(sum(said["piece_scores"]) - said["log_probability"]) < 1e-4 and max(said["piece_scores"]) < 1e-6, said
PYTHON
check 'more than the beam has' 2 'a beam of 1 finds no more than 1 translation of a line: 2 need a beam of 2' translate at_once --n-best 2
# A row for each piece of the source and its end: what has more pieces, or needs a blank between two, is left out.
cannot() {  # cannot NAME: how many pairs of its files
    paste "$1.src" "$1.trg" | awk -F '\t' '{ n = split($1, s, " "); m = split($2, t, " ");
        rows = m; for (i = 2; i <= m; i++) rows += t[i] == t[i - 1]; left += rows > n + 1 } END { print left }'
}
check 'too few rows' 0 "(--ctc-upsample 1): $(cannot train) pairs|Left out of the cost in validation|their source: $(cannot new) pairs" \
    train "${ctc[@]}" --ctc-upsample 1 --after 2u --valid-sets new.src new.trg --model few
[ "$(cannot train)" -gt 10 ] && [ "$(cannot new)" -gt 1 ] || fail "$(cannot train) and $(cannot new) pairs cannot be said"
check 'once more' 0 'Done' train "${ctc[@]}" --after 12u --lr-schedule inv-sqrt --model straight --overwrite
check 'by two threads' 0 'Done' train "${ctc[@]}" --after 12u --lr-schedule inv-sqrt --cpu-threads 2 --model threads --overwrite
check 'a part' 0 'Done' train "${ctc[@]}" --after 5u --lr-schedule inv-sqrt --model part --overwrite
check 'the rest' 0 'Done' train --model part --after 12u --cpu-threads 3
same 'a run by two threads' threads/model.safetensors straight/model.safetensors
same 'a run in two parts' part/model.safetensors straight/model.safetensors
check 'from a model' 0 'Done' train --train-sets train.src train.trg --pretrained-model at_once --after 3u --learn-rate 1e-5 --model on
check 'learned places' 0 'Done' train "${ctc[@]}" --positions learned --max-positions 40 --max-length 20 --after 3u --model learned
ends 'average' 0 '' "$dragoman" average --model at_once --last 2
ends 'quantize' 0 '' "$dragoman" quantize --model at_once --output small.at_once
ends 'info' 0 '' "$dragoman" info --model at_once
check 'bench translate' 2 'all at once' "$dragoman" bench translate --model at_once --seconds 0 --rounds 2
ends 'bench train' 0 '' "$dragoman" bench train --model at_once --seconds 0 --rounds 2
for search in '--output-sampling full' '--length 3' '--iterations 3' '--min-length 3' '--stream' \
    '--alignment soft' '--draft lookup' '--normalize 2'; do
    read -ra how <<< "$search"
    check "$search" 2 'all at once' translate at_once "${how[@]}"
done
check 'rescore' 2 'all at once' "$dragoman" rescore --model at_once new.src new.trg
check 'another type' 2 '--output-layer ctc says a text all at once|--type transformer' train --train-sets train.src train.trg --segmenter space --quiet \
    --output-layer ctc --type rnn --after 1u --model no
check 'masked' 2 '--objective ctc' train "${ctc[@]}" --objective masked --after 1u --model no
check 'another output' 2 '--objective teacher-forcing' train "${common[@]}" --objective ctc --after 1u --model no
check 'smoothing' 2 '--label-smoothing' train "${ctc[@]}" --label-smoothing 0.1 --after 1u --model no
check 'pieces left out' 2 '--dropout-trg' train "${ctc[@]}" --dropout-trg 0.1 --after 1u --model no

# ---- What cannot be ----

check 'no such length' 2 '--length 9-5|5-9' translate run --length 9-5
check 'two lengths' 2 'min-length' translate run --length 5 --min-length 3
for search in '--beam-size 3' '--output-sampling full' '--no-repeat-ngram 2' '--prefix tab' '--alignment hard' '--unk-replace' \
    '--coverage-penalty 0.1 --n-best 2' '--stream' '--draft lookup --beam-size 1' '--normalize 2'; do
    read -ra how <<< "$search"
    check "$search" 2 'in any order' translate run "${how[@]}"
done
check 'an ensemble' 2 'in any order' translate run run
check 'drafts, whatever the beam' 2 'a draft is not for' translate run --draft lookup
check 'what is shown piece by piece' 2 'so far is not for' translate at_once --stream
for model in run at_once; do
    check "an ensemble with $model" 1 'cannot be asked together' translate steps "$model"
    check "drafts by $model" 1 'it cannot draft for it' translate steps --draft "$model" --beam-size 1
    check "a shortlist of $model" 2 'a shortlist' "$dragoman" shortlist --model "$model" --train-sets train.src train.trg
    check "with a shortlist, $model" 2 'a shortlist' translate "$model" --shortlist
    printf '%s\n:quit\n' "$(head -n 1 new.src)" > typed
    script -qec "$dragoman translate --model $model" /dev/null < typed > shown 2>&1 || fail "a conversation with $model: $(cat shown)"
    grep -q 'is not for' shown && fail "a conversation with $model: $(cat shown)"
done
check 'rescore' 2 'in any order' "$dragoman" rescore --model run new.src new.trg
check 'more than the lengths' 2 'length beam of 8' translate run --n-best 8
check 'iterations of what goes piece by piece' 2 'piece by piece' translate steps --iterations 3
check 'lengths of what goes piece by piece' 2 'piece by piece' translate steps --length-beam 3
check 'another type' 2 '--type rnn' train "${common[@]}" --objective masked --type rnn --after 1u --model no
check 'copies' 2 'pointer' train "${masked[@]}" --output-layer pointer --after 1u --model no
check 'two copies' 2 'r-drop' train "${masked[@]}" --dropout 0.1 --add-loss r-drop --after 1u --model no
check 'of a model that goes piece by piece' 2 'begin a new model' train --train-sets train.src train.trg --pretrained-model steps \
    --objective masked --after 1u --model no
check 'piece by piece of one that does not' 2 '--objective masked' train --train-sets train.src train.trg \
    --pretrained-model run --objective scheduled-sampling --after 1u --model no
check 'another objective' 2 'begin a new model' train --model steps --change --objective masked --after 30u

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
