#!/bin/bash
# The command line with mixtures of experts: trained, searched, made smaller, averaged, served, described. Argument: the
# command to test.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_text

common=(--train-sets src trg --segmenter space --dim-emb 32 --dim-ffn 48 --enc-depth 2 --dec-depth 1 --heads 2
    --mini-batch-words 60 --lr-warmup 20 --learn-rate 0.01 --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas --save-freq 5u --disp-freq 10u)
experts=("${common[@]}" --experts 4 --experts-dim 24)
train() { "$dragoman" train "$@"; }
translate() { "$dragoman" translate --model "$@"; }

# ---- Training, and everything that is done with a folder ----

check 'a run' 0 'Done' train "${experts[@]}" --experts-shared 1 --after 100e --valid-sets src trg --valid-freq 25e \
    --average 3 --early-stopping 0 --model run
grep -q '"model_type":	"dragoman"' run/config.json || fail "config.json: $(head -n 3 run/config.json)"
translate run < src > best || fail 'translate'
right=$(paste -d '\n' best trg | awk 'NR % 2 { got = $0; next } got == $0' | wc -l)
[ "$right" -gt 15 ] || fail "it has learnt $right lines of 30"
translate run --word-scores --cpu-threads 1 < src > scored
for precision in fp32 bf16 int8; do
    translate run --precision $precision < /dev/null 2> /dev/null || continue  # does this machine have it?
    translate run --precision $precision --word-scores --cpu-threads 1 < src > whole
    translate run --precision $precision --word-scores --cpu-threads 3 --mini-batch 1 < src > alone
    same "$precision: whatever shares a batch" whole alone
    [ "$(wc -l < whole)" = 30 ] || fail "$precision translates $(wc -l < whole) lines"
    [ "$(diff <(cut -d '|' -f 1 whole) <(cut -d '|' -f 1 scored) | grep -c '^>')" -lt 6 ] || fail "$precision translates otherwise"
done
cp run/model.safetensors three
check 'an average' 0 'the average of 3' "$dragoman" average --model run
same 'the average that training made' run/model.safetensors three
check 'int8' 0 '' "$dragoman" quantize --model run --output int8
python3 - << 'PYTHON' || fail 'which weights are stored in full'
import json, struct
with open("int8/model.safetensors", "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
router = "model.encoder.layers.1.router."
assert header[router + "weight"] == {**header[router + "weight"], "dtype": "F32", "shape": [4, 32]}, header[router + "weight"]
assert header[router + "bias"]["shape"] == [4] and header["model.decoder.layers.0.experts.3.fc1.weight"]["dtype"] == "I8"
PYTHON
translate int8 < src > small || fail 'int8 does not translate'
[ "$(diff best small | grep -c '^>')" -lt 6 ] || fail "int8 translates otherwise: $(diff best small)"
check 'a shortlist' 0 '' "$dragoman" shortlist --model run --train-sets src trg
translate run --shortlist < src > listed
same 'a shortlist of all pieces' best listed
"$dragoman" rescore --model run src trg > scores || fail 'rescore'
"$dragoman" bench train --model run --seconds 0 --rounds 1 --sentences 200 --mini-batch-words 500 --profile > measured || fail 'bench train'
for part in affinity route combine collect 'target tokens/s'; do
    grep -q "$part" measured || fail "bench train does not speak of $part: $(cat measured)"
done
"$dragoman" bench translate --model run --seconds 0 --rounds 1 --sentences 20 > measured || fail 'bench translate'

# ---- What it costs: linear in those chosen, whatever there is to choose from but for the router ----

flops() { "$dragoman" bench train --shape tiny --seconds 0 --rounds 1 --sentences 60 --mini-batch-words 500 --cpu-threads 1 --json "$@" > measured.json &&
    python3 -c 'import json; print(json.load(open("measured.json"))["gflop_per_target_token"])'; }
for shape in '8 1' '8 2' '8 3' '16 2' '4 2'; do
    flops --experts ${shape% *} --experts-top ${shape#* }
done > counted
flops > counted.dense
python3 - << 'PYTHON' || fail "what experts cost: $(cat counted)"
import json
one, two, three, many, few = map(float, open("counted"))
measured = json.load(open("measured.json"))
sides = 1 + measured["source_tokens"] / measured["target_tokens"]  # a source may have more pieces than its target
dense = float(open("counted.dense").read())
router = sides * 4 * 3 * 2 * 128 * 4 * 1e-9 * 2  # of 4 experts, in 4 layers of either side: forward and both ways back
block = sides * 4 * 3 * 2 * 2 * 128 * 256 * 1e-9
assert abs((two - one) - (three - two)) < 1e-9 and abs((two - one) - block) < 0.02 * block, (one, two, three, block)
assert 0 < two - few < router and abs((many - two) - 2 * (two - few)) < 0.1 * router, (few, two, many, router)
assert 0 < one - dense < router, (dense, one)
PYTHON

check 'a dense run' 0 'Done' train "${common[@]}" --after 10u --model dense

# ---- What is said of it ----

"$dragoman" info --model run > drawing || fail 'info'
for part in '4 experts of 32 - 24 - 32, relu, the top 2 by softmax and 1 that every piece goes to' 'active for a token'; do
    grep -qF "$part" drawing || fail "info does not draw '$part': $(cat drawing)"
done
"$dragoman" info --model run --json > info.json
"$dragoman" info --model run --experts --input src > table || fail 'info --experts'
"$dragoman" info --model run --experts --input src --json > experts.json || fail 'info --experts --json'
grep -q '^encoder.layers.1: 1[0-9]* pieces, entropy ' table || fail "info --experts: $(head -n 3 table)"
[ "$(grep -cE '^  +[0-3] +[0-9.]+%' table)" = 12 ] || fail "info --experts has no line for each: $(cat table)"
python3 - << 'PYTHON' || fail 'what is said of experts'
import json
info, uses = json.load(open("info.json")), json.load(open("experts.json"))
total = info["parameters"]["total"]
idle = 3 * 2 * (2 * 32 * 24 + 24 + 32)  # three layers, two of four experts each
assert total["count"] - total["active"] == idle, (total, idle)
assert info["architecture"]["experts"] == 4 and info["architecture"]["router"] == "softmax"
words = sum(len(line.split()) + 1 for line in open("src"))
assert [r["layer"] for r in uses["routers"]] == ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0"]
for router in uses["routers"]:
    assert abs(sum(e["share"] for e in router["experts"]) - 1) < 1e-9 and 0 < router["entropy"] < 1.3863
    counts = [sum(p["count"] for p in e["pieces"]) for e in router["experts"]]
    assert sum(counts) == 2 * router["tokens"] and all(abs(c / sum(counts) - e["share"]) < 1e-9
                                                       for c, e in zip(counts, router["experts"]))
    for expert in router["experts"]:
        assert [p["count"] for p in expert["pieces"]] == sorted((p["count"] for p in expert["pieces"]), reverse=True)
assert uses["routers"][0]["tokens"] == words and uses["lines"] == 30
log = [json.loads(line) for line in open("run/train.jsonl")]
routers = [event["routers"] for event in log if event["event"] == "train"][-1]
assert len(routers) == 3 and all(abs(sum(r["load"]) - 1) < 1e-3 and len(r["load"]) == 4 for r in routers), routers
PYTHON

check 'a report' 0 'Wrote report.html' "$dragoman" report --model run dense --output report.html
python3 - << 'PYTHON' || fail 'the report'
import json, re
page = open("report.html", encoding="utf-8").read()
run, dense = json.loads(re.search('<script id="figures" type="application/json">(.*?)</script>', page, re.S).group(1))["runs"]
assert [r["layer"] for r in run["experts"]] == ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0"] and "experts" not in dense
assert run["curves"]["train"]["busiest_expert"] and run["curves"]["train"]["router_entropy"]
PYTHON
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -z "$browser" ] || python3 -B "$here/report_page.py" "$browser" report.html << 'STEPS' || fail 'the page of the report'
all("#experts .loads tr").length === 3 && all("#experts .loads i").length === 12 && text.includes("No layer has experts.")
text.includes("Busiest expert") && text.includes("Entropy of routers") && !text.includes("undefined") && !text.includes("NaN")
STEPS

# ---- What is refused ----

check 'no experts' 2 '--experts-top has no effect without --experts' train "${common[@]}" --experts-top 1 --after 1u --model new
check 'no experts to balance' 2 '--balance has no effect without --experts' train "${common[@]}" --balance bias --after 1u --model new
check 'more than there are' 2 '--experts-top 5 is more than --experts 4' train "${experts[@]}" --experts-top 5 --after 1u --model new
check 'in no layer' 2 '--experts-every 3 is more than --enc-depth 2' train "${experts[@]}" --experts-every 3 --after 1u --model new
check 'of another type' 2 '--experts is for --type transformer' train --train-sets src trg --type rnn --experts 4 --after 1u --model new
check 'a weight first' 2 'stands where the name' train "${experts[@]}" --balance 0.1 loss --after 1u --model new
check 'a weight of none' 2 'none has no weight' train "${experts[@]}" --balance none 0.1 --after 1u --model new
check 'a weight of nothing' 2 'balances nothing' train "${experts[@]}" --balance loss 0 --after 1u --model new
[ ! -e new ] || fail 'a command that could not begin left a folder'
check 'experts of a dense model' 2 'no experts' "$dragoman" info --model dense --experts --input src
check 'balancing a dense model' 2 'no experts' train --train-sets src trg --gemm openblas --pretrained-model dense --balance bias --after 1u --model new
check 'without input' 2 '--experts has no effect without --input' "$dragoman" info --model run --experts

# ---- Going on ----

check 'from it' 0 'Done' train --train-sets src trg --gemm openblas --pretrained-model run --lr-schedule inv-sqrt --balance bias 0.01 --after 3u --model further
check 'going on with it' 0 'From update 3|Done' train --train-sets src trg --model further --after 5u
check 'another balance' 2 '--balance' train "${experts[@]}" --experts-shared 1 --balance bias --model run --after 101e
check 'another balance, said' 0 'loss 0.01 until here, bias 0.002 from here on' train --change --balance bias 0.002 --model run --after 101e

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
