#!/bin/bash
# The sentences of scripts/treebank.py: groups become words, and no sentence is on two sides. Argument: the command, not
# needed.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")/../../scripts")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
mkdir data
{
    printf '# sent_id = 1\n# text = Açıklanmayan soruların.\n'
    printf '1\tAçık\taçık\tNOUN\tNN\t_\t2\tig\t_\tSpaceAfter=No\n2\tla\t_\tVERB\tVB\t_\t3\tig\t_\tSpaceAfter=No\n'
    printf '3\tnmayan\t_\tADJ\tVJ\t_\t4\trcmod\t_\t_\n4\tsoruların\tsoru\tNOUN\tNN\t_\t0\troot\t_\tSpaceAfter=No\n'
    printf '5\t.\t.\tPUNCT\t.\t_\t4\tp\t_\t_\n\n'
    for i in {1..300}; do printf '# text = w%d x\n1\tw%d\tw\tNOUN\tNN\t_\t2\tnn\t_\t_\n2\tx y\tx\tVERB\tVB\t_\t0\troot\t_\t_\n\n' $i $i; done
} > data/web.conllu
sed -n '/text = w1 /,$p' data/web.conllu > data/wiki.conllu  # each of these sentences twice
"${PYTHON:-python3}" -B "$here/treebank.py" . text > said || fail "it ends with $?"
[ "$(cat text/{train,dev,test}.words | wc -l)" = 601 ] || fail "sentences: $(cat said)"
[ "$(cat text/{train,dev,test}.words | sort -u | wc -l)" = 301 ] || fail "sentences: $(cat said)"
for part in train dev test; do
    [ -s text/$part.words ] || fail "$part is empty"
    paste -d '\n' text/$part.words text/$part.labels | awk 'NR % 2 { n = NF; next } NF != n { bad = 1 } END { exit bad }' ||
        fail "$part: not one label a word"
done
for part in "train test" "train dev" "dev test"; do
    set -- $part
    [ -z "$(comm -12 <(sort text/$1.words) <(sort text/$2.words))" ] || fail "a sentence is in $1 and $2"
done
both() { paste text/$1.words text/$1.labels; }
{ both train; both dev; both test; } > all
grep -qx $'Açıklanmayan soruların .\tADJ NOUN PUNCT' all || fail "groups: $(grep Açık all)"
grep -qx $'w7 xy\tNOUN VERB' all || fail "a space within a word: $(grep 'w7 ' all)"
# By hand: FNV-1a of "w1 xy" modulo 100.
grep -q '^w1 xy' "text/$(python3 -c "
value = 0xCBF29CE484222325
for byte in b'w1 xy':
    value = (value ^ byte) * 0x100000001B3 % 2**64
print('test' if value % 100 < 10 else 'dev' if value % 100 < 20 else 'train')").words" || fail 'w1 is on another side'
[ $failures = 0 ] && echo 'all as it should be'
exit $((failures > 0))
