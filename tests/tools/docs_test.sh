#!/bin/bash
# dragoman docs: completion as bash and zsh carry it out, and a man page that can be set without a warning. Argument: the
# command to test.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")")
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
export LC_ALL=C.UTF-8

for format in bash zsh man; do
    "$dragoman" docs $format > $format 2> err || fail "docs $format: $(cat err)"
    [ ! -s err ] || fail "docs $format: something on stderr: $(cat err)"
done
check 'no format' 2 'docs needs FORMAT' "$dragoman" docs
check 'a format that is not there' 2 "no 'fish'|bash, zsh, man" "$dragoman" docs fish
full() { "$dragoman" docs man > /dev/full; }
check 'a full disk' 1 'cannot write the output' full

# ---- Completion: what a line offers, in both shells. A line ends where the tab is pressed. ----

mkdir -p work/sub "work/my model"
touch work/plain.txt "work/a b.txt"
files='a b.txt my model plain.txt sub'
cat > cases <<EOF
dragoman tr => train translate
dragoman --ver => --version
dragoman help sc => score
dragoman translate --m => --max-length-factor --min-length --mini-batch --model
dragoman translate --model m --be => --beam-size
dragoman score --lo => --lowercase
dragoman train --segmenter  => bpe space unigram
dragoman train --segmenter=b => bpe
dragoman train --seed 5 --segmenter u => unigram
dragoman train --optimizer-params 1 2 3 --optimizer a => adam
dragoman train --optimizer-params 1  => 
dragoman train --valid-metrics  => accuracy bleu ce-mean-words cer chrf exact f1 perplexity wer
dragoman train --valid-metrics bleu c => ce-mean-words cer chrf
dragoman train --valid-metrics bleu chrf --vo => --vocab-size
dragoman train -t  => $files
dragoman train -t a  => $files
dragoman train -t a p => plain.txt
dragoman train -t a b -m  => my model sub
dragoman train --quiet --pretrained-model s => sub
dragoman translate --model=s => sub
dragoman translate -m s -i pl => plain.txt
dragoman translate --beam-size  => 
dragoman report --model a b  => my model sub
dragoman rescore -m x a  => $files
dragoman average --model m a b c  => $files
dragoman score --ref  => $files
dragoman score --ref a --ref  => $files
dragoman score --ref a pl => plain.txt
dragoman score --ref a b p => plain.txt
dragoman score --metrics chrf  => a b.txt accuracy aer bleu cer chrf exact f1 my model plain.txt sub ter wer
dragoman score -- pl => plain.txt
dragoman score -- -- => 
dragoman docs  => bash man zsh
dragoman nothing  => 
EOF
sed 's/ => .*//' cases > lines

cat > complete.bash <<'EOF'
# Each line of standard input as readline hands it to the function: = is a word of its own.
source ../bash
IFS= read -r -d '' all
while IFS= read -r line; do
    spaced=${line//=/ = }
    read -r -a COMP_WORDS <<< "$spaced"
    [[ $spaced == *' ' && $line != *= ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _dragoman dragoman "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    mapfile -t sorted < <(((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}" | sort)
    echo "$line => ${sorted[*]}"
done <<< "${all%$'\n'}"
EOF
(cd work && bash --norc ../complete.bash < ../lines > ../got 2> ../err) || fail "completion in bash ends with a failure"
[ ! -s err ] || fail "completion in bash complains: $(cat err)"
diff cases got > difference || fail "completion in bash, wanted and got: $(cat difference)"

if command -v zsh > /dev/null; then
    mkdir functions
    cp zsh functions/_dragoman
    (cd work && TERM=dumb zsh -f "$here/complete.zsh" "$room/functions" "$room" < ../lines | tr -d '\\' |
        sed -E 's/ => +/ => /' > ../got) || fail "completion in zsh ends with a failure"
    diff cases got > difference || fail "completion in zsh, wanted and got: $(cat difference)"
else
    echo "not tested: completion in zsh (there is none here)"
fi

# ---- Everything the help speaks of is there: commands, options, ranges ----

commands=$("$dragoman" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p')
offered() {  # offered LINE: what bash offers there
    (cd work && echo "$1" | bash --norc ../complete.bash | sed 's/.* => //' | tr ' ' '\n' | sort -u)
}
[ "$(offered 'dragoman ' | grep -v -e - -e '^help$')" = "$(sort <<< "$commands")" ] || fail "not all commands are offered"
for command in $commands; do
    "$dragoman" "$command" --help > help
    grep -oE '^ {2,6}(-., )?--[a-z0-9-]+' help | grep -oE -- '--[a-z0-9-]+' | sort > names
    [ "$(wc -l < names)" -ge 2 ] || fail "$command --help shows no options"
    offered "dragoman $command --" > got
    same "the options of $command" names got
    for name in $(cat names); do
        grep -qF -- "[${name}=" zsh || grep -qE -- "[({' ]$name(=|,|['} )])" zsh || fail "zsh does not know $name"
    done
done
# What is typed has minus signs, not hyphens, or it could not be copied from the page.
grep -qF '\fB\-\-train\-sets\fR' man || fail 'options are not set as they are typed'
if command -v groff > /dev/null; then
    groff -man -ww -Tutf8 -P-c -rLL=1000n man > page 2> err || fail "groff fails: $(cat err)"
    [ ! -s err ] || fail "groff warns: $(head -n 3 err)"
    sed 's/.\x08//g' page > text  # without bold
    for command in $commands; do
        grep -qF "dragoman $command " text || fail "the page has no synopsis of $command"
        "$dragoman" "$command" --help | sed -n '/^Examples:/,/^$/p' | grep '^  ' > examples
        while read -r example; do
            grep -qF -- "$example" text || fail "the page does not show '$example'"
        done < examples
    done
    for fact in '--dropout F' 'from 0 to 0.95; default 0.1' '-m, --model DIR' '--learn-rate, --lr F' \
        'unigram, bpe, space; default unigram' 'EXIT STATUS' '130' 'training.safetensors' 'best-NAME.safetensors'; do
        grep -qF -- "$fact" text || fail "the page does not show '$fact'"
    done
else
    echo "not tested: the man page with groff (there is none here)"
fi
if command -v mandoc > /dev/null; then  # a page made of the program has no date
    mandoc -T lint -W warning man | grep -v 'missing date' > lint
    [ ! -s lint ] || fail "mandoc warns: $(head -n 3 lint)"
fi

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
