#!/bin/bash
# scripts/handbook.sh and handbook.py on made-up pages and a made-up catalogue: what is read, what is left out, that no page
# and no sentence is in two parts. Argument: the command to test, which is not asked anything here.
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
for tool in cat dirname realpath; do ln -s "$(command -v $tool)" tools/$tool; done
ln -s "$(python3 -c 'import sys; print(sys.executable)')" tools/python3
ends 'no apt' 1 'libreoffice-help-en-us libreoffice-help-fr libreoffice-l10n-fr' \
    env PATH="$room/tools" "$(command -v bash)" "$scripts/handbook.sh" fr none
ends 'a way that it does not know' 2 '--from knows en alone' bash "$scripts/handbook.sh" --from de
[ ! -e none ] || fail 'what failed has left a folder'

# With the packages there, neither apt nor a network is asked.
mkdir mine && mv other mine/packages
for n in $(seq 100); do  # enough pages for dev and test of 1,000 lines
    for language in de en-US; do
        for k in $(seq 30); do echo "<p id=\"par_id$k\">$language von n$n k$k</p>"; done > "mine/packages/usr/share/libreoffice/help/$language/text/$n.html"
    done
done
env PATH="$room/tools" "$(command -v bash)" "$scripts/handbook.sh" --from en de mine > out 2> err || fail "handbook.sh: $(cat out err)"
grep -q 'Mozilla Public License' out || fail 'the licence is not said'
grep -q -- "--train-sets mine/train.en mine/train.de" out || fail "the way is not from English: $(tail -n 1 out)"
[ "$(wc -l < mine/test.de)" = 1000 ] || fail "handbook.sh: $(wc -l < mine/test.de) lines of test"

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
