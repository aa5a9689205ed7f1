#!/usr/bin/env bash
# Real text on any machine: a translator of LibreOffice's help and the strings of its windows, from nothing but Debian's
# packages libreoffice-help-* and libreoffice-l10n-* to its score and a prompt. None of them is installed, and nothing of
# them is part of this project. The same command again goes on where it stopped.
#   scripts/handbook.sh [--text-only] [--from en] [LANGUAGE [FOLDER [MODEL_FOLDER]]] [OPTION...]
#     --text-only   make the corpus and end: nothing is built, and nobody has to be root
#     --from en     from English, not into it
#     LANGUAGE      as the packages are called: zh-cn (the default), de, fr, ja, pt-br
#     FOLDER        where train, dev and test are written, and the packages unpacked     default: build/handbook-LANGUAGE
#     MODEL_FOLDER  default: handbook-LANGUAGE-en beside FOLDER (handbook-en-LANGUAGE), with -seed-N where --seed N is given
#     OPTION        of train, behind all else: --seed 2
set -euo pipefail
text_only='' from='' names=()
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
        --text-only) text_only=yes ;;
        --from) from=${2:-}; [ "$from" = en ] || { echo "handbook.sh: --from knows en alone" >&2; exit 2; }; shift ;;
        --) shift; break ;;
        -*) break ;;
        *) names+=("$1") ;;
    esac
    shift
done
[ ${#names[@]} -le 3 ] || { echo "handbook.sh: what is ${names[3]}, behind language and folders?" >&2; exit 2; }
options=("$@")
language=${names[0]:-zh-cn}
text=${names[1]:+$(realpath -ms -- "${names[1]}")}
model=${names[2]:+$(realpath -ms -- "${names[2]}")}
cd "$(dirname "$0")/.."
. scripts/steps.sh

text=${text:-build/handbook-$language}
source=$language target=en
[ -z "$from" ] || source=en target=$language
seed=''
[[ " ${options[*]} " =~ " --seed"[\ =]([0-9]+)" " ]] && seed=-seed-${BASH_REMATCH[1]}
model=${model:-${text%/*}/handbook-$source-$target$seed}

# ---- The corpus ----

unpack_packages() (  # into $text/packages, whole or not at all
    packages="libreoffice-help-en-us libreoffice-help-$language libreoffice-l10n-$language"
    if ! command -v apt-get > /dev/null || ! command -v dpkg > /dev/null; then
        cat >&2 << TEXT
handbook.sh: there is no apt-get here. What is needed are these packages of Debian (https://packages.debian.org):
    $packages
Unpack them into one folder, so that there is $text/packages/usr/share/libreoffice/help/en-US, and give this command again.
TEXT
        exit 1
    fi
    if [ "$(id -u)" -eq 0 ] && ! apt-cache show libreoffice-help-en-us > /dev/null 2>&1; then  # a fresh machine
        step apt-get update -q || :
    fi
    mkdir -p "$text"
    new=$(mktemp -d "$text/new.XXXXXX")
    trap 'rm -rf "$new"; rmdir "$text" 2> /dev/null || :' EXIT  # the folder, too, where nothing came
    # shellcheck disable=SC2086
    (cd "$new" && apt-get download -q -o APT::Sandbox::User=root $packages) || {
        echo "handbook.sh: no such packages here, or no network: perhaps the lists are old (apt-get update), or" \
            "there is no language $language (apt-cache search libreoffice-help-)" >&2
        exit 1
    }
    for package in "$new"/*.deb; do dpkg -x "$package" "$new/root"; done
    mv "$new/root" "$text/packages"
)

[ -n "$text_only" ] || scripts/setup.sh
command -v python3 > /dev/null || install_packages python3
if [ ! -f "$text/train.en" ]; then  # written last
    [ -d "$text/packages/usr" ] || unpack_packages
    step python3 -B scripts/handbook.py "$text/packages" "$language" "$text"
fi
cat << TEXT
The text is LibreOffice's, (c) its contributors, under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0);
$text/packages/usr/share/doc has the terms.
TEXT
train=(--train-sets "$text/train.$source" "$text/train.$target" --valid-sets "$text/dev.$source" "$text/dev.$target")
if [ -n "$text_only" ]; then
    printf 'To train on it:\n    build/dragoman train %s --model MODEL\n' "${train[*]}"
    exit
fi

# ---- The translator ----

# A run begins in bf16 where program and processor can: half as fast again, or more. What has begun goes on as it began.
begun=$([[ ! -e $model/config.json || " ${options[*]} " == *" --overwrite "* ]] || echo yes)
if [[ -z $begun && " ${options[*]}" != *" --precision"* ]] &&
    build/dragoman bench gemm --precision bf16 --rounds 1 --seconds 0 > /dev/null 2>&1; then
    options+=(--precision bf16)
fi
step build/dragoman train --config scripts/recipes/handbook.json --model "$model" "${options[@]}" "${train[@]}"
step build/dragoman translate --model "$model" --input "$text/test.$source" --output "$model/test.$target"
step build/dragoman score --metrics bleu chrf --ref "$text/test.$target" -- "$model/test.$target"

# ---- What came of it ----

near=$text/near.tsv
if [ ! "$near" -nt "$text/train.en" ]; then
    step python3 -B scripts/near_copies.py --train "$text/train".{"$source","$target"} \
        --test "$text/test".{"$source","$target"} "$near"
fi
less_like() {  # less_like LIKENESS FILE: the lines that have no copy in training that is as near as that
    awk -v least="$1" 'FILENAME == ARGV[1] { if ($2 >= least) near[$1]; next } !(FNR in near)' "$near" "$2"
}
row() {  # row LIKENESS WHAT
    local lines figures=(- -)
    lines=$(less_like "$1" "$text/test.$target" | wc -l)
    [ "$lines" = 0 ] || mapfile -t figures < <(build/dragoman score --metrics bleu chrf \
        --ref <(less_like "$1" "$text/test.$target") -- <(less_like "$1" "$model/test.$target") |
        sed -E 's/^ *[^ ]+ = ([0-9.]+).*/\1/')
    printf '    %-46s %7s %7s %7s\n' "$2" "$lines" "${figures[@]}"
}
echo
echo "Manuals repeat themselves: without the lines that have a near copy in training (scripts/near_copies.py)"
printf '    %-46s %7s %7s %7s\n' 'test lines' 'lines' 'BLEU' 'chrF'
row 2 'all'
row 0.9 'without those of likeness 0.9 or more'
row 0.8 'without those of likeness 0.8 or more'

echo
echo "Some of the test lines: source, reference, translation"
paste -d '\n' "$text/test.$source" "$text/test.$target" "$model/test.$target" |
    awk 'int((NR - 1) / 3) % 60 == 7 { print "    " $0; if (NR % 3 == 0) print "" }'  # one in sixty: a page has many
if [ -t 0 ] && [ -t 1 ]; then
    echo "Now it is your turn: type a sentence ($source), such as a program's help might have. Ctrl-D or :quit leaves."
    step build/dragoman translate --model "$model"
fi
