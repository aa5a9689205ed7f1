#!/usr/bin/env bash
# dragoman score as a whole program: what it prints, what it refuses, with which exit status. Argument: the command.
set -u
command=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
broken=0

# expect STATUS STREAM TEXT ARGUMENTS...: the exit status, and a text that the stream (out or err) has to hold
expect()
{
    local status=$1 stream=$2 text=$3 result
    shift 3
    "$command" score "$@" >out 2>err
    result=$?
    if [ $result -ne "$status" ] || ! grep -qF -- "$text" "$stream"; then
        echo "score $*: exit status $result instead of $status, or std$stream without: $text"
        cat out err
        broken=1
    fi
}

printf 'the cat sat on the mat .\nhello world\n' >hyp
printf 'the cat sat on a mat .\nhello world\n' >ref
printf 'the cat\n' >short
printf '我爱中国。\n' >chinese
printf 'fine\nbro\xffken\n' >invalid
: >empty
for _ in $(seq 100); do echo 'a@@ b c d .'; done >pieces

sig='nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:dragoman-'
expect 0 out "BLEU|$sig" --ref ref hyp
expect 0 out 'hyp_len = 9 ref_len = 9)' --ref ref hyp
expect 0 out "BLEU|$sig" --ref ref <hyp
expect 0 out "BLEU|$sig" --ref ref - <hyp
expect 0 out "BLEU|$sig" --ref - hyp <ref
expect 0 out '|nrefs:2|' --ref ref --ref hyp hyp
expect 0 out '|case:lc|' --ref ref --lowercase hyp
expect 0 out 'nc:6|nw:0|space:no|' --ref ref --metrics bleu chrf -- hyp
expect 0 out 'chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|' --ref ref --metrics chrf --chrf-word-order 2 hyp
expect 0 out 'TER|nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:' --ref ref --metrics bleu ter -- hyp
expect 0 out ' = 11.1' --ref ref --metrics ter hyp  # one of nine words
expect 0 out ' "smooth": "exp",' --ref ref --json hyp
expect 0 out '|tok:zh|' --ref chinese chinese
expect 0 err 'the references are Chinese' --ref chinese chinese
expect 0 out '|tok:char|' --ref chinese --tok char chinese
expect 0 err 'join the pieces' --ref pieces pieces
expect 0 err 'tokenized text' --ref pieces pieces
expect 1 err 'hyp has 2 lines and short 1' --ref short hyp
expect 1 err 'empty is empty' --ref empty empty
expect 1 err 'absent' --ref absent hyp
expect 1 err 'line 2' --ref ref invalid
expect 1 err '/ is a folder' --ref / hyp
expect 2 err '--ref' hyp
expect 2 err 'standard input can be read only once' --ref - <hyp
expect 2 err 'tok' --ref ref --tok 13b hyp
if [ -e /dev/full ] && "$command" score --ref ref hyp >/dev/full 2>err; then
    echo "a full disk went unnoticed"
    broken=1
fi
exit $broken
