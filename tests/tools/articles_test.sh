#!/bin/bash
# scripts/articles/systems.py and bottleneck.py on made-up text: every system trains, is scored, counted and measured, what
# was trained is not trained again, and not taken for what was asked otherwise. Argument: the command to test.
. "$(dirname "$0")/common.sh"
scripts=$(realpath "$(dirname "$0")/../../scripts")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
mkdir -p tree/build tree/scripts articles/text/treebank---text-only articles/text/handbook---text-only-de articles/text/g2p---text-only multi/bpe
cp -r "$scripts/articles" "$scripts/recipes" "$scripts"/{distil,steps}.sh "$scripts"/toy_{corpus,links}.py tree/scripts
ln -s "$dragoman" tree/build/dragoman

# ---- Text: words and their reversals; of letters two ways to be right ----

python3 - << 'PYTHON'
import pathlib, random
dice = random.Random(1)
words = "red blue green gold pink grey teal lime navy rust".split()
def side(least, most):
    return [dice.choice(words) for _ in range(dice.randint(least, most))]
def write(path, lines):
    pathlib.Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
for folder, names, parts in (("articles/text/handbook---text-only-de", ("de", "en"), ("train", "dev", "test")),
                             ("multi/bpe", ("de", "en"), ("train", "valid", "test.2016"))):
    for part in parts:
        lengths = [(1, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, 35)]
        lines = [side(*length) for length in lengths * (4 if part == "train" else 1)]
        write(f"{folder}/{part}.{names[0]}", map(" ".join, lines))
        write(f"{folder}/{part}.{names[1]}", (" ".join(reversed(line)) for line in lines))
folder = "articles/text/g2p---text-only"
for part in ("train", "dev", "test"):
    lines = [list(dice.choice(words)) for _ in range(30 if part == "train" else 6)]
    write(f"{folder}/{part}.letters", map(" ".join, lines))
    write(f"{folder}/{part}.sounds" + ".1" * (part == "test"), (" ".join(line).upper() for line in lines))
    if part == "test":
        write(f"{folder}/test.sounds.2", (" ".join(reversed(line)).upper() for line in lines))
folder = "articles/text/treebank---text-only"
for part in ("train", "dev", "test"):
    lines = [[dice.choice(words) + dice.choice(["", "ish", "er" + "ly" * (part == "test")]) for _ in range(8)] for _ in range(40)]
    write(f"{folder}/{part}.words", map(" ".join, lines))
    write(f"{folder}/{part}.labels", (" ".join("ADJ" if word in words else "NOUN" for word in line) for line in lines))
for folder, endings in (("inflect-plurals", ("word", "form")), ("inflect-pasts", ("word", "form")), ("links", ("letters", "sounds")),
                        ("toy_links", ("zh", "en"))):
    folder = pathlib.Path("articles/text") / folder
    folder.mkdir()
    for part in ("train", "dev", "test"):
        lines = [list(dice.choice(words)) for _ in range(30 if part == "train" else 6)]
        write(folder / f"{part}.{endings[0]}", map(" ".join, lines))
        write(folder / f"{part}.{endings[1]}", (" ".join(line + ["s"]) for line in lines))
        write(folder / f"{part}.links", (" ".join(f"{i}-{i}" for i in range(len(line))) for line in lines))
PYTHON
for text in articles/text/*; do touch "$text/made"; done

# ---- The scripts with settings that are smaller still ----

article() {  # article SCRIPT PYTHON-STATEMENTS OPTIONS...
    local name=$1 changes=$2
    shift 2
    PYTHONPATH=tree/scripts/articles python3 -B - "$name" "$changes" "$@" --folder "articles/$name" --threads 1 << 'PYTHON'
import importlib, sys
name, changes, *options = sys.argv[1:]
sys.argv = [f"{name}.py", *options]
import systems
systems.SIZES = {task: [(20, 1, 30 if sizes[0][2] else None)] * 2 for task, sizes in systems.SIZES.items()}
systems.SECONDS = 0
exec(changes)
importlib.import_module(name).main()
PYTHON
}
article systems '' --multi30k multi > said 2> err || fail "systems.py: $(tail -n 3 err)"
[ "$(grep -c '^\$ .*dragoman train ' err)" = 24 ] || fail "systems.py trains $(grep -c '^\$ .*dragoman train ' err) runs: $(cat err)"
for system in 'LSTM, no attention' 'LSTM, attention' 'LSTM, attention, bidirectional' 'GRU, attention, bidirectional' \
    'LSTM, attention, bidirectional, input feeding' convolutions 'separable convolutions' 'light convolutions' \
    'Transformer, post-norm' 'Transformer, pre-norm'; do
    [ "$(grep -c "^| $system | [0-9]" said)" -ge 2 ] || fail "no rows of $system: $(cat said)"
done
[ "$(grep '^|' said | sed 's/[^|]//g' | sort -u)" = '||||||||||' ] || fail "rows of different lengths: $(cat said)"
[ -s articles/systems/picture.svg ] && [ -s articles/systems/results.json ] || fail 'no picture or no results'
python3 - "$dragoman" << 'PYTHON' || fail 'figures and report'
import json, pathlib, re, subprocess, sys
folder = pathlib.Path("articles/systems")
results = json.loads((folder / "results.json").read_text())["results"]
assert [len([r for r in results if r["task"] == task]) for task in ("handbook", "sounds", "multi30k")] == [10, 10, 4]
# A word is right in either of its ways; WER is what is left to 100.
run = next(r for r in results if r["task"] == "sounds" and r["system"] == "convolutions")
said = (folder / "sounds-convolutions-1" / "test.letters.out").read_text().splitlines()
ways = [pathlib.Path(f"articles/text/g2p---text-only/test.sounds.{i}").read_text().splitlines() for i in (1, 2)]
wrong = sum(line not in pair for line, *pair in zip(said, *ways))
assert abs(run["scores"][0] - 100 * wrong / len(said)) < 1e-9, (run, wrong)
# An epoch of so few pairs is an update, which is counted as the pieces of one.
run = next(r for r in results if r["task"] == "handbook" and r["system"] == "Transformer, pre-norm")
described = json.loads(subprocess.run([sys.argv[1], "info", "--json", "--length", "102", "--model",
                                       folder / "handbook-transformer-pre-norm-1"], capture_output=True, check=True).stdout)
assert abs(run["operations"] / (2048 * described["operations"]["train"]["total"]) - 1) < 1e-9, run["operations"]
# The same sentences of all that have attention: a picture for each layer and head, whose rows are shares.
page = (folder / "report.html").read_text(encoding="utf-8")
runs = json.loads(re.search('<script id="figures" type="application/json">(.*?)</script>', page, re.S).group(1))["runs"]
looking = {run["name"]: run["attention"]["sentences"] for run in runs if run["attention"]["sentences"]}
assert len(runs) == 10 and len(looking) == 9, looking.keys()
same = set.intersection(*[{tuple(s["seen"]["source"]) for s in sentences} for sentences in looking.values()])
assert len(same) >= 2, looking  # a translation may be too long for a picture
for name, sentences in looking.items():
    for row in (row for s in sentences for layer in s["seen"]["cross"] for head in layer for row in head):
        assert abs(sum(row) - 1) < 0.02 * len(row), (name, row)
PYTHON
sed -n '/^| sounds/,/^$/p' said > before
article systems '' --tasks sounds > said 2> err || fail "systems.py again: $(tail -n 3 err)"
! grep -q 'dragoman train' err || fail "trains again: $(grep 'dragoman train' err | head -n 1)"
sed -n '/^| sounds/,/^$/p' said | same 'the table of runs that are kept' before -

few=(--only 'GRU, attention, bidirectional')
article systems '' --tasks handbook --speed "${few[@]}" > said 2> err || fail "--speed: $(tail -n 3 err)"
[ "$(grep -cE '\| [0-9,]+ \| [0-9,]+ \| [0-9,]+ \|$' said)" = 1 ] || fail "--speed measures nothing: $(cat said)"
article systems 'systems.SIZES["handbook"] = [(20, 2, 30)]' --tasks handbook > said 2> err &&
    fail 'a run of other settings is taken for what was asked'
grep -q 'was trained with other settings' err || fail "other settings: $(tail -n 1 err)"

article bottleneck '' > said 2> err || fail "bottleneck.py: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 2 ] || fail "bottleneck.py trains what systems.py has: $(grep 'dragoman train' err)"
grep 'dragoman train' err | grep -qv -- --reverse-source && fail "what is missing is not reversed: $(grep 'dragoman train' err)"
[ "$(grep -c '^| LSTM, .*attention.* | [0-9.]* | [0-9.]* | [0-9.]* | [0-9.]* | [0-9.]* | [0-9.]* | [0-9.]* |$' said)" = 4 ] ||
    fail "bottleneck.py: $(cat said)"

article versus '' > said 2> err || fail "versus.py: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 8 ] || fail "versus.py trains what systems.py has: $(grep 'dragoman train' err)"
[ "$(grep -c '^| Transformer, pre-norm | [0-9]' said)" = 2 ] && [ "$(grep -c '^| decoder alone' said)" = 8 ] ||
    fail "versus.py: $(cat said)"
article exposure 'import exposure; exposure.SIZES = [(400, 1)] * 2; exposure.MODELS = {"Transformer": exposure.MODELS["Transformer"]}' \
    > said 2> err || fail "exposure.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| Transformer \| [a-z ]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 6 ] ||
    fail "exposure.py: $(cat said)"
[ "$(awk '{ print $4 }' articles/exposure/numbers-transformer-0-1/test.source.wrong.prefix | sort | uniq -c | wc -l)" -gt 5 ] &&
    ! cmp -s articles/exposure/numbers-transformer-0-1/test.source.{wrong,right}.prefix || fail 'nothing wrong was forced'
article exposure '' --only handbook > said 2> err || fail "exposure.py --only: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 4 ] || fail "exposure.py trains what systems.py has: $(grep 'dragoman train' err)"
[ "$(grep -cE '^\| [A-Z].* \| (teacher forcing|piece by piece|one pass) \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 6 ] ||
    fail "exposure.py: $(cat said)"
article copying 'import copying as c; c.COUNTS, c.UPDATES, c.NAMES, c.TESTS = [[10]] * 2, [2] * 2, [(100, 1)] * 2, 50
c.MODELS = {"Transformer": c.MODELS["Transformer"]}' --tasks plurals pasts names handbook > said 2> err || fail "copying.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| 10 \| Transformer \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 2 ] &&
    [ "$(grep -cE '^\| Transformer \| (softmax|pointer)[a-z, -]* \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 4 ] &&
    [ "$(grep -cE '^\| (softmax|pointer)[a-z, ]* \| [0-9.]+ \| [0-9.]+ \|$' said)" = 3 ] ||
    fail "copying.py: $(cat said)"
python3 - << 'PYTHON' || fail 'names and numbers of the tests stand in what was learnt from'
import pathlib
words = {part: {word for line in pathlib.Path(f"articles/copying/names/{part}.zh").read_text(encoding="utf-8").splitlines()
                for word in line.split() if word.isascii() and word.isalnum()} for part in ("train", "dev", "test")}
assert len(words["test"]) == 50 and len(words["train"]) > 50, words
assert not words["train"] & words["test"] and not words["dev"] & words["test"], words
PYTHON
article risk 'import risk; systems.SIZES["plurals"] = [(20, 1, None)] * 2' --tasks plurals sounds > said 2> err ||
    fail "risk.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| (teacher forcing|minimum risk, (drawn|beam)|self-critical) \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 8 ] ||
    fail "risk.py: $(cat said)"
article guidance 'import guidance; guidance.SIZES = {task: [(30, 2)] * 2 for task in guidance.SIZES}' > said 2> err ||
    fail "guidance.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| (Transformer|LSTM, attention) \| (none|(dragoman align|true links)(, weight 0.5)?) \| [0-9.]+ \| [0-9.]+ \| ' said)" = 20 ] ||
    fail "guidance.py: $(cat said)"
wide='import parallel_decoding as p; p.ROUNDS = 1; p.KINDS["CTC"][0]["ctc_upsample"] = 16'  # what has learnt nothing writes much
article parallel_decoding "$wide" --speed > said 2> err ||
    fail "parallel_decoding.py: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 10 ] || fail "parallel_decoding.py trains $(grep -c 'dragoman train' err) runs: $(cat err)"
[ "$(grep -cE '^\| (piece by piece|masked|CTC) \| .* \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 12 ] ||
    fail "parallel_decoding.py: $(cat said)"
article parallel_decoding "$wide" > again 2> err || fail "parallel_decoding.py again: $(tail -n 3 err)"
! grep -qE 'dragoman (train|translate)' err || fail "does again: $(grep -E 'dragoman (train|translate)' err | head -n 1)"
same 'the table of runs that are kept' said again
article shallow '' --only '3 + 3 layers' '12 + 1 layers, SSRU' --speed > said 2> err || fail "shallow.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| (3 \+ 3|12 \+ 1) layers.* \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9,]+( \(front\))? \| [0-9,]+( \(front\))? \| [0-9.]+ \|$' said)" = 2 ] &&
    grep -q '(front)' said || fail "shallow.py: $(cat said)"
article speculative 'import speculative as s; s.ROUNDS, s.WAYS = 1, [("fp32", 1, 8)]' --speed > said 2> err ||
    fail "speculative.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| (a small model|lookup|source|its own heads) \| (adaptive|2|4|8) \| [0-9.]+ \| [0-9]+ \| ([0-9, ]+|–) \|$' said)" = 36 ] &&
    [ "$(grep -cE '^\| fp32 \| 1 \| 8 \| [0-9.]+( \| [0-9.]+){2,4} \|$' said)" = 3 ] &&
    [ "$(grep -cE '^\| (without|three) heads \| [0-9.]+ \| [0-9.]+ \|$' said)" = 2 ] || fail "speculative.py: $(cat said)"
article speculative '' --only plurals > said 2> err || fail "speculative.py --only: $(tail -n 3 err)"
[ "$(grep -c '^| .* | adaptive | ' said)" = 2 ] && ! grep -q heads said || fail "speculative.py --only: $(cat said)"
article padding 'import padding; padding.SENTENCES, padding.SECONDS = 20, 0' > said 2> err || fail "padding.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| (train|translate) \| 5( of 50| pieces) \| [0-9,]+ ' said)" = 4 ] || fail "padding.py: $(cat said)"
[ "$(grep -cE '^\| .*'"'s"' \| (train|translate) \| [0-9,]+ \| [0-9,]+ \([0-9.]+\)' said)" = 4 ] || fail "padding.py: $(cat said)"

article labels 'import labels; labels.SENTENCES, labels.EPOCHS = [(200, 60)] * 2, [("1e", "1e")] * 2
labels.TREEBANK = {"type": "labels", "dim_emb": 16, "dim_ffn": 16, "enc_depth": 1, "heads": 2}' > said 2> err ||
    fail "labels.py: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 4 ] || fail "labels.py trains $(grep -c 'dragoman train' err) runs: $(cat said)"
[ "$(grep -cE '^\| (the most|a window|self).* \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' said)" = 5 ] &&
    [ "$(grep -cE '^\| the most frequent label of the word \| [0-9.]+ \| 50.0 \| 50.0 \|$' said)" = 1 ] ||
    fail "labels.py: $(cat said)"

article small_data 'import small_data as s; s.ENSEMBLE = 2' --only 'as it is' 'dropout 0.2' 'cutoff of a span' 'no tables tied' BPE \
    'BPE-dropout 0.1 (Provilkov et al. 2020)' 'a vocabulary for each side' 'an ensemble of three' 'distilled from three (Kim and Rush 2016)' \
    'diversified, three models each way (Nguyen et al. 2020)' > said 2> err || fail "small_data.py: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 11 ] || fail "small_data.py trains $(grep -c 'dragoman train' err) runs: $(cat err)"
[ "$(grep -cE '^\| .* \| [0-9.]+ \| ([0-9.]+|–) \| [0-9.]+ \|$' said)" = 10 ] || fail "small_data.py: $(cat said)"
article small_data '' --tasks --multi30k multi --only 'as it is' > said 2> err || fail "small_data.py --multi30k: $(tail -n 3 err)"
grep -q 'dragoman train .*\.en .*\.de --valid-sets multi/bpe/valid.en multi/bpe/valid.de' err || fail "not into German: $(cat err)"

mkdir -p articles/text/toy_links articles/text/links
for i in {1..60}; do echo "a$((i % 7)) b$((i % 5))"; done | tee articles/text/toy_links/train.zh > articles/text/links/train.letters
tr ab xy < articles/text/toy_links/train.zh | tee articles/text/toy_links/train.en > articles/text/links/train.sounds
yes '0-0 1-1' | head -n 60 | tee articles/text/toy_links/train.links > articles/text/links/train.links
touch articles/text/{toy_links,links}/made
article alignment '' --peers nowhere > said 2> err || fail "alignment.py: $(tail -n 3 err)"
[ "$(grep -cE '^\| (toy|letters and sounds) \| dragoman align \| 0.0 ' said)" = 2 ] || fail "alignment.py: $(cat said)"
[ "$(grep -c 'left out' err)" = 4 ] || fail "alignment.py leaves out: $(cat err)"

article systems '' --tasks handbook --tune "${few[@]}" > said 2> err || fail "--tune: $(tail -n 3 err)"
[ "$(grep -c 'dragoman train' err)" = 5 ] || fail "--tune tries $(grep -c 'dragoman train' err) settings: $(cat said)"

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
