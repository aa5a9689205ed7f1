#!/bin/bash
# The words of scripts/g2p.py: which of a dictionary are taken, and on which side. Argument: the command, not needed.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")/../../scripts")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
{
    echo "abbot AE1 B AH0 T"
    echo "o'clock AH0 K L AA1 K"
    echo "read R EH1 D # past"
    echo "read(2) R IY1 D"
    echo "read(3) R IY0 D"  # without stress it is the second one
    for first in {a..z}; do for second in {a..z}; do echo "x$first$second EH1 K S $first" | tr 'a-z' 'A-Z' |
        sed -E "s/^[A-Z]+/x$first$second/"; done; done
} > cmudict.dict
"${PYTHON:-python3}" -B "$here/g2p.py" cmudict.dict text > said || fail "it ends with $?"
[ "$(cat text/{train,dev,test}.letters | sort -u | wc -l)" = $((26 * 26 + 2)) ] || fail "words: $(cat said)"
! grep -q "'" text/*.letters || fail "a word with a sign"
for part in train.sounds dev.sounds test.sounds.1; do
    [ "$(wc -l < text/$part)" = "$(wc -l < "text/${part%%.*}.letters")" ] || fail "$part is not in step"
    ! grep -q '[0-9]' text/$part || fail "$part has stress"
done
for part in "train test" "train dev" "dev test"; do
    set -- $part
    [ -z "$(comm -12 <(sort text/$1.letters) <(sort text/$2.letters))" ] || fail "a word is in $1 and $2"
done
# By hand: FNV-1a of "abbot" modulo 100 is 3, of "read" 1: both are tests, and the one that sounds one way repeats it.
both() { paste text/test.letters text/test.sounds.1 text/test.sounds.2 | grep "^$1"; }
[ "$(both 'a b b o t')" = $'a b b o t\tAE B AH T\tAE B AH T' ] || fail "abbot: $(both 'a b b o t')"
[ "$(both 'r e a d')" = $'r e a d\tR EH D\tR IY D' ] || fail "read: $(both 'r e a d')"
[ ! -e text/test.sounds.3 ] || fail "a pronunciation that differs in stress alone is one of its own"
[ "$(wc -l < text/test.letters)" = 68 ] && [ "$(wc -l < text/dev.letters)" = 12 ] || fail "the sides are of other sizes"
[ $failures = 0 ] && echo 'all as it should be'
