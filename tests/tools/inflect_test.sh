#!/bin/bash
# The words of scripts/inflect.py: which of the packages' tables are taken, and on which side. Argument: the command, not needed.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")/../../scripts")
python=${PYTHON:-python3}
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
"$python" -B - << 'PYTHON' || exit 1
import zipfile
with zipfile.ZipFile("nouns.whl", "w") as wheel:
    rows = ["lemma,nominativ singular,nominativ plural", "Haus,Haus,Häuser", "Bank,Bank,Banken", "Bank,Bank,Bänke", "Milch,Milch,",
            "-ant,-ant,-anten"] + [f"{a}{b},X{a}{b},X{a}{b}e" for a in "abcdefghij" for b in "abcdefghij"]
    wheel.writestr("german_nouns/nouns.csv", "\n".join(rows) + "\n")
with zipfile.ZipFile("verbs.whl", "w") as wheel:
    wheel.writestr("pyinflect/infl.csv", "go,V,went,gone,going,goes\ndream,V,dreamed/dreamt,<>,dreaming,dreams\nzip,N,zips\n")
PYTHON
"$python" -B "$here/inflect.py" plurals nouns.whl text > said || fail "it ends with $?: $(cat said)"
[ "$(cat text/{train,dev,test}.word | sort -u | wc -l)" = 101 ] || fail "words: $(cat said)"
[ "$(paste <(cat text/{train,dev,test}.word) <(cat text/{train,dev,test}.form) | grep ^H)" = $'H a u s\tH ä u s e r' ] || fail "Haus: $(grep H text/*)"
for part in train dev test; do
    [ "$(wc -l < text/$part.word)" = "$(wc -l < text/$part.form)" ] && [ -s text/$part.word ] || fail "$part: $(cat said)"
done
"$python" -B "$here/inflect.py" pasts verbs.whl verbs > said || fail "pasts: it ends with $?"
[ "$(cat verbs/*.word | paste - <(cat verbs/*.form))" = $'g o\tw e n t' ] || fail "verbs of one past tense: $(cat verbs/*.word)"
! "$python" -B "$here/inflect.py" futures verbs.whl verbs 2> err && grep -q 'plurals|pasts' err || fail 'a form that it does not know'
[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
