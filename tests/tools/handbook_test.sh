#!/bin/bash
# scripts/handbook.sh and handbook.py on made-up pages and a made-up catalogue: what is read, what is left out, that no page
# and no sentence is in two parts; then from that text to a score, with a model of two updates. Argument: the command to test.
. "$(dirname "$0")/common.sh"
scripts=$(realpath "$(dirname "$0")/../../scripts")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# ---- Two packages, as dpkg -x leaves them ----

python3 - << 'PYTHON' || fail 'making the pages'
import pathlib, struct

help = pathlib.Path("root/usr/share/libreoffice/help")
numbers = "null eins zwei drei vier fünf sechs sieben acht neun".split()
english = "zero one two three four five six seven eight nine".split()

def page(language, name, body):
    path = help / language / "text" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"""<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>No paragraph</title></head>
<body><header id="TopLeftHeader"><p dir="auto">Nor this</p></header><div id="DisplayArea">{body}</div>
<footer><p id="bm_module">nor this one</p></footer></body></html>""", encoding="utf-8")

def both(name, german, anglian):
    page("de", name, german), page("en-US", name, anglian)

def spell(n, words):
    return " ".join(words[int(digit)] for digit in str(n))

# Thirty pages of five sentences; each ends with one that stands on its neighbour, too, in capitals and without its mark.
for n in range(30):
    german = [f"Seite {spell(n, numbers)}, Satz {numbers[k]}." for k in range(5)] + [f"NACHBAR {spell((n + 1) % 30, numbers)}",
              f"Nachbar {spell(n, numbers)}."]
    anglian = [f"Page {spell(n, english)}, sentence {english[k]}." for k in range(5)] + [f"NEIGHBOUR {spell((n + 1) % 30, english)}",
               f"Neighbour {spell(n, english)}."]
    both(f"many/{n:02}.html", *("".join(f'<p id="par_id{k}" class="paragraph">{text}</p>' for k, text in enumerate(texts))
                               for texts in (german, anglian)))

switch = '<span class="switchinline" id="s"><span hidden="true" id="MAC1" class="MAC">{}</span><span hidden="true" id="default1"><b>{}</b></span></span>'
only = '<span class="switch" id="t"><img src="a.png"><span hidden="true" id="WRITER1" class="WRITER">{}</span> <span hidden="true" id="CALC1" class="CALC">{}</span></span>'
both("odd.html",
     f'<h1 id="hd_id1"><a name="x"></a>Die   <a href="y">ganze</a>&nbsp;Überschrift<br>in Zeilen</h1><p id="par_id2">Mit der {switch.format("Befehlstaste", "Strg-Taste")} geht es &amp; gut.</p>'
     f'<p id="par_id3">Es öffnet {only.format("einen Text", "eine Tabelle")} hier.</p><p id="twice">Der erste Absatz.</p><p id="twice">Der zweite Absatz.</p>'
     '<p id="par_id4">Nur auf Deutsch.</p><p id="par_id5" class="codeintable">Das ist Quelltext</p><p id="par_id6">Unübersetzt, untranslated.</p>'
     '<p id="par_id7">12 %</p><p id="par_id8">Kurz.</p><p id="par_id9">' + "wort " * 101 + "</p>",
     f'<h1 id="hd_id1"><a name="x"></a>The whole <a href="y">heading</a><br>in\nlines</h1><p id="par_id2">It works with the {switch.format("Command key", "Control key")} &amp; well.</p>'
     f'<p id="par_id3">It opens {only.format("a text", "a table")} here.</p><p id="twice">The first paragraph.</p><p id="twice">The second paragraph.</p>'
     '<p id="par_id5" class="codeintable">This is source</p><p id="par_id6">untranslated, Unübersetzt?</p>'.replace("untranslated, Unübersetzt?", "Unübersetzt untranslated!") +
     '<p id="par_id7">twelve</p><p id="par_id8">This is so long that nobody could have said it in one short word.</p><p id="par_id9">' + "word " * 101 + "</p>")

messages = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n",
            "Dialog|open\4_Open the file": "Datei ö_ffnen", "STR_SAVE\4~Save as": "Speichern ~unter (~S)",
            "STR\4The value of FILE_NAME": "Der Wert von FILE_NAME", "STR_N\4One line\0%1 lines": "Eine Zeile\0%1 Zeilen",
            "STR_P\4About %PRODUCTNAME": "Über %PRODUCTNAME", "a\4OK": "OK"}
for n in range(30):  # each sentence of a page is also a string
    messages[f"ctx{n}\4page {spell(n, english)}: sentence three"] = f"Ein String zu {spell(n, numbers)}"
    messages[f"cty{n}\4A string about {spell(n, english)}"] = f"seite {spell(n, numbers)} satz vier"
keys, at = sorted(messages, key=str.encode), 28 + 16 * len(messages)
table, data = b"", b""
for words in (keys, [messages[key] for key in keys]):
    for word in map(str.encode, words):
        table += struct.pack("<II", len(word), at + len(data))
        data += word + b"\0"
catalogues = pathlib.Path("root/usr/lib/libreoffice/program/resource/de/LC_MESSAGES")
catalogues.mkdir(parents=True)
n = len(keys)
(catalogues / "sw.mo").write_bytes(struct.pack("<7I", 0x950412de, 0, n, 28, 28 + 8 * n, 0, 28 + 16 * n) + table + data)
PYTHON

# ---- What is read and what is left out ----

python3 -B "$scripts/handbook.py" root de corpus --lines 9 > said 2> err || fail "handbook.py: $(cat err)"
for part in train dev test; do paste corpus/$part.de corpus/$part.en; done > all
while read -r line; do
    grep -qxF "${line/ = /$'\t'}" all || fail "there is no '$line'"
done << 'PAIRS'
Die ganze Überschrift in Zeilen = The whole heading in lines
Mit der Strg-Taste geht es & gut. = It works with the Control key & well.
Es öffnet einen Text hier. = It opens a text here.
Der erste Absatz. = The first paragraph.
Der zweite Absatz. = The second paragraph.
Datei öffnen = Open the file
Speichern unter = Save as
Der Wert von FILE_NAME = The value of FILE_NAME
Eine Zeile = One line
Über LibreOffice = About LibreOffice
PAIRS
for word in paragraph$ 'nor this' Deutsch 'source$' untranslated twelve Kurz 'wort wort' '^OK' Charset '%1'; do
    ! grep -qiE "$word" all || [ "$word" = 'paragraph$' ] || fail "what should be left out is there: $(grep -iE "$word" all | head -n 1)"
done
for words in 'odd.html: 1 paragraphs stand in one language only' 'longer than 100 words: 1' 'without a letter: 1' \
    'of lengths that are no translation' 'the same in both languages: 2'; do
    grep -qF "$words" said || fail "'$words' is not said: $(cat said)"
done

# ---- No page and no sentence in two parts ----

[ "$(wc -l < corpus/dev.de)" = 9 ] && [ "$(wc -l < corpus/test.en)" = 9 ] || fail 'dev and test have not as many lines as were asked for'
for language in de en; do
    for part in train dev test; do
        tr -d '.,:' < corpus/$part.$language | tr '[:upper:]' '[:lower:]' | LC_ALL=C sort -u > $part.plain
        sed -nE 's/^(page|seite) (.*) (sentence|satz) .*/\2/p' $part.plain | LC_ALL=C sort -u > $part.pages
    done
    for kind in plain pages; do
        for two in 'dev test' 'train dev' 'train test'; do
            # shellcheck disable=SC2086
            comm -12 ${two% *}.$kind ${two#* }.$kind > common
            [ ! -s common ] || fail "$kind of $two in $language: $(head -n 1 common)"
        done
        [ -s train.$kind ] || fail "no $kind in train"
    done
done
[ "$(grep -c 'A string about\|Ein String' all)" -gt 20 ] || fail 'strings of pages to train on are not there'

# ---- The same bytes whatever the machine ----

cp -r root other
LC_ALL=C PYTHONHASHSEED=7 python3 -B "$scripts/handbook.py" other DE again --lines 9 > out 2> err || fail "again: $(cat err)"
diff -r corpus again > out || fail "the corpus depends on the machine: $(head -n 3 out)"

PYTHONPATH=$scripts python3 -B -c '
import handbook, pathlib
pages, strings = (read(pathlib.Path("root"), "de") for read in (handbook.read_pages, handbook.read_strings))
other = dict(reversed(pages.items()))
assert list(other) != list(pages) and handbook.divide(other, strings, 9) == handbook.divide(pages, strings, 9)' > out 2> err ||
    fail "the corpus depends on the order in which files are found: $(tail -n 1 err)"

# ---- What goes wrong is said ----

ends 'a language that is not there' 1 'nothing of fr in' python3 -B "$scripts/handbook.py" root fr none
ends 'too few pages' 1 'too few pages for 1000 lines' python3 -B "$scripts/handbook.py" root de none
mkdir tools
for tool in cat dirname realpath sed; do ln -s "$(command -v $tool)" tools/$tool; done
ln -s "$(python3 -c 'import sys; print(sys.executable)')" tools/python3
handbook() {  # with no apt, no network, and nothing to build with
    env PATH="$room/tools" "$(command -v bash)" "$scripts/handbook.sh" "$@"
}
ends 'no apt' 1 'libreoffice-help-en-us libreoffice-help-fr libreoffice-l10n-fr' handbook --text-only fr none
ends 'a way that it does not know' 2 '--from knows en alone' handbook --from de
ends 'a word too many' 2 'what is d, behind' handbook a b c d
[ ! -e none ] || fail 'what failed has left a folder'
handbook --help > out
grep -qF 'handbook.sh [--text-only]' out && ! grep -qF 'set -e' out || fail "--help: $(cat out)"

# ---- The corpus alone: with the packages there, neither apt nor a network is asked ----

mkdir mine && mv other mine/packages
for n in $(seq 100); do  # enough pages for dev and test of 1,000 lines
    for language in de en-US; do
        for k in $(seq 30); do echo "<p id=\"par_id$k\">$language von n$n k$k</p>"; done > "mine/packages/usr/share/libreoffice/help/$language/text/$n.html"
    done
done
handbook --text-only --from en de mine > out 2> err || fail "handbook.sh: $(cat out err)"
grep -q 'Mozilla Public License' out || fail 'the licence is not said'
grep -q -- "--train-sets $room/mine/train.en $room/mine/train.de" out || fail "the way is not from English: $(tail -n 1 out)"
[ "$(wc -l < mine/test.de)" = 1000 ] || fail "handbook.sh: $(wc -l < mine/test.de) lines of test"
[ "$(ls mine)" = "$(printf '%s\n' dev.de dev.en packages test.de test.en train.de train.en)" ] || fail "there is also: $(ls mine)"
cp mine/train.en before
rm -r mine/packages
handbook de mine --text-only > out 2> err || fail "handbook.sh, again: $(cat out err)"
same 'the corpus, when it is asked for again' before mine/train.en

# ---- From the text to a score: a tree whose set-up has nothing to do but to put the command in its place ----

mkdir -p tree/build tree/scripts
cp -r "$scripts"/{handbook.sh,handbook.py,near_copies.py,steps.sh,recipes} tree/scripts
cat > tree/scripts/setup.sh << SETUP
#!/bin/sh
ln -sf "$dragoman" build/dragoman
SETUP
chmod +x tree/scripts/setup.sh
cp -r corpus tree/build/handbook-de  # all of whose nine test lines training nearly has, but not these three
for n in eins zwei drei; do echo "Etwas ganz anderes ist in diesem Absatz, nämlich $n."; done >> tree/build/handbook-de/test.de
for n in one two three; do echo "This paragraph is about something else, which is $n."; done >> tree/build/handbook-de/test.en
small=(--vocab-size 120 --dim-emb 16 --dim-ffn 32 --enc-depth 1 --dec-depth 1 --heads 2 --lr-warmup 1 --after 2u)
translator() { bash tree/scripts/handbook.sh "$@" < /dev/null > out 2> err || fail "handbook.sh $*: $(tail -n 5 out err)"; }

translator de --seed 2 "${small[@]}"
model=tree/build/handbook-de-en-seed-2 text=tree/build/handbook-de
[ -s $model/model.safetensors ] && [ "$(wc -l < $model/test.en)" = 12 ] || fail "no model or no translations: $(ls tree/build $model)"
grep -q 'handbook.py' out && fail 'a corpus that is there is made again'
grep -qE '^ *BLEU.*tok:13a' out && grep -q '^ *chrF2' out || fail "no score: $(cat out)"
grep -q 'Up. 2 ' err || fail "not trained as told: $(cat err)"

# The table: all lines, and those with no near copy, whose numbers near.tsv has; their figures are those of score.
figures() { "$dragoman" score --metrics bleu chrf --ref "$1" -- "$2" | sed -E 's/^ *[^ ]* = ([^ ]*).*/\1/' | paste -sd ' '; }
row() { grep "^    $1 " out | grep -oE '[0-9]+ +[-0-9.]+ +[-0-9.]+$' | tr -s ' '; }
cut -f 1 $text/near.tsv | sed 's/$/d/' > delete
sed -f delete $text/test.en > rest.en
sed -f delete $model/test.en > rest.out
expect="12 $(figures $text/test.en $model/test.en)"
[ "$(row all)" = "$expect" ] || fail "of all lines: '$(row all)', not '$expect'"
expect="$(wc -l < rest.en) $(figures rest.en rest.out)"
[ "$(row 'without those of likeness 0.8 or more')" = "$expect" ] || fail "without near copies: not '$expect': $(cat out)"
[ "${expect%% *}" = 3 ] || fail "the made-up pages are no test of near copies: $expect"
expect=$((12 - $(awk '$2 >= 0.9' $text/near.tsv | wc -l)))
[ "$(row 'without those of likeness 0.9 or more' | cut -d ' ' -f 1)" = $expect ] || fail "0.9: not $expect: $(cat out)"
[ "$expect" -gt 3 ] || fail 'the made-up pages are no test of 0.9'
grep -qF "    $(sed -n 8p $text/test.de)" out || fail "no sample: $(tail -n 5 out)"

# bf16 where program and processor can, and as it was begun.
begins_in() { grep -q -- ' train --config .* --precision bf16' out && echo bf16 || echo fp32; }
can=fp32
"$dragoman" bench gemm --precision bf16 --rounds 1 --seconds 0 > /dev/null 2>&1 && can=bf16
[ "$(begins_in)" = $can ] || fail "begun in $(begins_in) where $can is what there is"
cp $model/model.safetensors before
translator de --seed 2 "${small[@]}"
[ "$(begins_in)" = fp32 ] || fail 'a run that goes on is told its precision again'
grep -q 'near_copies.py --' out && fail 'near copies are looked for again'
same 'a run that was at its end' before $model/model.safetensors
DNNL_MAX_CPU_ISA=AVX2 translator --from en de "${small[@]}"
[ "$(begins_in)" = fp32 ] || fail 'begun in bf16 on a processor that has none'
[ -s tree/build/handbook-en-de/test.de ] || fail "the way from English: $(ls tree/build)"
grep -q -- '--train-sets build/handbook-de/train.en build/handbook-de/train.de' out || fail 'not from English'
translator de "$room/corpus" "$room/own" --precision fp32 "${small[@]}"
[ "$(begins_in)" = fp32 ] && [ -s own/test.en ] || fail "a precision and a folder of one's own: $(head -n 5 out)"

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
