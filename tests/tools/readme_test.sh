#!/bin/bash
# The commands of README.md's "Your own translator", one after the other as they stand there, in a folder with a little of
# the toy text: each needs what those before it have left. Argument: the command to test.
. "$(dirname "$0")/common.sh"
root=$(realpath "$(dirname "$0")/../..")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
for part in train dev test; do
    for language in zh en; do head -n 500 "$root/data/toy/$part.$language" > $part.$language; done
done
sed -n '/^## Your own translator/,/^## /s/^    \(dragoman .*\)/\1/p' "$root/README.md" > commands
[ "$(wc -l < commands)" -ge 10 ] || fail "only $(wc -l < commands) commands found in README.md"

dragoman() {  # as README has it, but a small model, and no command that waits for somebody or measures
    case $1 in
        train) "$dragoman" "$@" --vocab-size 600 --dim-emb 16 --dim-ffn 32 --heads 2 --enc-depth 1 --dec-depth 1 --after 5e ;;
        serve | bench) "$dragoman" "$@" --help ;;
        *) "$dragoman" "$@" ;;
    esac
}
while read -r line; do
    eval "$line" < test.zh > out 2> err || fail "$line: $(tail -n 3 err)"
done < commands
for file in test.out zh-en/report.html zh-en/vmap.txt zh-en-int8/model.safetensors; do
    [ -s $file ] || fail "after the commands of README.md there is no $file"
done

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
