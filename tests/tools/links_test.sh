#!/bin/bash
# The true links of scripts/links.py and scripts/toy_links.py: as many lines as there are pairs, and what they link. Argument:
# the command.
. "$(dirname "$0")/common.sh"
scripts=$(realpath "$(dirname "$0")/../../scripts")
python=${PYTHON:-python3}
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

"$python" -B - << 'PYTHON' || exit 1
import sqlite3
database = sqlite3.connect("lexicon.db")
database.execute("CREATE TABLE g2p_alignments (id INTEGER, word TEXT, alignment TEXT)")
rows = ["s|c|h}ʃ ö}øː n}n", "o}ʔ|oː h}_ r}ɐ̯", "_}ʔ a}a"] + [f"{a}}}{a} {b}}}{b}" for a in "bdfgk" for b in "lmnprs"]
database.executemany("INSERT INTO g2p_alignments VALUES (0, '', ?)", [(row,) for row in rows])
database.commit()
PYTHON
"$python" -B "$scripts/links.py" lexicon.db text > said || fail "links.py ends with $?"
cat text/{train,dev,test}.letters > letters && cat text/{train,dev,test}.sounds > sounds && cat text/{train,dev,test}.links > links
[ "$(wc -l < letters)" = 33 ] || fail "words: $(cat said)"
of() { paste letters sounds links | grep "^$1	"; }
[ "$(of 's c h ö n')" = $'s c h ö n\tʃ øː n\t0-0 1-0 2-0 3-1 4-2' ] || fail "three letters of a sound: $(of 's c h ö n')"
[ "$(of 'o h r')" = $'o h r\tʔ oː ɐ̯\t0-0 0-1 2-2' ] || fail "two sounds of a letter, and a silent one: $(of 'o h r')"
[ "$(of a)" = $'a\tʔ a\t0-1' ] || fail "a sound without a letter: $(of a)"
"$python" -B "$scripts/links.py" lexicon.db fewer 10 > said || fail "links.py with fewer ends with $?"
[ "$(cat fewer/{train,dev,test}.letters | wc -l)" = 10 ] || fail "fewer words: $(cat said)"

"$python" -B - "$scripts" << 'PYTHON' || fail 'the links of the toy corpus'
import sys
sys.path.insert(0, sys.argv[1])
import toy_links
known = toy_links.dictionary()
def seen(zh, en):
    words = toy_links.cut(zh, known), toy_links.words_of(en)
    sure, possible = toy_links.link(*words, known)
    assert not sure & possible
    return words, sure, possible
def wanted(zh, en, cut, links):
    words, sure, _ = seen(zh, en)
    assert words[0] == cut.split(), words[0]
    told = {tuple(map(int, link.split("-"))) for link in links.split()}
    assert sure == told, (zh, sorted(sure), sorted(told))
wanted("我爱中国。", "I love China.", "我 爱 中国 。", "0-0 1-1 2-2 3-3")
wanted("她上个星期一吃了四碗米饭。", "She ate four bowls of rice last Monday.", "她 上个 星期一 吃 了 四 碗 米饭 。",
       "0-0 1-6 2-7 3-1 5-2 6-3 7-5 8-8")
wanted("他比我高吗？", "Is he taller than me?", "他 比 我 高 吗 ？", "0-1 1-3 2-4 3-2 5-5")
wanted("我哥哥是医生", "My older brother is a doctor", "我 哥哥 是 医生", "0-0 1-1 1-2 2-3 3-5")
_, _, may = seen("我哥哥是医生", "My older brother is a doctor")
assert (3, 4) in may and (2, 4) in may and (0, 4) not in may, may  # the article goes with its neighbours'
PYTHON
"$dragoman" score --metrics aer --ref links -- links > said || fail 'links are not what score reads'
grep -q ' = 0.0 ' said || fail "links against themselves: $(cat said)"
[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
