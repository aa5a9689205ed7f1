#!/bin/bash
# What dragoman translate writes: n-best lists, alignments, scores, JSON; and the options of its search, seen from
# outside. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
make_folder model
translate() { "$dragoman" translate --model model "$@"; }

for i in $(seq 1 40); do
    words=
    for j in $(seq 1 $((1 + i * 7 % 11))); do words="$words w$((2 + (i * i + j * 5) % 38))"; done
    echo "${words# }"
done > lines
sed -i '7s/.*//' lines  # one is empty
translate < lines > plain

# all WHAT AWK-CONDITION FILE: the condition holds for every line of the file, of which there are some
all() {
    awk -F ' \\|\\|\\| ' "!($2) { bad++; if (bad < 3) print \"    line \" NR \": \" \$0 } END { exit bad || !NR }" "$3" ||
        fail "$1: not all lines of $3 are so"
}

usage() {  # usage WHAT WORDS OPTIONS...: a command line that is refused
    local what=$1 words=$2
    shift 2
    check "$what" 2 "$words" translate "$@" < lines
}

# ---- n-best ----

translate --n-best 3 < lines > nbest
all "n-best lines have four fields" 'NF == 4 && $3 ~ /^F0= -?[0-9.e-]+$/ && $4 ~ /^-?[0-9.e-]+$/' nbest
awk -F ' \\|\\|\\| ' 'NR == 1 || $1 != last { print $2; last = $1 }' nbest > firsts
same "the first of each list" plain firsts
awk -F ' \\|\\|\\| ' '$1 == last && $4 > score + 1e-9 { exit 1 } { last = $1; score = $4 }' nbest ||
    fail "an n-best list is not in order of the scores"
[ "$(cut -d' ' -f1 nbest | uniq | tr '\n' ' ')" = "$(seq 0 39 | tr '\n' ' ')" ] || fail "n-best: the numbers of the lines"
[ "$(grep -c '^7 ' nbest)" = 3 ] || fail "n-best: three of line 7, please"
[ "$(sed -n '/^6 /p' nbest)" = "6 |||  ||| F0= 0 ||| 0" ] || fail "n-best of an empty line: $(grep '^6 ' nbest)"
translate --n-best 15 --beam-size 8 < lines > many  # fewer than asked for is no failure
[ "$(wc -l < many)" -ge 313 ] && [ "$(wc -l < many)" -lt 600 ] || fail "15 of a beam of 8: $(wc -l < many) lines"

# ---- Scores and alignments ----

translate --word-scores --n-best 2 < lines > scores
sed 's/WordScores= *//' scores | awk -F ' \\|\\|\\| ' '
    { n = split($3, s, " "); sum = 0; for (i = 1; i <= n; i++) sum += s[i]; split($4, f, " ")
      if ((sum - f[2])^2 > 1e-6 * (1 + sum * sum)) { print "    line " NR ": " sum " is not " f[2]; bad = 1 } }
    END { exit bad || !NR }' || fail "the word scores do not sum to F0"
translate --word-scores < lines > scores
all "text and scores" 'NF == 2 && $2 ~ /^WordScores=/' scores

translate --alignment hard < lines | paste -d'|' lines - > hard
sed 's/|/ ||| /' hard | awk -F ' \\|\\|\\| ' '
    { sources = split($1, s, " "); targets = split($2, t, " "); n = split($3, a, " "); last = -1
      if (n != targets) bad = 1  # every word of the translation has its link
      for (i = 1; i <= n; i++) { split(a[i], l, "-"); seen[NR, l[2]]++
          if (l[1] >= sources || l[2] >= targets || l[1] < last) bad = 1; last = l[1] }
      for (i = 0; i < targets; i++) if (seen[NR, i] != 1) bad = 1 }
    END { exit bad || !NR }' || fail "hard alignment: $(head -n 2 hard)"
translate --alignment soft < lines | paste -d'|' lines - | sed 's/|/ ||| /' | awk -F ' \\|\\|\\| ' '
    { sources = split($1, s, " "); targets = split($2, t, " "); if (split($3, rows, " ") != targets) bad = 1
      for (i = 1; i <= targets; i++) { sum = 0; n = split(rows[i], p, ","); if (n != sources + 1) bad = 1
          for (j = 1; j <= n; j++) sum += p[j]; if (sum < 0.999 || sum > 1.001) bad = 1 } }
    END { exit bad || !NR }' || fail "soft alignment: rows of source words and one more, that sum to 1"
usage "no such alignment" "--alignment|hard|soft" --alignment medium

# ---- JSON ----

translate --json --n-best 2 --alignment hard < lines > json
python3 - plain json <<'PYTHON' || fail "--json"
import json, math, sys
plain = open(sys.argv[1], encoding="utf-8").read().split("\n")[:-1]
objects = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
assert [o["text"] for o in objects] == plain, "the texts are not those of plain output"
for o in objects:
    assert {"text", "score", "log_probability", "pieces", "piece_scores", "source_words", "words", "alignment",
            "n_best"} == set(o), sorted(o)
    assert math.isclose(sum(o["piece_scores"]), o["log_probability"], abs_tol=1e-6)
    assert len(o["pieces"]) == len(o["piece_scores"])
    assert o["words"] == o["text"].split()
    assert len(o["alignment"]) == len(o["words"])
    assert all(s < len(o["source_words"]) and t < len(o["words"]) for s, t in o["alignment"])
    assert o["n_best"][0]["text"] == o["text"]
assert len(objects[0]["n_best"]) == 2
PYTHON
translate --json < lines | python3 -c '
import json, sys
for line in sys.stdin:
    assert set(json.loads(line)) == {"text", "score", "log_probability", "pieces", "piece_scores"}, line' ||
    fail "--json alone has other keys"

# ---- Sampling ----

for kind in full "topk 5" "topp 0.8"; do
    # shellcheck disable=SC2086
    sample() { translate --output-sampling $kind --n-best 2 "$@"; }
    sample < lines > drawn
    sample --cpu-threads 3 --mini-batch 3 < lines > again
    same "$kind, other threads and batches" drawn again
    { head -n 5 lines; sleep 0.2; tail -n +6 lines; } | sample > again  # in two chunks
    same "$kind, in two chunks" drawn again
    sample --seed 2 < lines > other
    cmp -s drawn other && fail "$kind: another seed draws the same"
done
translate --output-sampling topk 1 < lines > drawn
translate --beam-size 1 < lines > greedy
same "the most probable piece alone is greedy search" greedy drawn
translate --output-sampling full --temperature 0.001 < lines > drawn
same "so cold that nothing moves is greedy search" greedy drawn
usage "no limit" "topk K" --output-sampling topk
usage "half a piece" "topk 1.5" --output-sampling topk 1.5
usage "no piece" "topk 0" --output-sampling topk 0
usage "more than all" "topp 1.1" --output-sampling topp 1.1
usage "full of what" "full 3" --output-sampling full 3
usage "a number of letters" "topp x" --output-sampling topp x
usage "no such way" "some" --output-sampling some

# ---- Prefixes and rules ----

awk '{ print NR % 3 ? "w" 2 + NR % 30 " w" 3 + NR % 20 : "" }' lines > prefixes
sed -i '7s/.*//' prefixes
translate --prefix prefixes < lines > begun
paste -d'|' prefixes begun | awk -F'|' 'index($2, $1) != 1 { exit 1 }' || fail "a translation does not begin with its prefix"
paste lines prefixes | translate --prefix tab > tabbed
same "prefixes behind tabs" begun tabbed
cmp -s begun plain && fail "prefixes change nothing"
head -n 39 prefixes > few
check "a prefix too few" 1 "few|39 lines" translate --prefix few --input lines --output out2
echo more >> prefixes
check "a prefix too many" 1 "prefixes|41 lines|40" translate --prefix prefixes --input lines --output out2
check "no such prefixes" 1 "nothing.txt" translate --prefix nothing.txt --input lines

repeats() {  # the n-grams that stand twice in a line
    awk -v n="$1" '{ split("", seen); for (i = 1; i + n - 1 <= NF; i++) { g = ""; for (j = 0; j < n; j++) g = g " " $(i + j)
        if (g in seen) twice++; seen[g] = 1 } } END { print twice + 0 }'
}
[ "$(translate --min-length 15 < lines | repeats 2)" -gt 0 ] || fail "nothing repeats, so the next test shows nothing"
for n in 1 2 3; do
    found=$(translate --min-length 15 --no-repeat-ngram $n < lines | repeats $n)
    [ "$found" = 0 ] || fail "--no-repeat-ngram $n: $found stand twice"
done
translate --min-length 12 < lines > long
awk 'NR != 7 && NF < 12 { exit 1 }' long || fail "--min-length 12: $(awk 'NF < 12' long | head -n 2)"
translate --n-best 5 < lines > same5
translate --n-best 5 --diversity 2 < lines > diverse5
cmp -s same5 diverse5 && fail "--diversity changes nothing"
tr '\n' ' ' < lines > paragraph  # much longer than what may be written of it
translate --max-length-factor 0.1 --n-best 5 < paragraph > same5
translate --max-length-factor 0.1 --n-best 5 --coverage-penalty 2 < paragraph > covered5
cmp -s same5 covered5 && fail "--coverage-penalty changes nothing"
echo "Quetzal w5 Zanzibar" > unknown
translate --unk-replace < unknown > replaced
grep -q '<unk>' replaced && fail "--unk-replace leaves <unk>: $(cat replaced)"

# ---- Ensembles ----

translate --model model model < lines > twice
same "a model asked twice" plain twice
cp -r model stranger
sed -i 's/"w5": 5, "w6": 6/"w6": 5, "w5": 6/' stranger/vocab.json
check "another vocabulary" 1 "stranger|vocabulary" translate --model model stranger --input lines

# ---- Streaming ----

translate --stream < lines > streamed
same "--stream" greedy streamed
usage "--stream and a beam" "--stream|--beam-size" --stream --beam-size 4
for option in "--n-best 2" --json "--alignment hard" --word-scores; do
    # shellcheck disable=SC2086
    usage "--stream $option" "--stream" --stream $option
done

# ---- A conversation through two pipes: every answer comes before the next line is sent ----

for options in "--json" "--n-best 3" "--stream" "--alignment soft"; do
    # shellcheck disable=SC2086
    coproc TALK { translate $options; }
    talk=$TALK_PID
    for line in "w5 w6" "w7" "w8 w9 w10"; do
        echo "$line" >&"${TALK[1]}"
        IFS= read -r -t 60 answer <&"${TALK[0]}" || fail "$options: no answer to '$line'"
        [ -n "$answer" ] || fail "$options: an empty answer to '$line'"
        if [ "$options" = "--n-best 3" ]; then read -r -t 60 _ <&"${TALK[0]}"; read -r -t 60 _ <&"${TALK[0]}"; fi
    done
    eval "exec ${TALK[1]}>&-"
    wait "$talk"
done

# ---- Nothing goes on for ever ----

echo "w5 w6 w7" > short
for options in "--max-length-factor 300 --min-length 600" "--max-length-factor 300 --no-repeat-ngram 1" \
    "--output-sampling full --temperature 1000 --max-length-factor 300" "--n-best 199 --beam-size 100 --min-length 100"; do
    # shellcheck disable=SC2086
    (ulimit -t 500 && "$dragoman" translate --model model $options < short > ended) || fail "$options: $?"
    [ "$(wc -l < ended)" -ge 1 ] || fail "$options: nothing"
done

# ---- Configuration ----

echo '{"n-best": 2, "alignment": "hard", "no-repeat-ngram": 2 /* and so on */}' > settings.json
translate --config settings.json < lines > configured
translate --n-best 2 --alignment hard --no-repeat-ngram 2 < lines > given
same "the same from a file" given configured

[ $failures = 0 ] || exit 1
