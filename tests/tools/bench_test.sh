#!/bin/bash
# dragoman bench: what it prints has the parts that it should, and adds up. How fast anything is, no test asks. Argument:
# the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cp -r "$(dirname "$0")/../golden/rnn/shared" "$room/rnn"
cd "$room" || exit 1
make_folder model
short=(--seconds 0 --rounds 2 --cpu-threads 2)
bench() { "$dragoman" bench "$@"; }

bench train --model model "${short[@]}" --profile > text || fail "bench train --profile"
for part in "target tokens/s" "GFLOP/s" "percent of it" "MiB of memory" "cross_entropy" "linear" "attention" optimizer; do
    grep -q "$part" text || fail "bench train does not speak of $part: $(cat text)"
done
bench translate --model model "${short[@]}" > text || fail "bench translate"
grep -q "target tokens/s" text || fail "bench translate: $(cat text)"
bench translate --model model --seconds 0 --rounds 2 --latency > text || fail "bench translate --latency"
grep -q "99th percentile" text || fail "bench translate --latency: $(cat text)"
for i in $(seq 12); do echo "w$((2 + i)) w5 w6"; done > lines
bench translate --model model --input lines "${short[@]}" --json > own.json || fail "lines of one's own"

bench train --model model "${short[@]}" --length 50 --sentences 20 --json > long.json || fail "bench train --length"
bench train --model model "${short[@]}" --profile --json > train.json || fail "bench train --json"
bench translate --model model "${short[@]}" --beam-size 3 --json > translate.json || fail "bench translate --json"
for batch in 1 64; do
    bench translate --model model "${short[@]}" --sentences 20 --mini-batch $batch --json > made$batch.json ||
        fail "bench translate --mini-batch $batch"
done
# Where the processor has it.
bench translate --shape tiny --precision int8 "${short[@]}" --sentences 20 --json > int8.json || echo '{}' > int8.json
for what in train translate gemm; do
    bench $what --model rnn --rounds 1 --seconds 0 --cpu-threads 1 > text || fail "bench $what of another architecture"
    grep -q "type rnn, d_model 8, hidden_size 6" text || fail "bench $what of another architecture: $(cat text)"
done
for cell in gru lstm; do
    bench train --shape $cell "${short[@]}" --sentences 40 --mini-batch-words 400 --json > $cell.json || fail "bench train --shape $cell"
    bench translate --shape $cell "${short[@]}" --sentences 3 > text || fail "bench translate --shape $cell"
done
printf '3 4\n17 2\n5 9\n' > lengths
for padding in "" "--pad-to 0" "--pad-to 30"; do
    bench train --shape tiny "${short[@]}" --lengths lengths $padding --json > "train-lengths${padding// /}.json" ||
        fail "bench train --lengths $padding"
    bench translate --shape tiny "${short[@]}" --lengths lengths $padding --json > "translate-lengths${padding// /}.json" ||
        fail "bench translate --lengths $padding"
done
for line in "3" "3 0" "3 4 5" "3 x" "100001 3" ""; do
    printf '3 4\n%s\n' "$line" > wrong
    check "lengths of '$line'" 1 "wrong:2|two numbers" bench train --shape tiny --lengths wrong
done
: > wrong
bench translate --model model "${short[@]}" --sentences 3 --length 5 --no-cache > text || fail "bench translate --no-cache"
check "no cache of a training" 2 "--no-cache has no effect in bench train" bench train --shape tiny --no-cache
check "no lengths" 1 "wrong" bench train --shape tiny --lengths wrong
check "lengths and a length" 2 "--lengths|--length" bench train --shape tiny --lengths lengths --length 3
bench gemm --shape tiny --seconds 0 --rounds 1 --cpu-threads 1 --json > gemm.json || fail "bench gemm --json"
python3 - << 'PYTHON' || fail "what the JSON says"
import json
def spread(s):
    assert set(s) == {"median", "min", "max"} and 0 < s["min"] <= s["median"] <= s["max"], s
train, translate, own, long, gemm = (json.load(open(f + ".json"))
                                     for f in ("train", "translate", "own", "long", "gemm"))
for result in train, translate, own, long:
    for key in "source_tokens_per_second", "target_tokens_per_second", "gflops", "gemm_gflops", "percent_of_gemm":
        spread(result[key])
    assert result["rounds"] == 2 and result["threads"] == 2 and result["peak_memory_bytes"] > 1 << 20
    assert result["target_tokens"] > 0 and result["gflop_per_target_token"] > 0
assert train["shape"]["vocabulary"] == 41 and train["updates"] >= 1 and train["lanes"] == 4 and train["chain"] > 7
assert long["target_tokens"] == long["source_tokens"] == 2 * 20 * 50, "all 20 sentences in each of two rounds"
made = [json.load(open(f"made{batch}.json"))["target_tokens"] for batch in (1, 64)]
uneven = [json.load(open(f"made{batch}.json"))["uneven_target_tokens"] for batch in (1, 64)]
assert uneven[0] == uneven[1] != made[0] and abs(uneven[0] - made[0]) <= 2 * 20 / 2, f"{uneven} and {made}: not of their own lengths"
spread(translate["uneven_target_tokens_per_second"])
assert "uneven_target_tokens" not in own, "real text ends by itself"
for padding in "", "--pad-to0", "--pad-to30":
    trained, translated = (json.load(open(f"{what}-lengths{padding}.json")) for what in ("train", "translate"))
    updates = trained["updates"]
    assert trained["target_tokens"] == 15 * updates and trained["source_tokens"] == 25 * updates, trained
    assert translated["uneven_target_tokens"] == 2 * 15, "the padding is no word"
for result in translate, own:
    assert result["packed_by"] != "onednn" or result["code"], "the library does not say what it runs"
for result in train, translate, own, gemm, json.load(open("int8.json")):
    assert not any(name.startswith("ref") for name in result.get("code", [])), result["code"]
assert made[0] == made[1] and made[0] % (2 * 20) == 0, f"{made}: translations of made-up text are not all of one length"
assert own["source_tokens"] % (12 * 4) == 0, "twelve lines of three words and their end"
for cell, attention in ("gru", "additive"), ("lstm", "general"):
    result = json.load(open(cell + ".json"))
    shape = result["shape"]
    assert shape["type"] == "rnn" and shape["cell"] == cell and shape["attention"] == attention, shape
    assert shape["d_model"] == shape["hidden_size"] == 256 and shape["vocabulary"] == 10000, shape
    assert result["shard_words"] == 400 // 4, "sentences run side by side in larger shards"
profile = train["profile"]
parts = [way["seconds"] for op in profile["ops"] for way in (op["forward"], op["backward"])]
parts += [profile[key] for key in ("batches", "waiting_for_lane", "waiting_for_end", "lane_sums", "optimizer")]
assert abs(sum(parts) - profile["seconds"]) < 0.01 * profile["seconds"], "the parts of the profile are not the whole"
assert {"cross_entropy", "linear", "attention"} <= {op["op"] for op in profile["ops"]}
assert gemm["uses"][0]["use"] == "training" and len(gemm["uses"]) > 2
for use in gemm["uses"]:
    assert abs(sum(product["share"] for product in use["products"]) - 1) < 1e-6
    for product in use["products"]:
        spread(product["gflops"]["openblas"])
PYTHON

# A layer of a made-up shape: figures that do not depend on the machine.
for n in 1 16 32; do
    bench layer --model model --length $n --seconds 0 --rounds 1 --json > layer$n.json || fail "bench layer --length $n"
done
bench layer --model rnn --length 12 --seconds 0 --rounds 2 --path --json > path.json || fail "bench layer --path"
bench layer --model rnn --length 12 --seconds 0 --rounds 1 --path > text || fail "bench layer, for people"
for part in "one sentence of 12 pieces" "ops, forward" "1 layer" "ms backward"; do
    grep -q "$part" text || fail "bench layer does not speak of $part: $(cat text)"
done
mkdir backward
sed 's/"both"/"backward"/' rnn/config.json > backward/config.json
bench layer --model backward --length 12 --seconds 0 --rounds 1 --path --json > never.json || fail "a path to nowhere"
bench layer --model backward --length 12 --seconds 0 --rounds 1 --path > text || fail "a path to nowhere, for people"
grep -q "does not feel" text || fail "a path to nowhere: $(cat text)"
bench layer --model model --seconds 0 --rounds 1 --json > usual.json || fail "bench layer, of what length"
python3 - << 'PYTHON' || fail "what bench layer says"
import json
one, some, twice, path, never, usual = (json.load(open(name + ".json"))
                                        for name in ("layer1", "layer16", "layer32", "path", "never", "usual"))
for result in one, some, twice, path, never, usual:
    assert result["threads"] == 1 and result["gemm"] and "target_tokens" not in result
    for figure in "forward_seconds", "backward_seconds":  # differences, which on a busy machine may come out below 0
        assert result[figure]["min"] <= result[figure]["median"] <= result[figure]["max"]
    for way in result["operations"].values():
        assert way["total"] == way["weights"] + way["attention"]
assert [one["length"], some["length"], usual["length"]] == [1, 16, 14]
forward, doubled = some["operations"]["forward"], twice["operations"]["forward"]
assert doubled["weights"] == 2 * forward["weights"] and doubled["attention"] == 4 * forward["attention"] > 0
assert some["operations"]["backward"]["total"] == 2 * forward["total"]
assert some["chain"] == twice["chain"] > 0 and "path" not in some
assert path["chain"] == 2 * 12 + 3, "a cell of either direction, and both side by side"
assert path["path"]["layers"] == 1 and 0 < path["path"]["share"] < 1
assert never["path"] == {"layers": None, "tried": 256, "share": 0}, never["path"]
PYTHON

check "nothing to measure" 2 "WHAT" "$dragoman" bench
check "no such thing" 2 "train, translate, gemm, layer" "$dragoman" bench walk
check "no such shape" 2 "tiny" "$dragoman" bench train --shape huge
check "experts of what has none" 2 "--experts|gru" "$dragoman" bench train --shape gru --experts 4
check "a shape and a model" 2 "--shape|--model" "$dragoman" bench train --shape tiny --model model
check "no such model" 1 "nowhere" "$dragoman" bench train --model nowhere
check "a profile of what" 2 "--profile" "$dragoman" bench gemm --profile
check "lengths of what" 2 "--length" "$dragoman" bench gemm --length 5
check "threads of a layer" 2 "--cpu-threads" "$dragoman" bench layer --cpu-threads 2
check "precision of a layer" 2 "--precision" "$dragoman" bench layer --precision bf16
check "a path of what" 2 "--path" "$dragoman" bench train --path
check "a path from a piece to itself" 2 "--length 2" "$dragoman" bench layer --model model --length 1 --path
check "latency of what" 2 "--latency" "$dragoman" bench train --latency

[ $failures = 0 ] || exit 1
