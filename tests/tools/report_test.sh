#!/bin/bash
# dragoman report: what a page shows, that it needs nothing else, that text stays text, and what is said where something
# is missing. Argument: the command to test.
. "$(dirname "$0")/common.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

shows() {  # shows PAGE TEXT...: all of them are in the page
    local page=$1 text
    shift
    for text in "$@"; do grep -qF -- "$text" "$page" || fail "$page does not show '$text'"; done
}

hides() {  # hides PAGE TEXT...: none of them is
    local page=$1 text
    shift
    for text in "$@"; do ! grep -qiF -- "$text" "$page" || fail "$page has '$text'"; done
}

balanced() {  # every element that is opened is closed
    local tag
    for tag in html head body style header main section article figure svg g details summary table tr th td div p span \
        text title dl nav h1 h2 h3 h5; do
        [ "$(grep -oE "<$tag[ >]" "$1" | wc -l)" = "$(grep -oF "</$tag>" "$1" | wc -l)" ] ||
            fail "$1: <$tag> is not balanced"
    done
}

# ---- Two tiny runs that learn to copy ----

make_text
mv src text
cp text valid

train() {
    "$dragoman" train --train-sets text text --valid-sets valid valid --segmenter space --dim-emb 16 --dim-ffn 32 \
        --enc-depth 1 --dec-depth 2 --heads 2 --mini-batch-words 40 --lr-warmup 10 --gemm openblas --early-stopping 0 \
        --disp-freq 2u --quiet "$@"
}
check 'training one' 0 '' train --model one --after 160e --valid-freq 8e --learn-rate 0.02
check 'training two' 0 '' train --model two --after 4e --seed 7 --valid-metrics perplexity chrf

# ---- One run ----

check 'a report' 0 'one/report.html' "$dragoman" report --model one
page=one/report.html
balanced $page
shows $page '<title>one ' 'aria-label="Cost against updates"' 'aria-label="Cost against minutes"' \
    'aria-label="Perplexity against' 'aria-label="BLEU against' 'aria-label="Learning rate against' \
    'aria-label="Gradient norm against' 'aria-label="Speed against' 'class="c0 train"' 'class="c0 valid"' \
    'prefers-color-scheme:dark' 'name="viewport"' '<th>lr-warmup</th><td>10</td>' '<th>dim-emb</th><td>16</td>' \
    'Ended: --after 160e is reached. Kept: the best checkpoint'
hides $page 'aria-label="chrF' '<script' 'http' 'src=' '<link' '@import' 'url(' 'nan' 'inf"'
[ "$(grep -o '<circle [^>]*><title>update' $page | wc -l)" -ge 120 ] ||
    fail 'not a dot for every validation in both plots of the figures'
[ "$(grep -c 'class="source"' $page)" = 3 ] || fail "$(grep -c 'class="source"' $page) sample sentences instead of 3"
for key in source reference; do
    shows $page "$(grep -m 1 '"sample"' one/train.jsonl | sed -E "s/.*\"$key\":\"([^\"]*)\".*/\1/")"
done
lowest=$(grep '"valid"' one/train.jsonl | sed -E 's/.*"ce-mean-words":([0-9.]*).*/\1/' | sort -g | head -n 1)
shows $page "$(awk -v cost="$lowest" 'BEGIN { printf "<dd>%.3f</dd>", cost }')"

# Every head of every layer and kind, small and large, with the pieces as names.
for id in a1-1-encoder-1-{1,2} a1-1-decoder-{1,2}-{1,2} a1-1-cross-{1,2}-{1,2} a1-3-cross-2-2 a1-1-cross-mean; do
    shows $page "<g id=\"$id\">" "<use href=\"#$id\"/>"
done
[ "$(grep -o '<details class="head">' $page | wc -l)" = 30 ] || fail 'there are not 3 sentences of 10 heads'
[ "$(grep -o 'id="[^"]*"' $page | sort | uniq -d | wc -l)" = 0 ] || fail 'an id stands twice'
head_cells() { grep -o "<g id=\"a1-1-cross-$1\">.*</g>" $page | sed -E 's/^<g id="[^"]*">//; s/<.g>.*//'; }
[ -n "$(head_cells 2-1)" ] && [ "$(head_cells 2-1)" != "$(head_cells 2-2)" ] || fail 'two heads of a layer see the same'
[ "$(head_cells 1-1)" != "$(head_cells 2-1)" ] || fail 'two layers see the same'
shows $page '>start</text>' '&lt;/s&gt;</text>' ">$(head -n 1 valid | cut -d' ' -f1)</text>"

# All sentences are in one range of lengths, whose BLEU is that of the greedy translation.
"$dragoman" translate --model one --beam-size 1 < valid > greedy
bleu=$("$dragoman" score --tok none --ref valid greedy | sed -E 's/.* = ([0-9.]+) .*\/.*/\1/')
[ "$bleu" != 0.0 ] || fail 'the tiny run learnt nothing'
shows $page "<th>2–5 words</th>" "<td>$bleu</td><td class=\"note\">30 sentences</td>"

ends 'to standard output' 0 '' "$dragoman" report --model one --output -
cmp -s out $page || fail 'the page on standard output is another one'
[ ! -s err ] || fail "to standard output: $(cat err)"
ends 'one thread' 0 '' "$dragoman" report --model one --output - --cpu-threads 1
cmp -s out $page || fail 'the page depends on the threads'

# ---- Several runs ----

check 'two runs' 0 'both.html' "$dragoman" report --model one two --output both.html
balanced both.html
shows both.html '<title>one, two ' 'Settings that differ' '<th>seed</th><td>1</td><td>7</td>' \
    '<th>learn-rate</th><td>0.02</td><td>0.001</td>' '<th>after</th><td>160e</td><td>4e</td>' 'class="c0 valid"' \
    'class="c1 valid"' 'id="a2-3-cross-2-2"' 'class="bars c1"' 'class="best"'
hides both.html '<th>heads</th><td>2</td><td>2</td>'
[ "$(grep -o 'id="[^"]*"' both.html | sort | uniq -d | wc -l)" = 0 ] || fail 'two runs: an id stands twice'
shows both.html 'aria-label="chrF against'
lowest=$(grep '"valid"' two/train.jsonl | sed -E 's/.*"perplexity":([0-9.]*).*/\1/' | sort -g | head -n 1)
shows both.html "$(awk -v ppl="$lowest" 'BEGIN { printf "<td>%.3f <span", log(ppl) }')"  # the cost that it stands for
mkdir -p x y
cp -r one x/same
cp -r one y/same
check 'two of a name' 0 '' "$dragoman" report --model x/same y/same
shows x/same/report.html 'x/same</th>' 'y/same</th>' 'None: the runs were told the same.'

# ---- Points where they belong: a third of the way in minutes is half of it in updates ----

mkdir drawn
cat > drawn/train.jsonl << 'END'
{"event":"valid","epoch":1,"update":100,"ce-mean-words":4,"bleu":10,"seconds":60}
{"event":"valid","epoch":2,"update":200,"ce-mean-words":2,"bleu":20,"seconds":180}
END
check 'a log written by hand' 0 '' "$dragoman" report --model drawn
shows drawn/report.html 'cx="206.0"' 'cx="152.7"' 'cx="366.0"' 'cy="21.7"' 'cy="183.2"' \
    'update 100, 1.0 minutes: 4<' 'update 200, 3.0 minutes: 20<' \
    '<dd>2.000</dd>' '<dd>7.39</dd>' '<dd>20.0</dd>' '<dd>3.0 min</dd>' 'best, at update 200'
for minutes in 0 1 2 3; do shows drawn/report.html "class=\"middle\">$minutes<"; done

# ---- Hostile text ----

hostile='<b>"&'
cp -r one "$hostile"
evil='<script>alert(1)</script>\"><img src=x onerror=alert(2)>'\''&amp;'
escaped=$(sed 's/[&\]/\\&/g' <<< "$evil")  # for sed
sed -i -E "s#\"(source|reference|hypothesis|reason|kept)\":\"[^\"]*\"#\"\1\":\"$escaped\"#" "$hostile/train.jsonl"
sed -i -E "s#\"seed\":\s*1#\"<script>alert(3)</script>\": [\"<script>\", \"$escaped\"]#" "$hostile/config.json"
sed -i -E 's/"([a-z]+)":/"<u>\1":/g' "$hostile/vocab.json"  # so that the model itself writes markup
line=$(sed 's/[a-z]\+/<u>&/g' valid | head -n 1)
sed -i "1i {\"event\":\"sample\",\"update\":3,\"source\":\"$line\"}" "$hostile/train.jsonl"
check 'hostile text' 0 '' "$dragoman" report --model "$hostile" --output hostile.html
check 'hostile text in a comparison' 0 '' "$dragoman" report --model "$hostile" two --output hostile2.html
for page in hostile.html hostile2.html; do
    balanced $page
    hides $page '<script' '<img' '<b>' '<u>' "'&amp;" '">&lt;img'
    shows $page '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror=alert(2)&gt;&#39;&amp;amp;' \
        '<th>&lt;script&gt;alert(3)&lt;/script&gt;</th>' '&lt;b&gt;&quot;&amp;' '&lt;u&gt;'
done

# ---- A run that is not complete ----

cp -r one going
printf '{"event":"sample","epoch":9,"update":500,"source":"a caf\xc3' >> going/train.jsonl
check 'a last line that is not whole' 0 '' "$dragoman" report --model going
hides going/report.html 'a caf'
sed -i '/"event":"end"/,$d' going/train.jsonl
rm going/model.safetensors going/report.html
check 'a run without a model' 0 '' "$dragoman" report --model going
shows going/report.html 'Not at its end' 'the folder holds no model yet' 'class="c0 valid"' 'class="source"'
: > going/train.jsonl
rm going/config.json
check 'a run that has just begun' 0 '' "$dragoman" report --model going one
shows going/report.html 'No samples yet' 'The folder has no config.json yet'
check 'a run that has just begun, alone' 0 '' "$dragoman" report --model going
shows going/report.html 'train.jsonl has no figures yet'
cp -r one moved
sed -i 's/"valid", "valid"/"gone.src", "gone.trg"/; s/"valid",\s*"valid"/"gone.src", "gone.trg"/' moved/config.json
check 'validation text that is gone' 0 '' "$dragoman" report --model moved
shows moved/report.html 'gone.src and gone.trg, is not there any more'
head -c 1000 one/model.safetensors > moved/model.safetensors
check 'a damaged model' 0 '' "$dragoman" report --model moved
shows moved/report.html 'No attention: moved/model.safetensors'

# ---- Bad input ----

for i in $(seq 70); do cat text; done > valid  # more than are translated for BLEU by length
check 'training with much validation text' 0 '' train --model much --after 1u --valid-metrics perplexity
check 'a report of it' 0 '' "$dragoman" report --model much
hides much/report.html 'No BLEU by length'
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
check 'no such output folder' 1 'nowhere/page.html' "$dragoman" report --model two --output nowhere/page.html
check 'a full disk' 1 'No space left' "$dragoman" report --model two --output /dev/full
closed() { "$dragoman" report --model two --output - >&-; }
check 'a closed output' 1 'it is closed' closed
gone() { "$dragoman" report --model two --output - | head -n 1; return "${PIPESTATUS[0]}"; }
ends 'a reader that goes away' 1 'Broken pipe' gone
check 'an option of another command' 2 '--beam-size is an option of translate' \
    "$dragoman" report --model two --beam-size 3

[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
