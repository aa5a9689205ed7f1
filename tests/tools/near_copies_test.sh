#!/bin/bash
# scripts/near_copies.py: likenesses worked out by hand, and that none is passed over. Argument: the command, not needed.
. "$(dirname "$0")/common.sh"
scripts=$(realpath "$(dirname "$0")/../../scripts")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1

# Of ten signs without a repetition, ten trigrams with the spaces around; another last sign changes two of them.
while IFS='|' read -r source target; do
    echo "$source" >> train.src
    echo "$target" >> train.trg
done << 'PAIRS'
abcdefghij|nothing of interest
abcdefghijklmnopqrst|nothing else
aaa|bbb
open   the FILE|here is something that nobody translates so
选择要打开的文件类型|Select the file type
another line|The quick brown fox jumps over
abcdefghijklmnopqrst|the same again
PAIRS
while IFS="|" read -r _ source target expected; do
    echo "$source" >> test.src
    echo "$target" >> test.trg
    [ -z "$expected" ] || printf '%d\t%s\n' "$(wc -l < test.src)" "$expected" >> expected
done << PAIRS
8 of 10|abcdefghix|-|0.800000	1	source
6 of 8|bcdefghx|-|
18 of 20|abcdefghijklmnopqrsx|-|0.900000	2	source
16 of 20|abcdefghijklmnopqxsx|-|0.800000	2	source
a bag, not a set: 3 of 3 and 6|aaaaaa|-|
case and spaces|Open the	file|-|1.000000	4	source
nine signs of ten|选择要打开的文件类别|-|0.800000	5	source
the target alone, 27 of 29 and 30|-|the quick brown fox jump over|0.915254	6	target
the better side, not the first one|abcdefghix|Select the file type|1.000000	5	target
both alike: the source|选择要打开的文件类型|Select the file type|1.000000	5	source
nothing|||
PAIRS
"${PYTHON:-python3}" -B "$scripts/near_copies.py" --train train.src train.trg --test test.src test.trg near.tsv > said ||
    fail "it ends with $?"
diff expected near.tsv > difference || fail "wanted and got: $(cat difference)"
grep -qF '8 of 11 test lines (72.7%) have a near copy in training, of likeness 0.8 or more' said &&
    grep -qF '5 of 11 test lines (45.5%) have a near copy in training, of likeness 0.9 or more' said || fail "$(cat said)"

# What rare trigrams and lengths leave to compare is all that there is to find.
PYTHONPATH=$scripts "${PYTHON:-python3}" -B - << 'PYTHON' || fail 'a comparison of all lines with all finds other copies'
import random, near_copies
dice = random.Random(1)
words = ["".join(dice.choice("abcde") for _ in range(dice.randint(1, 4))) for _ in range(30)]
train = [" ".join(dice.choice(words) for _ in range(dice.randint(1, 8))) for _ in range(300)]
test = [list(dice.choice(train)) for _ in range(200)]
for line in test:
    for _ in range(dice.randint(0, 4)):
        line[dice.randrange(len(line))] = dice.choice("abcde ")
test = ["".join(line) for line in test]
found = near_copies.nearest(test, train)
bags = [near_copies.trigrams(line) for line in train]
for line, got in zip(test, found):
    mine = near_copies.trigrams(line)
    all_of_them = [near_copies.likeness(mine, bag) for bag in bags] if mine else [0]
    best = max(all_of_them)
    assert got == ((best, all_of_them.index(best)) if best >= 0.8 else (0, None)), (line, got, best)
assert 50 < sum(number is not None for _, number in found) < 180
PYTHON

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
