#!/bin/bash
# dragoman report: what a page says, that it needs nothing else, that text stays text, and what is said where something is
# missing. The figures stand in a page as JSON, which is read here; what is drawn of them is looked at where there is a
# browser. Argument: the command to test.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")")
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$browser" ] || echo "There is no Chromium here: what is drawn was not looked at"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# says PAGE < FACTS: expressions of Python about the figures, one a line (what is indented belongs to the line before)
says() {
    python3 -c '
import json, math, os, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
figures = json.loads(re.search("<script id=\"figures\" type=\"application/json\">(.*?)</script>", page, re.S).group(1))
runs, run = figures["runs"], figures["runs"][0]
for fact in re.split(r"\n(?!\s)", sys.stdin.read().strip()):
    if not eval(fact):
        sys.exit(f"not so: {fact}")' "$1" || fail "$1"
}

# draws PAGE < STEPS: see report_page.py
draws() {
    if [ -n "$browser" ]; then
        python3 -B "$here/report_page.py" "$browser" "$1" || fail "$1 in $browser"
    fi
}

hides() {  # hides PAGE TEXT...: none of them is in the page
    local page=$1 text
    shift
    for text in "$@"; do ! grep -qiF -- "$text" "$page" || fail "$page has '$text'"; done
}

# Every element that is opened is closed, and the scripts are the page's own four and the figures: no text began one.
balanced() {
    local tag
    for tag in html head body style header main section p span nav a h1 h2 noscript title footer; do
        [ "$(grep -oE "<$tag[ >]" "$1" | wc -l)" = "$(grep -oF "</$tag>" "$1" | wc -l)" ] ||
            fail "$1: <$tag> is not balanced"
    done
    for tag in '<script' '</script'; do
        [ "$(grep -oiF "$tag" "$1" | wc -l)" = 5 ] || fail "$1: $(grep -oiF "$tag" "$1" | wc -l) times $tag"
    done
}

# ---- Two tiny runs that learn to copy ----

make_text
mv src text
cp text valid

train() {
    "$dragoman" train --train-sets text text --valid-sets valid valid --segmenter space --dim-emb 16 --dim-ffn 32 \
        --enc-depth 1 --dec-depth 2 --heads 2 --mini-batch-words 40 --lr-warmup 10 --lr-schedule inv-sqrt --dropout 0.1 --gemm openblas \
        --early-stopping 0 --disp-freq 2u --quiet "$@"
}
check 'training one' 0 '' train --model one --after 160e --valid-freq 8e --learn-rate 0.02
check 'training two' 0 '' train --model two --after 4e --seed 7 --valid-metrics perplexity chrf

# ---- One run ----

check 'a report' 0 'one/report.html' "$dragoman" report --model one
page=one/report.html
balanced $page
export lowest sample
lowest=$(grep '"valid"' one/train.jsonl | sed -E 's/.*"ce-mean-words":([0-9.]*).*/\1/' | sort -g | head -n 1)
sample=$(grep -m 1 '"sample"' one/train.jsonl)
says $page << 'FACTS'
[r["name"] for r in runs] == [r["folder"] for r in runs] == ["one"]
all(run["curves"]["train"][f] for f in ("cost", "ppl", "learn_rate", "gradient_norm", "target_tokens_per_second"))
all(len(run["curves"]["valid"][f]) == 20 for f in ("ce-mean-words", "perplexity", "bleu"))
sorted(run["curves"]["valid"]) == ["bleu", "ce-mean-words", "perplexity"] == sorted(run["metrics"])
[run["metrics"][m]["falls"] for m in ("ce-mean-words", "perplexity", "bleu")] == [True, True, False]
all(math.isclose(math.exp(c[2]), p[2])
    for c, p in zip(run["curves"]["valid"]["ce-mean-words"], run["curves"]["valid"]["perplexity"]))
(run["config"]["dragoman"]["training"]["lr-warmup"], run["config"]["dragoman"]["training"]["dim-emb"]) == (10, 16)
run["training"]["ended"] == "--after 160e is reached"
run["training"]["kept"].startswith("the best checkpoint")
run["training"]["best"]["ce-mean-words"]["value"] == float(os.environ["lowest"])
len(run["samples"]) == 3 and all(len(s["translations"]) == 20 for s in run["samples"])
all(run["samples"][0][key] == json.loads(os.environ["sample"])[key] for key in ("source", "reference"))
run["speed"] > 0 and figures["version"]
[row["layer"] for row in run["layers"]["rows"]] == ["embeddings", "encoder.0", "decoder.0", "decoder.1"]
all(len(row["norms"]) == len(run["layers"]["columns"]) and 50 <= len(row["norms"]) <= 100 for row in run["layers"]["rows"])
run["layers"]["columns"][-1][0] == run["curves"]["train"]["gradient_norm"][-1][0]
max(norm for row in run["layers"]["rows"] for norm in row["norms"]) <= max(
    point[2] for point in run["curves"]["train"]["gradient_norm"])
FACTS
# It needs nothing else: the one address in it is the name of SVG, and its own rules let it load nothing.
sed 's#http://www.w3.org/2000/svg##; s/http-equiv//' $page > alone
hides alone 'http' 'src=' '<link' '@import' 'url(' 'nan' 'inf"'
for part in "default-src 'none'" 'prefers-color-scheme: dark' 'name="viewport"' '@media print'; do
    grep -qF -- "$part" $page || fail "the page does not have $part"
done
draws $page << 'STEPS'
document.title === "one – Dragoman" && texts("h1").join() === "one"
all("figcaption").map((c) => c.firstChild.data.trim()).join() ===
    "Cost,Perplexity,BLEU,Learning rate,Gradient norm,Speed,Gradient norm by layer"
all(".plot").every((p) => p.ariaLabel.includes("against updates"))
all(".c0.train .curve").length > 4 && all(".c0.valid .curve").length > 2 && all(".plot circle").length === 60
focus .switch :checked
ArrowRight
all(".plot").every((p) => p.ariaLabel.includes("against minutes")) && all(".plot circle").length === 60
ArrowLeft
all(".plot").every((p) => p.ariaLabel.includes("against updates"))
texts(".legend span").map((name) => name.trim()).join() === "training,validation"
Tab End
document.activeElement === all(".plot")[0] && getComputedStyle(document.activeElement).outlineStyle === "solid"
/^update \d+, [0-9.]+ minutestraining: [0-9.]+validation: [0-9.]+$/.test(texts(".reading")[0])
((plot) => /^update \d+, [0-9.]+ minutes, training: [0-9.]+, validation: [0-9.]+$/.test(plot.getAttribute("aria-valuetext")) &&
    plot.getAttribute("aria-valuenow") === plot.getAttribute("aria-valuemax"))(all(".plot")[0])
texts(".tiles dd").includes(runs[0].training.best["ce-mean-words"].value.toFixed(3))
all("#samples .source").length === 3 && all("#samples .off").length > 0 && all(".samples td").length >= 3
runs[0].samples.every((s) => text.includes(s.source) && text.includes(s.reference) && text.includes(s.translations[19][1]))
text.includes("Ended: --after 160e is reached. Kept: the best checkpoint")
texts("#settings tr").includes("lr-warmup10") && texts("#settings tr").includes("dim-emb16")
all("nav a").length === 6 && all("nav a").every((a) => document.querySelector(a.getAttribute("href")))
STEPS

# Every head of every layer and kind, with the pieces as names: a picture of each, and the exact weights of one.
says $page << 'FACTS'
len(run["attention"]["sentences"]) == 3
all((len(s["seen"][kind]), len(s["seen"][kind][0])) == (layers, 2)
    for s in run["attention"]["sentences"] for kind, layers in (("encoder", 1), ("decoder", 2), ("cross", 2)))
all(abs(sum(row) - 1) < 0.01 for s in run["attention"]["sentences"] for kind in ("encoder", "decoder", "cross")
    for layer in s["seen"][kind] for head in layer for row in head)
(lambda cross: cross[1][0] != cross[1][1] and cross[0][0] != cross[1][0])(run["attention"]["sentences"][0]["seen"]["cross"])
all(s["seen"]["source"] == s["line"].split() + ["</s>"] and s["seen"]["target"] == s["seen"]["text"].split() + ["</s>"]
    for s in run["attention"]["sentences"])
run["attention"]["sentences"][0]["line"] == run["samples"][0]["source"]
FACTS
draws $page << 'STEPS'
all("#attention article").length === 3 && all("#attention .large").length === 3
texts("#attention article:first-of-type .kinds label").join() ===
    "Cross-attention,Encoder self-attention,Decoder self-attention"
all("#attention .cells").length === 3 * 5 && all("#attention .cells path").length > 15
texts("#attention article:first-of-type .large thead th").slice(1).join() ===
    runs[0].attention.sentences[0].seen.source.join()
focus .kinds :checked
ArrowRight
all("#attention article:first-of-type .cells").length === 3
ArrowRight
all("#attention article:first-of-type .cells").length === 5
texts("#attention .large thead th")[1] === "start"
texts("#attention article:first-of-type .large tbody th").join() === runs[0].attention.sentences[0].seen.target.join()
Tab ArrowRight ArrowRight ArrowRight
texts("#attention .views .note")[0].startsWith("Layer 2, head 1. Rows: the piece that is written")
Tab ArrowDown ArrowDown
(({target, decoder}) => texts(".exact")[0] === `${target[1]} → start: ${decoder[1][0][1][0].toFixed(2)}`)(
    runs[0].attention.sentences[0].seen)
all(".large .here").length === 1
all("#attention article:first-of-type .large td").every((cell, i, {length}) => (({decoder, target}) =>
    Number(cell.style.getPropertyValue("--strength")) ===
    Number(decoder[1][0].flat()[i].toFixed(3)))(runs[0].attention.sentences[0].seen))
STEPS

# All sentences are in one range of lengths, whose BLEU is that of the greedy translation.
"$dragoman" translate --model one --beam-size 1 < valid > greedy
export bleu
bleu=$("$dragoman" score --tok none --ref valid greedy | sed -E 's/.* = ([0-9.]+) .*\/.*/\1/')
[ "$bleu" != 0.0 ] || fail 'the tiny run learnt nothing'
says $page << 'FACTS'
run["lengths"]["unit"] == "words" and len(run["lengths"]["buckets"]) == 1
[run["lengths"]["buckets"][0][key] for key in ("least", "most", "sentences")] == [2, 5, 30]
f'{run["lengths"]["buckets"][0]["bleu"]:.1f}' == os.environ["bleu"]
FACTS
draws $page << STEPS
texts(".bars tr").join() === "2–5 words${bleu}30 sentences"
all(".bar i")[0].style.width === 100 * runs[0].lengths.buckets[0].bleu / ($bleu <= 20 ? 20 : $bleu <= 50 ? 50 : 100) + "%" ||
    Math.abs(parseFloat(all(".bar i")[0].style.width) - 100 * $bleu / ($bleu <= 20 ? 20 : $bleu <= 50 ? 50 : 100)) < 1
STEPS

ends 'to standard output' 0 '' "$dragoman" report --model one --output -
cmp -s out $page || fail 'the page on standard output is another one'
[ ! -s err ] || fail "to standard output: $(cat err)"
ends 'one thread' 0 '' "$dragoman" report --model one --output - --cpu-threads 1
cmp -s out $page || fail 'the page depends on the threads'

# ---- Several runs ----

check 'two runs' 0 'both.html' "$dragoman" report --model one two --output both.html
balanced both.html
lowest=$(grep '"valid"' two/train.jsonl | sed -E 's/.*"perplexity":([0-9.]*).*/\1/' | sort -g | head -n 1)
says both.html << 'FACTS'
[r["name"] for r in runs] == ["one", "two"]
len(runs[1]["curves"]["valid"]["chrf"]) > 0
math.isclose(runs[1]["training"]["best"]["ce-mean-words"]["value"], math.log(float(os.environ["lowest"])))
len(runs[1]["attention"]["sentences"]) == 3 and len(runs[1]["lengths"]["buckets"]) == 1
[r["config"]["dragoman"]["training"]["after"] for r in runs] == ["160e", "4e"]
FACTS
draws both.html << 'STEPS'
document.title === "one, two – Dragoman" && texts("h1").join() === "one and two"
texts(".runs thead th").join() === "one,two" && text.includes("Settings that differ")
((rows) => ["seed|1|7", "learn-rate|0.02|0.001", "after|160e|4e"].every((row) => rows.includes(row)) &&
    !rows.some((row) => row.startsWith("heads|") || row.startsWith("model|")))(
    all(".runs tr").map((row) => [...row.cells].map((cell) => cell.textContent).join("|")))
all(".c0.valid .curve").length > 2 && all(".c1.valid .curve").length > 2 && all(".bars.c1").length === 1
all("#attention article").length === 6 && texts("#attention h3").join() === "one,two"
texts("figcaption").some((caption) => caption.startsWith("chrF"))
[["Perplexity", "perplexity", 1], ["BLEU", "bleu", -1], ["chrF", "chrf", -1]].every(([name, metric, sign]) => {
    const ranks = runs.map(({training}) => sign * (training.best[metric]?.value ?? Infinity * sign));
    const cells = [...all(".runs tr").find((row) => row.cells[0].textContent === name).cells].slice(1);
    return cells.every((cell, i) => (cell.className === "best") === (ranks[i] === Math.min(...ranks))); })
all(".runs tr").find((row) => row.cells[0].textContent === "Validation cost").cells[2].textContent
    .startsWith(`${runs[1].training.best["ce-mean-words"].value.toFixed(3)} best, at update `)
STEPS
mkdir -p x y
cp -r one x/same
cp -r one y/same
check 'two of a name' 0 '' "$dragoman" report --model x/same y/same
says x/same/report.html <<< '[r["name"] for r in runs] == ["x/same", "y/same"]'
draws x/same/report.html << 'STEPS'
text.includes("None: the runs were told the same.")
texts(".runs thead th").join() === "x/same,y/same"
STEPS

# ---- Points where they belong: a third of the way in minutes is half of it in updates ----

mkdir drawn
cat > drawn/train.jsonl << 'END'
{"event":"valid","epoch":1,"update":100,"ce-mean-words":4,"bleu":10,"seconds":60}
{"event":"valid","epoch":2,"update":200,"ce-mean-words":2,"bleu":20,"seconds":180}
END
check 'a log written by hand' 0 '' "$dragoman" report --model drawn
says drawn/report.html << 'FACTS'
run["curves"]["valid"]["ce-mean-words"] == [[100, 60, 4], [200, 180, 2]]
run["training"]["best"]["bleu"] == {"value": 20, "update": 200}
run["training"]["seconds"] == 180 and run["speed"] is None and run["training"]["ended"] is None
FACTS
draws drawn/report.html << 'STEPS'
["2.000", "7.39", "20.0", "3.0 min"].every((value) => texts(".tiles dd").includes(value))
text.includes("best, at update 200")
all(".plot circle").map((c) => [c.getAttribute("cx"), c.getAttribute("cy")].join()).join(" ") ===
    "206.0,15.4 366.0,105.7 206.0,21.7 366.0,183.2 206.0,105.7 366.0,15.4"
focus .switch :checked
Tab Home
texts(".reading")[0] === "update 100, 1.0 minutesvalidation: 4"
ArrowRight
texts(".reading")[0] === "update 200, 3.0 minutesvalidation: 2"
focus .switch :checked
ArrowRight
all(".plot circle").map((c) => c.getAttribute("cx")).join() === "152.7,366.0,152.7,366.0,152.7,366.0"
["0", "1", "2", "3"].every((minutes) => texts(".plot .middle").includes(minutes))
STEPS

# Layers are rows, the darker the higher; what has no norm has no cell.
mkdir layers
cat > layers/train.jsonl << 'END'
{"event":"train","update":10,"seconds":60,"gradient_norms":{"encoder.0":0.1,"decoder.0":2}}
{"event":"train","update":20,"seconds":120,"gradient_norms":{"encoder.0":null,"decoder.0":10}}
{"event":"train","update":40,"seconds":180,"gradient_norms":{"encoder.0":1}}
END
check 'norms of layers' 0 '' "$dragoman" report --model layers
says layers/report.html << 'FACTS'
run["layers"] == {"columns": [[10, 60], [20, 120], [40, 180]], "rows": [
    {"layer": "encoder.0", "norms": [0.1, None, 1]}, {"layer": "decoder.0", "norms": [2, 10, None]}]}
FACTS
draws layers/report.html << 'STEPS'
texts("figcaption").join() === "Gradient norm by layer 0.1  10" && texts(".plot text.end").join() === "encoder.0,decoder.0,updates"
all(".cell").length === 4 && all(".cell").at(0).getAttribute("d") === "M84.0 10H154.5v13H84.0z"
all(".cell").at(-1).getAttribute("d") === "M154.5 23H225.0v13H154.5z" && getComputedStyle(all(".cell").at(-1)).fillOpacity === "1"
focus .plot
Home
texts(".reading")[0] === "update 10, 1.0 minuteshighest: decoder.0, 2lowest: encoder.0, 0.1"
End
texts(".reading")[0] === "update 40, 3.0 minuteshighest: encoder.0, 1lowest: encoder.0, 1"
focus .switch :checked
ArrowRight
all(".cell").at(0).getAttribute("d") === "M84.0 10H178.0v13H84.0z"
STEPS

# A metric that nobody here has heard of, in one of the runs, is a curve and a row by its own name.
mkdir made up
cat > made/train.jsonl << 'END'
{"event":"valid","update":100,"glee":0.51234,"bleu":5,"best":1,"stalled":0,"seconds":60}
{"event":"valid","update":200,"glee":0.75,"bleu":5,"best":1,"stalled":1,"seconds":120}
{"event":"valid","update":300,"glee":0.625,"bleu":5,"best":1,"stalled":2,"seconds":180}
END
grep -v 300 made/train.jsonl | sed 's/"bleu":5/"perplexity":50/' > up/train.jsonl
check 'a metric that is new' 0 '' "$dragoman" report --model made up
says made/report.html << 'FACTS'
run["metrics"] == {"glee": {"falls": False}, "bleu": {"falls": False}}
run["curves"]["valid"]["glee"] == [[100, 60, 0.51234], [200, 120, 0.75], [300, 180, 0.625]]
run["training"]["best"]["glee"] == {"value": 0.75, "update": 200}
FACTS
draws made/report.html << 'STEPS'
texts("figcaption").join() === "Cost nats a piece,Perplexity e to the cost,BLEU validation text, greedy,glee validation text"
all(".runs tr").map((row) => row.cells[0].textContent).slice(1, 6).join() ===
    "BLEU,glee,Validation cost,Perplexity,Updates"
[...all(".runs tr")[2].cells].map((cell) => cell.textContent).join("|") === "glee|0.75 best, at update 200|0.75 best, at update 200"
STEPS
mv one/train.jsonl log
cp made/train.jsonl one/train.jsonl
"$dragoman" info --model one > drawn.txt
mv log one/train.jsonl
grep -qF 'best glee 0.75, at update 200' drawn.txt || fail "info does not draw a new metric: $(grep best drawn.txt)"

# A long curve is thinned, and keeps its peak; what it comes to is of all of it. Words that are too long are broken.
long=$(printf 'long%.0s' $(seq 50))
mkdir $long
for i in $(seq 4000); do
    echo "{\"event\":\"train\",\"update\":$i,\"seconds\":$i,\"cost\":$((i == 1777 ? 99 : 5)),\"target_tokens_per_second\":$i}"
done > $long/train.jsonl
echo "{\"event\":\"sample\",\"update\":1,\"source\":\"$long\",\"reference\":\"$long\",\"hypothesis\":\"$long\"}" >> $long/train.jsonl
check 'a long log' 0 '' "$dragoman" report --model $long --output long.html
says long.html << 'FACTS'
100 < len(run["curves"]["train"]["cost"]) < 600 and [1777, 1777, 99] in run["curves"]["train"]["cost"]
run["speed"] == 2001
FACTS
draws long.html <<< 'texts("figcaption").length === 2 && all(".plot circle").length === 0'
check 'long names' 0 '' "$dragoman" report --model $long drawn --output long.html
draws long.html << 'STEPS'
focus .plot
End
texts(".reading")[0].includes("longlong")
all(".reading")[0].scrollWidth <= all(".reading")[0].clientWidth
STEPS

# ---- Hostile text ----

hostile='<b>"&'
cp -r one "$hostile"
export evil
evil='</script><b><script>alert(1)</script>"><img src=x onerror=alert(2)><!-- '\''&amp;'
quoted=${evil//\"/\\\\\"}        # in JSON, for sed
quoted=${quoted//&/\\&}
sed -i -E "s#\"(source|reference|hypothesis|reason|kept)\":\"[^\"]*\"#\"\1\":\"$quoted\"#g" "$hostile/train.jsonl"
sed -i -E "s#\"seed\":\s*1#\"<script>alert(3)</script>\": [\"<script>\", \"$quoted\"], \"__proto__\": \"</script><b>\"#" \
    "$hostile/config.json"
sed -i -E 's/"([a-z]+)":/"<u>\1":/g' "$hostile/vocab.json"  # so that the model itself writes markup
line=$(sed 's/[a-z]\+/<u>&/g' valid | head -n 1)
sed -i "1i {\"event\":\"sample\",\"update\":3,\"source\":\"$line\"}" "$hostile/train.jsonl"
check 'hostile text' 0 '' "$dragoman" report --model "$hostile" --output hostile.html
check 'hostile text in a comparison' 0 '' "$dragoman" report --model "$hostile" two --output hostile2.html
for page in hostile.html hostile2.html; do
    balanced $page
    hides $page '<img' '<b>' '<u>' '<!--'
    says $page << 'FACTS'
run["name"] == '<b>"&'
all(text == os.environ["evil"] for text in (run["training"]["ended"], run["training"]["kept"], run["samples"][1]["source"],
    run["samples"][1]["reference"], run["samples"][1]["translations"][0][1]))
run["config"]["dragoman"]["training"]["<script>alert(3)</script>"] == ["<script>", os.environ["evil"]]
any("<u>" in piece for piece in run["attention"]["sentences"][0]["seen"]["target"])
FACTS
    draws $page << 'STEPS'
all("script").length === 5 && all("b, u, img, main script").length === 0
runs[0].samples[1].source.startsWith("</script><b>") && texts("#samples .source")[1] === runs[0].samples[1].source
texts("#samples .reference")[1] === `${runs[0].samples[1].reference} reference`
text.includes(`Ended: ${runs[0].training.ended}. Kept: ${runs[0].training.kept}.`)
["<script>alert(3)</script>", "__proto__"].every((name) => texts("#settings th").includes(name))
document.title.startsWith('<b>"&') && texts("h1")[0].startsWith('<b>"&')
texts("#attention .large th").some((piece) => piece.includes("<u>"))
STEPS
done

# ---- A run that is not complete ----

cp -r one going
printf '{"event":"sample","epoch":9,"update":500,"source":"a caf\xc3' >> going/train.jsonl
check 'a last line that is not whole' 0 '' "$dragoman" report --model going
hides going/report.html 'a caf'
sed -i '/"event":"end"/,$d' going/train.jsonl
rm going/model.safetensors going/report.html
check 'a run without a model' 0 '' "$dragoman" report --model going
says going/report.html << 'FACTS'
run["training"]["ended"] is None and len(run["samples"]) == 3 and len(run["curves"]["valid"]["bleu"]) == 20
"the folder holds no model yet" in run["attention"]["note"] and "the folder holds no model yet" in run["lengths"]["note"]
FACTS
draws going/report.html << 'STEPS'
text.includes("Not at its end") && text.includes(runs[0].attention.note) && text.includes(runs[0].lengths.note)
all(".c0.valid .curve").length > 2 && all("#samples .source").length === 3
!text.includes("Each row sums to 1") && !text.includes("translated greedily by model.safetensors")
STEPS
: > going/train.jsonl
rm going/config.json
check 'a run that has just begun' 0 '' "$dragoman" report --model going one
says going/report.html <<< 'run["samples"] == [] and run["config"] is None and len(runs[1]["samples"]) == 3'
draws going/report.html << 'STEPS'
text.includes("No samples yet") && text.includes("The folder has no config.json yet")
all("#samples .source").length === 3 && texts("#samples h3").join() === "going,one"
STEPS
check 'a run that has just begun, alone' 0 '' "$dragoman" report --model going
says going/report.html <<< 'not any(run["curves"]["train"].values()) and run["training"]["updates"] is None'
draws going/report.html << 'STEPS'
text.includes("train.jsonl has no figures yet") && all(".switch, .plot, .tiles div").length === 0
all(".legend, figcaption").length === 0 && !text.includes("Greedy, at every validation")
STEPS
cp -r one moved
sed -i 's/"valid", "valid"/"gone.src", "gone.trg"/; s/"valid",\s*"valid"/"gone.src", "gone.trg"/' moved/config.json
check 'validation text that is gone' 0 '' "$dragoman" report --model moved
says moved/report.html <<< '"gone.src and gone.trg, is not there any more" in run["lengths"]["note"]'
head -c 1000 one/model.safetensors > moved/model.safetensors
check 'a damaged model' 0 '' "$dragoman" report --model moved
says moved/report.html <<< 'run["attention"]["note"].startswith("No attention: moved/model.safetensors")'

# ---- Bad input ----

for i in $(seq 70); do cat text; done > valid  # more than are translated for BLEU by length
check 'training with much validation text' 0 '' train --model much --after 1u --valid-metrics perplexity
check 'a report of it' 0 '' "$dragoman" report --model much
says much/report.html <<< '"note" not in run["lengths"] and run["lengths"]["buckets"][0]["sentences"] == 2000'
cp text valid

check 'no folder named' 2 'report needs --model' "$dragoman" report
check 'no such folder' 1 'nowhere' "$dragoman" report --model one nowhere --output new.html
check 'a file for a folder' 1 'text is not a folder' "$dragoman" report --model text
mkdir empty
check 'a folder without a run' 1 'empty/train.jsonl|dragoman train' "$dragoman" report --model empty
[ ! -e new.html ] && [ ! -e empty/report.html ] || fail 'a report that failed left a page'
cp -r two damaged
sed -i '2s/.*/{"event": /' damaged/train.jsonl
check 'a damaged line' 1 'damaged/train.jsonl: line 2' "$dragoman" report --model damaged
cp -r two unsettled
head -c 300 two/config.json > unsettled/config.json
check 'a damaged config.json' 1 'unsettled/config.json' "$dragoman" report --model unsettled
echo '{"dragoman": {"training": [1, 2]}, "d_model": {"a": null}}' > unsettled/config.json
check 'an odd config.json' 0 '' "$dragoman" report --model unsettled two
printf '%s\n' '{}' '{"event":"train","update":1e300,"seconds":-1,"cost":1e308,"ppl":0}' \
    '{"event":"valid","update":"x","seconds":[]}' '{"event":7}' '{"event":"sample","source":5}' > unsettled/train.jsonl
check 'an odd train.jsonl' 0 '' "$dragoman" report --model unsettled two
balanced unsettled/report.html
draws unsettled/report.html << 'STEPS'
all(".plot").length >= 6 && texts(".runs thead th").join() === "unsettled,two"
text.includes("(empty)") && texts("#settings summary").join() === "unsettled,two"
STEPS
printf '%s\n' '{"event":"train","update":7,"seconds":9,"cost":null,"ppl":null,"learn_rate":0.1,"gradient_norm":null}' \
    '{"event":"valid","update":8,"seconds":9,"ce-mean-words":null,"perplexity":null,"bleu":0}' > unsettled/train.jsonl
check 'a run whose cost was no number' 0 '' "$dragoman" report --model unsettled
says unsettled/report.html << 'FACTS'
run["curves"]["train"]["cost"] == [] and "perplexity" not in run["curves"]["valid"]
run["curves"]["valid"]["bleu"] == [[8, 9, 0]] and run["training"]["best"] == {"bleu": {"value": 0, "update": 8}}
FACTS
draws unsettled/report.html << 'STEPS'
texts("figcaption").map((caption) => caption.split(" ")[0]).join() === "BLEU,Learning" && all(".plot circle").length === 2
!text.includes("NaN") && !text.includes("null") && !text.includes("undefined")
STEPS
check 'no such output folder' 1 'nowhere/page.html' "$dragoman" report --model two --output nowhere/page.html
cp two/train.jsonl kept.log
check 'the log as output' 1 'two/train.jsonl is a file of the model in two' \
    "$dragoman" report --model one two --output two/train.jsonl
same 'the log as output' two/train.jsonl kept.log
check 'a full disk' 1 'No space left' "$dragoman" report --model two --output /dev/full
closed() { "$dragoman" report --model two --output - >&-; }
check 'a closed output' 1 'it is closed' closed
gone() { "$dragoman" report --model two --output - | head -n 1; return "${PIPESTATUS[0]}"; }
ends 'a reader that goes away' 141 '' gone
[ ! -s err ] || fail "a reader that goes away: $(cat err)"
check 'an option of another command' 2 '--beam-size is an option of translate' \
    "$dragoman" report --model two --beam-size 3

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
