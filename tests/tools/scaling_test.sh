#!/bin/bash
# scripts/scaling.py on measurements whose latency and handling are known: it finds both, and predicts by them. Bytes that
# are not those of the formula end it. Argument: the command to test.
. "$(dirname "$0")/common.sh"
export PYTHONDONTWRITEBYTECODE=1 SCALING=$(realpath "$(dirname "$0")/../../scripts")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# measurements FOLDER FORM BYTES-TOO-MANY: sum, of cable and handling, or max
measurements() {
    mkdir "$1"
    python3 - "$@" << 'PYTHON'
import json, os, pathlib, sys
sys.path.insert(0, os.environ["SCALING"])
import scaling
folder, form, more = pathlib.Path(sys.argv[1]), {"sum": sum, "max": max}[sys.argv[2]], int(sys.argv[3])
for name, weights, lanes, computing in ("least", 3000, 4, 1e-4), ("tiny", 2600000, 4, 0.8), ("base", 60000000, 2, 9.0):
    for ranks, rate in (1, "free"), (2, "free"), (2, "1"), (2, "10"):
        each = []
        for rank in range(ranks):
            size, messages = scaling.sent(weights, lanes, rank, ranks, shards=16)
            cable = 0 if rate == "free" or size <= scaling.BURST else 8e-9 / float(rate)
            seconds = 50e-6 * messages + size * form((cable, 0.5e-9)) if ranks > 1 else 0
            each.append({"computing_seconds": 3 * computing / ranks, "waiting_seconds": 0, "exchange_seconds": 3 * seconds,
                         "sent_bytes": 3 * size + more, "received_bytes": 3 * size, "shards": 48})
        (folder / f"{name}-{ranks}-{rate}.json").write_text(json.dumps(
            {"updates": 3, "lanes": lanes, "threads": 1, "trained_weights": weights, "target_tokens": 3 * 4000, "ranks": each}))
PYTHON
}

for form in sum max; do
    measurements $form $form 0
    python3 "$SCALING/scaling.py" $form --threads 8 > out 2> err || fail "$form: $(cat err)"
    grep -q "| base | 64 |" out || fail "$form: no prediction for 64 machines: $(cat out)"
    python3 - $form << 'PYTHON' || fail "$form: what it finds"
import json, sys
found = json.load(open(sys.argv[1] + "/results.json"))
assert found["form"] == sys.argv[1] and abs(found["latency"] / 50e-6 - 1) < 0.1 and abs(found["handling"] / 0.5e-9 - 1) < 0.02, found
base = {(row["machines"], row["gbit"]): row for row in found["predicted"] if row["shape"] == "base"}
assert abs(base[1, 10]["seconds"] - 9 / 8) < 1e-9 and base[1, 10]["efficiency"] == 1
assert 8 * 60e6 * 63 / 64 * 8e-9 < base[64, 1]["seconds"] - 9 / 8 / 64 < 1.7 * 8 * 60e6 * 8e-9, "the volume of 64 machines"
for (machines, rate), row in base.items():
    exchange = row["seconds"] - 9 / 8 / machines
    computing = row["batch"] / 4000 * 9 / 8 / machines
    assert machines == 1 or abs(computing / (computing + exchange) - 0.8) < 1e-9, row
PYTHON
done
measurements wrong sum 1
ends "another number of bytes" 1 "other bytes were counted" python3 "$SCALING/scaling.py" wrong
mkdir nothing
check "no measurements" 1 "nothing|scripts/scaling.sh" python3 "$SCALING/scaling.py" nothing
exit $((failures > 0))
